"""Layers one by one: every pass of every layer of the set, at several batches, against the best formulation in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minicnn.bench import own_layers
from minicnn.bench.equality import all_alike
from minicnn.bench.layer_set import LAYER_SET, LayerCase, Trial
from minicnn.bench.machine import available_bytes
from minicnn.bench.options import Options
from minicnn.bench.records import Note, Row
from minicnn.errors import DeviceError, SettingError
from minicnn.kernels.memory import empty
from minicnn.random import generator

PASS_NAMES = {"forward": "forward", "input": "input gradient", "weight": "weight gradient"}
QUICK_BATCHES = (16,)
COPIES = 8  # of input, output and weight at once: ours, the engine's, PyTorch's in two layouts, and their results


def names(options: Options) -> list[str]:
    """Names of its rows."""
    return [case.name for case in LAYER_SET if not options.quick or case.name.startswith("lenet")]


def rows(options: Options) -> Iterator[Row | Note]:
    """A row for every selected layer, batch and pass."""
    torch = options.torch()
    for case in LAYER_SET:
        if not options.wants(case.name) or case.name not in names(options):
            continue
        missing = own_layers.missing_functions(case.family, [part for part in case.passes if part in options.passes])
        if missing:
            yield Note("kernels", case.name, f"there is no kernels.{', '.join(missing)} yet; the engine's step stands alone")
        for batch in options.batches or (QUICK_BATCHES if options.quick else case.batches):
            yield from case_rows(case, batch, options, torch)


def case_rows(case: LayerCase, batch: int, options: Options, torch: Any) -> Iterator[Row | Note]:
    """The passes of one layer at one batch, on the same arrays."""
    needed, free = COPIES * case.moved_bytes(batch), available_bytes()
    if free is not None and needed > free:
        yield Note("kernels", f"{case.name} at batch {batch}", f"needs {needed / 2**30:.1f} GiB of memory, {free / 2**30:.1f} are free")
        return
    trial = arrays(case, batch)
    for part in case.passes:
        if part in options.passes:
            try:
                yield pass_row(trial, part, options, torch)
            except (SettingError, DeviceError) as error:
                yield Note("kernels", f"{case.name} {PASS_NAMES[part]}", error.headline)


def arrays(case: LayerCase, batch: int) -> Trial:
    """Input, weight and output gradient: normal numbers, the weight scaled so that outputs are about 1."""
    stream = generator(0, "bench", case.name, batch)
    weight = None
    if case.weight_shape is not None:
        weight = _drawn(stream, case.weight_shape)
        weight /= np.float32(np.sqrt(case.terms("forward", batch)))
    return Trial(case, _drawn(stream, (batch, *case.input_shape)), weight, _drawn(stream, (batch, *case.output_shape)))


def _drawn(stream: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal numbers, aligned to a cache line as both libraries align their results."""
    numbers = empty(shape, np.float32)
    stream.standard_normal(out=numbers, dtype=np.float32)
    return numbers


def pass_row(trial: Trial, part: str, options: Options, torch: Any) -> Row:
    """One pass: the function, the engine's step, and every formulation of the peer."""
    case, batch = trial.case, len(trial.x)
    flops = case.flops(batch)
    if options.device == "cpu":
        everyone = own_layers.contestants(trial, part, options.threads)
    else:
        from minicnn.bench import device_layers

        everyone = device_layers.contestants(trial, part, options.device)
    if torch is not None:
        from minicnn.bench.peers import torch_layers
        from minicnn.bench.peers.place import Place

        everyone += torch_layers.contestants(Place(torch, options.device), trial, part)
    if options.device != "cpu":
        everyone = device_layers.queued_alike(everyone, options.device, flops, case.moved_bytes(batch))
    limit = options.tolerance(case.terms(part, batch))
    race = options.protocol.race(everyone, lambda results: all_alike(results, limit))
    return Row(
        "kernels",
        case.name,
        PASS_NAMES[part],
        batch,
        race.timings,
        flops,
        None if flops else case.moved_bytes(batch),
        race.agreement,
        family=case.family,
    )
