"""Measuring: kernels, training and inference, against PyTorch where it is asked for.

    from minicnn import bench
    for row in bench.run("train", bench.Options(threads=2, against="torch")):
        print(row)

Everything here returns records; the command line draws them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from minicnn.bench.machine import better, measure_machine, pinned, processors
from minicnn.bench.options import PASSES, PEERS, QUICK, Options
from minicnn.bench.protocol import Agreement, Contestant, Protocol, Race, Timing
from minicnn.bench.records import OURS, Machine, Note, Row, geometric_mean, row_record
from minicnn.errors import SettingError

SUITES = ("kernels", "train", "infer", "ladder")

__all__ = [
    "OURS", "PASSES", "PEERS", "QUICK", "SUITES", "Agreement", "Contestant", "Machine", "Note", "Options", "Protocol", "Race", "Row",
    "Timing", "better", "geometric_mean", "measure_machine", "pinned", "processors", "row_record", "run",
]


def run(suite: str, options: Options) -> Iterator[Row | Note]:
    """Measure one suite, a row at a time.

    Raises
    ------
    SettingError
        If there is no such suite, or a peer that is asked for is not installed.
    """
    if suite not in SUITES:
        raise SettingError(f"bench: there is no suite called {suite!r}: known are {', '.join(SUITES)}")
    rows: Iterator[Row | Note] = importlib.import_module(f"minicnn.bench.{suite}").rows(options)
    return rows
