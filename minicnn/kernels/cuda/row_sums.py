"""Sums over positions and images of each channel, in two passes: gradients of a bias, and what batch normalization adds up.

    SUM         y[c, s] = sum over positions p of set s, images n of x[c, p, n]
    SQUARES     y[c] = sum of (x - mean[c])**2
    GRADIENTS   y[0, c] = sum of dy,   y[1, c] = sum of dy * (x - mean[c])

A block adds up one part of the positions of a channel, each thread every THREADS-th four images: the four in float32, the fours in
float64, which costs nothing: of 16 bytes that are read two instructions are left in float64.  At 4.8 TB/s these are 0.6e12 a second, of
17e12 that an H200 does; at 1 TB/s 0.13e12, of 0.6e12 that a card for games does.  Then the threads' sums are added in pairs, and the parts
by `combine`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numba import cuda, float64

from minicnn.kernels.cuda.combine import append_combine
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.choice import parts_to_fill
from minicnn.kernels.cuda.convolution.tables import SET_COUNT, SET_FIELDS, SET_FIRST, position_sets
from minicnn.kernels.cuda.launches import Handle, Launches, Shape, append
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.vector import load_images

SUM, SQUARES, GRADIENTS = range(3)
THREADS = 32 if SIMULATED else 256
PAIR = 2 * THREADS

i32 = np.int32


class Layout(NamedTuple):
    """How the numbers of a channel lie, (C, *sizes, row): `images` of each `row` are true ones."""

    channels: int
    sizes: Shape
    images: int
    row: int

    @property
    def numbers(self) -> int:
        """True numbers of a channel."""
        return prod(self.sizes) * self.images

    @property
    def quads(self) -> int:
        """Fours of a channel."""
        return prod(self.sizes) * (self.row // 4)


@lru_cache
def sums_kernel(kind: int) -> Kernel:
    """The kernel for one kind of sums."""
    ROWS = 2 if kind == GRADIENTS else 1

    def row_sums(y, dy, x, mean, sets, positions, images, row, channels, splits, scale):
        """One block: one split of one set of one channel; y (splits, ROWS, C, sets) float.

        dy, mean : x itself where there is none
        sets, positions : `position_sets`
        images, row : true ones, and those from one position to the next
        """
        shared = cuda.shared.array(PAIR, float64)
        thread = cuda.threadIdx.x
        set_count, x_channel = i32(len(sets) // SET_FIELDS), i32(len(positions) * row)
        part = i32(cuda.blockIdx.x // splits)
        split = i32(cuda.blockIdx.x - part * splits)
        channel = i32(part // set_count)
        own_set = i32((part - channel * set_count) * SET_FIELDS)
        zero = np.float32(0)
        middle = zero if kind == SUM else mean[channel]

        # no division in the loop, for a thread goes THREADS fours further each time
        quads = i32(row // 4)
        lanes = sets[own_set + SET_COUNT] * quads
        lane = i32(split * lanes // splits + thread)
        stop = i32((split + 1) * lanes // splits)
        index = i32(sets[own_set + SET_FIRST] + lane // quads)
        quad = i32(lane - lane // quads * quads)
        index_jump = i32(THREADS // quads)
        quad_jump = i32(THREADS - index_jump * quads)
        plain, weighted = np.float64(0), np.float64(0)
        while lane < stop:
            at = channel * x_channel + positions[index] * row + quad * 4
            left = images - quad * 4
            a, b, c, d = load_images(x, at, left, middle)
            if kind == SUM:
                plain += a + b + c + d
            elif kind == SQUARES:
                plain += a * a + b * b + c * c + d * d
            else:
                g, h, k, l = load_images(dy, at, left, zero)
                plain += g + h + k + l
                weighted += g * a + h * b + k * c + l * d
            lane = i32(lane + THREADS)
            index = i32(index + index_jump)
            quad = i32(quad + quad_jump)
            if quad >= quads:
                quad = i32(quad - quads)
                index = i32(index + 1)

        shared[thread] = plain
        shared[THREADS + thread] = weighted
        width = i32(THREADS // 2)
        while width > 0:
            cuda.syncthreads()
            if thread < width:
                shared[thread] += shared[thread + width]
                shared[THREADS + thread] += shared[THREADS + thread + width]
            width = i32(width // 2)
        cuda.syncthreads()
        if thread < ROWS:
            y[(split * ROWS + thread) * channels * set_count + part] = np.float32(shared[thread * THREADS] * scale)

    return Kernel(row_sums, threads=THREADS)


def append_row_sums(
    launches: Launches, kind: int, y: Handle, arrays: tuple[Handle, ...], layout: Layout, tile: Shape = (), scale: float = 1.0
) -> None:
    """Write scale * the sums over true images and, for each s, the positions p with p mod tile = s; without any, zeros.

    y : flat, (C, *tile), of GRADIENTS (2, C)
    arrays : dy, x, as the layout says, and mean (C,); x in the place of what the kind does not ask for
    """
    channels, sizes, images, row = layout
    tile = tile or (1,) * len(sizes)
    sets, size = prod(tile), channels * prod(tile) * (2 if kind == GRADIENTS else 1)
    splits = parts_to_fill(channels * sets, layout.quads / sets / THREADS) if images else 0
    parts, own = (y, scale) if splits == 1 else (launches.scratch(splits * size), 1.0)
    tables = tuple(map(launches.table, position_sets(sizes, tile)))
    append(launches, sums_kernel(kind), channels * sets * splits, (parts, *arrays), tables, (images, row, channels, splits, own))
    append_combine(launches, y, parts, splits, size, scale=scale)


def append_bias_gradient(launches: Launches, dbias: Handle, dy: Handle, layout: Layout, tile: Shape) -> None:
    """dbias, flat (K, *tile), from dy."""
    append_row_sums(launches, SUM, dbias, (dy, dy, dy), layout, tile)
