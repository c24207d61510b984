"""From the loop of the lecture to the engine, a step at a time, on one layer: what each idea brings.

The loops are in `minicnn/kernels/ladder.py`, short enough to be read beside each other; the last two rungs are the engine's own.
Plain Python does one filter on one image, and its rate is taken to hold for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from minicnn.bench.engine_step import EngineStep, batches_in_a_call
from minicnn.bench.equality import relative_error
from minicnn.bench.kernels import arrays
from minicnn.bench.layer_set import LayerCase, Trial, conv
from minicnn.bench.options import Options
from minicnn.bench.protocol import Agreement, Contestant, Timing
from minicnn.bench.records import OURS, Note, Row
from minicnn.bench.rung import Rung
from minicnn.errors import SettingError

LAYERS = (conv("lenet-conv2", (6, 14, 14), 16, 5, (128,)), conv("wide-3x3", (32, 16, 16), 64, 3, (64,)))
QUICK_BATCH = 32
DEVICE_BATCH = 1024  # fewer images do not fill a device


def names(options: Options) -> list[str]:
    """Names of its rows."""
    return [case.name for case in (LAYERS[:1] if options.quick else LAYERS)]


def rows(options: Options) -> Iterator[Row | Note]:
    """A row for every rung of every selected layer."""
    torch = options.torch()
    for case in LAYERS:
        if options.wants(case.name) and case.name in names(options):
            usual = (QUICK_BATCH,) if options.quick else case.batches if options.device == "cpu" else (DEVICE_BATCH,)
            for batch in options.batches or usual:
                if options.device == "cpu":
                    _check_batch(batch)
                yield from climb(arrays(case, batch), options, torch)


def _check_batch(batch: int) -> None:
    """One rung works in whole vectors only."""
    from minicnn.kernels.cpu.lanes.vector import LANES

    if batch % LANES:
        raise SettingError(
            f"bench: the ladder takes vectors of {LANES} images, but the batch is {batch}\n  use {-(-batch // LANES) * LANES}"
        )


def climb(trial: Trial, options: Options, torch: Any) -> Iterator[Row]:
    """All rungs in one race, so that disturbances hit all of them alike."""
    case, batch = trial.case, len(trial.x)
    flops = 2 * case.terms("forward", batch) * prod(trial.dy.shape)
    if options.device == "cpu":
        ladder = rungs(trial, options.threads, flops)
    else:
        from minicnn.bench import device_ladder, device_layers

        ladder = device_ladder.rungs(trial, options.device)
    contestants = [Contestant(f"{OURS} {rung.name}", rung.call, rung.batches) for rung in ladder]
    peers: list[Contestant] = []
    if torch is not None:
        from minicnn.bench.peers import torch_layers
        from minicnn.bench.peers.place import Place

        peers = torch_layers.contestants(Place(torch, options.device), trial, "forward")
    results: list[Any] = []

    def keep(firsts: Iterator[Any]) -> None:
        results.extend(None if each is None else np.array(each) for each in firsts)  # rungs share their arrays

    everyone = [*contestants, *peers]
    if options.device != "cpu":
        everyone = device_layers.queued_alike(everyone, options.device, flops, None)
    timings = options.protocol.race(everyone, keep).timings
    truth = next(each for each in results if each is not None and each.shape == trial.dy.shape)  # the compiled textbook loop
    limit = options.tolerance(case.terms("forward", batch))
    for rung, result, timing in zip(ladder, results, timings, strict=False):
        yield _row(case, batch, rung.name, int(flops * rung.share), timing, _agreement(result, truth, limit), rung.idea)
    if peers:
        best, result = min(zip(timings[len(ladder) :], results[len(ladder) :], strict=True), key=lambda pair: pair[0].median_seconds or 0.0)
        yield _row(
            case,
            batch,
            f"PyTorch ({'channels_last' if best.name.endswith('last') else 'NCHW'})",
            flops,
            best,
            _agreement(result, truth, limit),
            "",
        )


def _row(case: LayerCase, batch: int, name: str, flops: int, timing: Timing, agreement: Agreement | None, idea: str) -> Row:
    return Row("ladder", case.name, name, batch, (timing,), flops, agreement=agreement, remark=idea)


def _agreement(result: Any, truth: np.ndarray, limit: float) -> Agreement | None:
    if result is None:
        return None
    return Agreement(relative_error(result, truth[tuple(slice(size) for size in result.shape)]), limit)


def whole_lines(numbers: np.ndarray) -> np.ndarray:
    """A copy aligned to a cache line, like the engine's memory: if every vector straddles two lines, loads and stores take twice as
    long, and "a lane is an image" runs at 27 instead of 48 GFLOP/s.
    """
    from minicnn.kernels.cpu.program.program import aligned_zeros

    copy = aligned_zeros(numbers.size)[: numbers.size].reshape(numbers.shape)
    copy[...] = numbers
    return copy


def rungs(trial: Trial, threads: int, flops: int) -> list[Rung]:
    """The ladder for one layer."""
    from minicnn.kernels import ladder

    x = trial.x
    weight: Any = trial.weight
    y = np.empty_like(trial.dy)
    in_lanes, y_lanes = whole_lines(x.transpose(1, 2, 3, 0)), whole_lines(y.transpose(1, 2, 3, 0))
    in_order = y_lanes.transpose(3, 0, 1, 2)  # the same numbers, images first
    batches = batches_in_a_call(flops)

    def after(call: Callable[[], Any], result: np.ndarray) -> Callable[[], Any]:
        def both() -> Any:
            call()
            return result

        return both

    def engine(threads: int) -> Callable[[], Any]:
        held: list[EngineStep] = []

        def call() -> Any:
            if not held:
                held.append(EngineStep(trial.case.layer, x, weight, threads, "forward", batches))
                return held[0].output
            return held[0]()

        return call

    one = y[:1, :1].copy()
    found = [
        Rung(
            "textbook loop, plain Python",
            "seven loops, every number an object",
            after(lambda: ladder.textbook(one, x[:1], weight[:1]), one),
            share=1 / (len(x) * len(weight)),
        ),
        Rung("textbook loop, compiled", "the same source through Numba", after(lambda: ladder.compiled(y, x, weight), y)),
        Rung("loops reordered", "columns innermost: LLVM computes several at once", after(lambda: ladder.reordered(y, x, weight), y)),
        Rung(
            "a lane is an image",
            "images innermost: full vectors for every variant",
            after(lambda: ladder.lanes(y_lanes, in_lanes, weight), in_order),
        ),
        Rung(
            "sum in a register",
            "explicit vectors, y written once; but each addition waits for the one before it",
            after(lambda: ladder.one_sum(y_lanes.reshape(-1), in_lanes.reshape(-1), weight, in_lanes.shape), in_order),
        ),
        Rung(
            "24 sums in registers",
            "none waits for another, and every number loaded serves 4 or 6 of them",
            after(lambda: ladder.many_sums(y_lanes.reshape(-1), in_lanes.reshape(-1), weight, in_lanes.shape), in_order),
        ),
        Rung("register tile", "the same instruction by instruction, none left to the compiler", engine(1), batches=batches),
    ]
    if threads > 1:
        found.append(Rung(f"{threads} threads", "each its own images", engine(threads), batches=batches))
    return found
