"""Sums over the positions and images of each channel, in two passes: the gradient of a bias, and what a batch's mean is made of.

    y[c, s] = sum over positions p of set s, images n of x[c, p, n]

A block adds up one part of a channel's positions, each thread every THREADS-th four images: the four in float32, the fours in float64,
which costs nothing, for of 16 bytes read two instructions are left in float64: at 4.8 TB/s 0.6e12 a second, of 17e12 that an H200 does
(at 1 TB/s 0.13e12, of 0.6e12 that a card for games does).  Then the threads' sums are added in pairs, and the parts by `combine`.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numba import cuda, float64

from minicnn.kernels.cuda.arguments import append
from minicnn.kernels.cuda.combine import Finish, append_combine
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.choice import parts_to_fill
from minicnn.kernels.cuda.convolution.tables import SET_COUNT, SET_FIELDS, SET_FIRST, position_sets
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.vector import load4

THREADS = 32 if SIMULATED else 256

i32 = np.int32


def row_sums(y, x, sets, positions, images, row, channels, splits, scale):
    """One block: one split of one set of one channel; y (splits, C, sets) float.

    sets, positions : `position_sets`
    images, row : true ones, and those from one position to the next
    """
    shared = cuda.shared.array(THREADS, float64)
    thread = cuda.threadIdx.x
    set_count, x_channel = i32(len(sets) // SET_FIELDS), i32(len(positions) * row)
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
    size = channels * prod(tile)
    splits = parts_to_fill(size, prod(sizes) * row / 4 / prod(tile) / THREADS) if images else 0
    parts, own = (y, scale) if splits == 1 else (launches.scratch(splits * size), 1.0)
    append(launches, ROW_SUMS, size * splits, (parts, x), position_sets(sizes, tile), (images, row, channels, splits, own))
    if splits != 1:
        append_combine(launches, y, parts, splits, size, finish=Finish(scale=scale))


def append_bias_gradient(
    launches: Launches, dbias: Handle, dy: Handle, filters: int, sizes: tuple[int, ...], tile: tuple[int, ...], images: int, row: int
) -> None:
    """dbias, flat (K, *tile), from dy, flat (K, *sizes, row)."""
    append_row_sums(launches, dbias, dy, filters, tuple(sizes), tuple(tile), images, row)
