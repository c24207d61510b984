"""Measuring kernels, training, inference, memory and starts, against other libraries if requested.

    from minicnn import bench
    for row in bench.run("train", bench.Options(threads=2, against=("torch",))):
        print(row)

Everything here returns records; the command line draws them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

from minicnn.bench.curve import MOST_RISE, Cliff, Curve, Looks
from minicnn.bench.machine import Watch, better, measure_machine, pinned, processors
from minicnn.bench.means import STEP, Mean, geometric_mean, means
from minicnn.bench.measured import measured
from minicnn.bench.options import PASSES, PEERS, QUICK, TORCH, Options
from minicnn.bench.process_records import CACHED_SECONDS, COLD_SECONDS, LEAST_RATIO, Footprint, Launch, Memory, Start
from minicnn.bench.protocol import Agreement, Contestant, Protocol, Race, Timing
from minicnn.bench.records import OURS, Machine, Note, Row, row_record
from minicnn.errors import SettingError

SUITES = ("train", "infer", "kernels", "ladder", "memory", "starts")
ON_DEVICES = ("train", "infer", "kernels", "ladder")
CURVED = ("train", "infer")
Record = Row | Curve | Memory | Start | Note

__all__ = [
    "CACHED_SECONDS",
    "COLD_SECONDS",
    "CURVED",
    "LEAST_RATIO",
    "MOST_RISE",
    "OURS",
    "PASSES",
    "PEERS",
    "QUICK",
    "STEP",
    "SUITES",
    "Agreement",
    "Cliff",
    "Contestant",
    "Curve",
    "Footprint",
    "Launch",
    "Looks",
    "Machine",
    "Mean",
    "Memory",
    "Note",
    "Options",
    "Protocol",
    "Race",
    "Record",
    "Row",
    "Start",
    "Timing",
    "better",
    "geometric_mean",
    "means",
    "measure_machine",
    "measured",
    "names",
    "pinned",
    "processors",
    "row_record",
    "run",
    "serves",
]


def names(suite: str, options: Options) -> list[str]:
    """The names of the rows of a suite."""
    found: list[str] = _suite(suite).names(options)
    return found


def serves(suite: str, options: Options) -> bool:
    """Whether a suite measures what is asked: with such a peer, on such a device, a curve."""
    return _refusal(suite, options) is None


def run(suite: str, options: Options) -> Iterator[Record]:
    """Measure one suite, a row at a time; of the peers, those that can do its work.

    Raises
    ------
    SettingError
        If there is no such suite, not on that device, not with these peers, or a requested peer is not installed.
    """
    refusal = _refusal(suite, options)
    if refusal is not None:
        raise SettingError(refusal)
    rows = _suite(suite).rows(options)
    if options.device != "cpu":  # whose time does not depend on the processors' other work
        yield from rows
        return
    watch = Watch(options.threads)
    for each in rows:
        yield replace(each, rest=watch.rest()) if isinstance(each, Row | Curve | Start) else each


def _refusal(suite: str, options: Options) -> str | None:
    """Why a suite does not measure that; None if it does."""
    if options.device != "cpu" and suite not in ON_DEVICES:
        return f"bench: {suite} measures processes on the CPU\n  leave out --device, or choose from {', '.join(ON_DEVICES)}"
    if options.curve and suite not in CURVED:
        return f"bench: {suite} has no curve over the batch\n  leave out --curve, or choose from {', '.join(CURVED)}"
    if options.against and suite != "infer" and not set(options.against) & set(TORCH):
        return (
            f"bench: {suite} is not what {' and '.join(options.against)} does: it runs networks forward\n  use 'infer', or --against torch"
        )
    return None


def _suite(name: str) -> ModuleType:
    if name not in SUITES:
        raise SettingError(f"bench: there is no suite called {name!r}: choose from {', '.join(SUITES)}")
    return importlib.import_module(f"minicnn.bench.{name}")
