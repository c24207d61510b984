"""What a thread does beside scalar arithmetic: 16-byte loads and stores, asynchronous copies, the unrolled outer product.

Here is what each means, in plain Python, which the simulator runs.  For a device, `intrinsics.py` has the instruction of the same name,
and what stands here becomes its `plain`: tests run kernels on a processor with it.

Functions that kernels share are inlined: else they would be compiled for the device at hand, of which there may be none.
Offsets count elements; a vector begins at a multiple of four elements, and so do the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from minicnn.kernels.cuda.runtime import SIMULATED

ALIGNMENT = None if SIMULATED else 16  # bytes, of arrays in shared memory that vectors lie in; the simulator refuses any

Function = Callable[..., Any]


def _instruction(plain: Function, *sizes: int) -> Function:
    """On a device the instruction of the same name, made for such sizes if any are given; it keeps the meaning as `plain`."""
    if SIMULATED:
        return plain
    from minicnn.kernels.cuda import intrinsics

    instruction = getattr(intrinsics, plain.__name__)
    if sizes:
        instruction = instruction(*sizes)
    instruction.plain = plain
    return instruction  # type: ignore[no-any-return]


@_instruction
def load4(array, at):
    """(array[at], ..., array[at + 3])"""
    return array[at], array[at + 1], array[at + 2], array[at + 3]


@_instruction
def store4(array, at, a, b, c, d):
    """array[at : at + 4] = a, b, c, d"""
    array[at] = a
    array[at + 1] = b
    array[at + 2] = c
    array[at + 3] = d


@cuda.jit(device=True, inline="always")
def load_images(array, at, left, middle):
    """load4, less `middle`, and 0 in lanes that no image fills: only the first `left` of four are images."""
    a, b, c, d = load4(array, at)
    zero = np.float32(0)
    return a - middle, b - middle if left > 1 else zero, c - middle if left > 2 else zero, d - middle if left > 3 else zero


@cuda.jit(device=True, inline="always")
def store_floored(array, at, a, b, c, d, floor):
    """store4 of numbers no less than `floor`; not max(), for a device's drops a NaN that a processor keeps."""
    store4(array, at, floor if a < floor else a, floor if b < floor else b, floor if c < floor else c, floor if d < floor else d)


@_instruction
def place(array, at):
    """Somewhere in an array in global memory, for copies to start from."""
    return array, at


@_instruction
def copy4(target, at, place, offset, valid):
    """target[at : at + 4] = the four numbers `offset` from `place` if valid else 0, past the registers, into shared memory.

    Done only after `copies_wait` and a barrier.  With valid = 0 nothing is read, and `offset` may be anything.
    """
    for j in range(4):
        target[at + j] = place[0][place[1] + offset + j] if valid else np.float32(0)


@_instruction
def copy1(target, at, place, offset, valid):
    """One number, likewise."""
    target[at] = place[0][place[1] + offset] if valid else np.float32(0)


@_instruction
def copies_commit():
    """Close the group of the copies begun so far."""


def make_copies_wait(pending):
    """The wait until at most `pending` groups are still under way."""

    def copies_wait():
        pass

    return _instruction(copies_wait, pending)


def make_outer_products(depth, rows, columns, row_gap, column_gap, a_stride, b_stride):
    """The sum  sums[i, j] += a[k, i] * b[k, j]  over all k < depth, for i < rows, j < columns, without a loop.

    Number i of row k of `a` lies at a_at + k*a_stride + i//4*row_gap + i%4: a thread's numbers come in fours, and fours of
    neighbouring threads lie side by side.  `sums` is a local array of rows*columns; as every index is a constant, it stays in registers.
    """

    def outer_products(sums, a, a_at, b, b_at):
        for k in range(depth):
            for i in range(rows):
                left = a[a_at + k * a_stride + i // 4 * row_gap + i % 4]
                for j in range(columns):
                    sums[i * columns + j] += left * b[b_at + k * b_stride + j // 4 * column_gap + j % 4]

    return _instruction(outer_products, depth, rows, columns, row_gap, column_gap, a_stride, b_stride)
