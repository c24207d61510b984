"""Sums over the positions and images of each channel, in two passes: the gradient of a bias, and what a batch's mean is made of.

    y[c, s] = sum over positions p of set s, images n of x[c, p, n]

A block adds up one part of a channel's positions, each thread every THREADS-th four images: the four in float32, the fours in float64,
which costs nothing, for of 16 bytes read two instructions are left in float64: at 4.8 TB/s 0.6e12 a second, of 17e12 that an H200 does
(at 1 TB/s 0.13e12, of 0.6e12 that a card for games does).  Then the threads' sums are added in pairs, and the parts by `combine`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numba import cuda, float64

from minicnn.kernels.cuda.arguments import Float32, Floats, Int32, Integers, append
from minicnn.kernels.cuda.combine import append_combine
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.choice import parts_to_fill
from minicnn.kernels.cuda.convolution.tables import SET_COUNT, SET_FIELDS, SET_FIRST, position_sets
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.vector import load4

THREADS = 32 if SIMULATED else 256

i32 = np.int32


class RowSums(NamedTuple):
    """What a launch of `row_sums` is given.

    sets, positions : from `tables.py`; positions of a channel that are added together
    images, row : true ones, and those from one position to the next
    scale : of the sums
    """

    y: Floats
    x: Floats
    sets: Integers
    positions: Integers
    x_channel: Int32
    set_count: Int32
    images: Int32
    row: Int32
    channels: Int32
    splits: Int32
    scale: Float32


def row_sums(y, x, sets, positions, x_channel, set_count, images, row, channels, splits, scale):
    """See `RowSums`.  One block adds up one split of one set of one channel; y[split, c, s] are the parts."""
    shared = cuda.shared.array(THREADS, float64)
    thread = cuda.threadIdx.x
    part = i32(cuda.blockIdx.x // splits)
    split = i32(cuda.blockIdx.x - part * splits)
    channel = i32(part // set_count)
    own_set = i32((part - channel * set_count) * SET_FIELDS)

    # no division in the loop, for a thread goes THREADS fours further each time
    quads = i32(row // 4)
    lanes = sets[own_set + SET_COUNT] * quads
    lane = i32(split * lanes // splits + thread)
    stop = i32((split + 1) * lanes // splits)
    index = i32(sets[own_set + SET_FIRST] + lane // quads)
    quad = i32(lane - lane // quads * quads)
    index_jump = i32(THREADS // quads)
    quad_jump = i32(THREADS - index_jump * quads)
    total = np.float64(0)
    while lane < stop:
        one, two, three, four = load4(x, channel * x_channel + positions[index] * row + quad * 4)
        left = images - quad * 4
        if left > 1:
            one += two
        if left > 2:
            one += three
        if left > 3:
            one += four
        total += one
        lane = i32(lane + THREADS)
        index = i32(index + index_jump)
        quad = i32(quad + quad_jump)
        if quad >= quads:
            quad = i32(quad - quads)
            index = i32(index + 1)

    shared[thread] = total
    width = i32(THREADS // 2)
    while width > 0:
        cuda.syncthreads()
        if thread < width:
            shared[thread] += shared[thread + width]
        width = i32(width // 2)
    if thread == 0:
        y[split * channels * set_count + part] = np.float32(shared[0] * scale)


ROW_SUMS = Kernel(row_sums, threads=THREADS)


def append_row_sums(
    launches: Launches,
    y: Handle,
    x: Handle,
    channels: int,
    sizes: tuple[int, ...],
    tile: tuple[int, ...],
    images: int,
    row: int,
    scale: float = 1.0,
) -> None:
    """y[c, s] = scale * the sum over true images and the positions p of x with p mod tile = s; without any, zeros.

    x : flat, (C, *sizes, row)
    y : flat, (C, *tile)
    """
    if images == 0:
        append_combine(launches, y, y, 0, channels * prod(tile))
        return
    sets, positions = position_sets(sizes, tile)
    set_count, plane = prod(tile), prod(sizes) * row
    splits = parts_to_fill(channels * set_count, plane / 4 / set_count / THREADS)
    whole = splits == 1
    arguments = RowSums(
        y=y if whole else launches.scratch(splits * channels * set_count),
        x=x,
        sets=launches.table(sets),
        positions=launches.table(positions),
        x_channel=plane,
        set_count=set_count,
        images=images,
        row=row,
        channels=channels,
        splits=splits,
        scale=scale if whole else 1.0,
    )
    append(launches, ROW_SUMS, channels * set_count * splits, arguments)
    if not whole:
        append_combine(launches, y, arguments.y, splits, channels * set_count, scale)


def append_bias_gradient(
    launches: Launches, dbias: Handle, dy: Handle, filters: int, sizes: tuple[int, ...], tile: tuple[int, ...], images: int, row: int
) -> None:
    """dbias, flat (K, *tile), from dy, flat (K, *sizes, row)."""
    append_row_sums(launches, dbias, dy, filters, tuple(sizes), tuple(tile), images, row)
