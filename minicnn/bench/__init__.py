"""Measuring kernels, training, inference, memory and starts, against PyTorch if requested.

    from minicnn import bench
    for row in bench.run("train", bench.Options(threads=2, against="torch")):
        print(row)

Everything here returns records; the command line draws them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

from minicnn.bench.machine import Watch, better, measure_machine, pinned, processors
from minicnn.bench.means import STEP, Mean, geometric_mean, means
from minicnn.bench.measured import measured
from minicnn.bench.options import PASSES, PEERS, QUICK, Options
from minicnn.bench.process_records import CACHED_SECONDS, COLD_SECONDS, LEAST_RATIO, Footprint, Launch, Memory, Start
from minicnn.bench.protocol import Agreement, Contestant, Protocol, Race, Timing
from minicnn.bench.records import OURS, Machine, Note, Row, row_record
from minicnn.errors import SettingError

SUITES = ("train", "infer", "kernels", "ladder", "memory", "starts")
ON_DEVICES = ("train", "infer", "kernels", "ladder")
Record = Row | Memory | Start | Note

__all__ = [
    "CACHED_SECONDS",
    "COLD_SECONDS",
    "LEAST_RATIO",
    "OURS",
    "PASSES",
    "PEERS",
    "QUICK",
    "STEP",
    "SUITES",
    "Agreement",
    "Contestant",
    "Footprint",
    "Launch",
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
]


def names(suite: str, quick: bool = False) -> list[str]:
    """The names of the rows of a suite."""
    found: list[str] = _suite(suite).names(quick)
    return found


def run(suite: str, options: Options) -> Iterator[Record]:
    """Measure one suite, a row at a time.

    Raises
    ------
    SettingError
        If there is no such suite, not on that device, or the requested peer is not installed.
    """
    if options.device != "cpu" and suite not in ON_DEVICES:
        raise SettingError(f"bench: {suite} measures processes on the CPU\n  leave out --device, or choose from {', '.join(ON_DEVICES)}")
    rows = _suite(suite).rows(options)
    if options.device != "cpu":  # whose time does not depend on the processors' other work
        yield from rows
        return
    watch = Watch(options.threads)
    for each in rows:
        yield replace(each, rest=watch.rest()) if isinstance(each, Row | Start) else each


def _suite(name: str) -> ModuleType:
    if name not in SUITES:
        raise SettingError(f"bench: there is no suite called {name!r}: choose from {', '.join(SUITES)}")
    return importlib.import_module(f"minicnn.bench.{name}")
