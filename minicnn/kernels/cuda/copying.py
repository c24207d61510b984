"""Copies and sums of values that lie alike."""

from __future__ import annotations

from minicnn.kernels import textbook
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Handle, Launches, blocks_for
from minicnn.kernels.cuda.memory import COPY


def append_copy(launches: Launches, y: Handle, x: Handle) -> None:
    """y = x, both flat."""
    blocks, threads = blocks_for(y.size)
    launches.launch(COPY, blocks, y, x, threads=threads)


def append_add(launches: Launches, y: Handle, x: Handle) -> None:
    """y += x, both flat."""
    append_loop(launches, textbook.add_forward, {"y": y, "x1": y, "x2": x}, single=True)
