"""Copies and sums of values that lie alike."""

from __future__ import annotations

from numba import cuda

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches, blocks_for


def copy_loop(y, x):  # type: ignore[no-untyped-def]
    """y = x"""
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] = x[i]


def add_loop(y, x):  # type: ignore[no-untyped-def]
    """y += x"""
    for i in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[i] += x[i]


COPY, ADD = Kernel(copy_loop), Kernel(add_loop)


def append_copy(launches: Launches, y: Handle, x: Handle) -> None:
    """y = x, both flat."""
    blocks, threads = blocks_for(y.size)
    launches.launch(COPY, blocks, y, x, threads=threads)


def append_add(launches: Launches, y: Handle, x: Handle) -> None:
    """y += x, both flat."""
    blocks, threads = blocks_for(y.size)
    launches.launch(ADD, blocks, y, x, threads=threads)
