"""Convolution with one filter a channel: nothing is shared between filters, so that a tile would multiply zeros.

    y[c, p, n] = max(floor, bias[c] + sum over taps t of weight[c, t] * x[c, t, p, n])
    dweight[c, t] = sum over positions p, images n of dy[c, p, n] * x[c, reads[t, p], n]

Output and gradient of the input: a thread computes four images of one position of one channel; neighbours have neighbouring images, and
read what others have read out of the cache.  Gradient of the weight: a block adds up one part of the lanes of one channel for TAPS taps,
each thread every THREADS-th four images; then the threads' sums are added in pairs, and the parts by `combine`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np
from numba import cuda, float32

from minicnn.kernels.cpu.convolution.problem import FORWARD, Problem
from minicnn.kernels.cuda.combine import NO_FLOOR, append_combine
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.choice import parts_to_fill
from minicnn.kernels.cuda.convolution.tables import (
    REMEMBERED_TABLES,
    SET_COUNT,
    SET_FIELDS,
    SET_FIRST,
    SET_WEIGHT,
    position_groups,
    reduce_tables,
    weights_of,
)
from minicnn.kernels.cuda.launches import Handle, Launches, append
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.vector import load4, load_images, store_floored

THREADS = 32 if SIMULATED else 128
TAPS = 9  # sums of a thread
SUMS = TAPS * THREADS
READ, FIRST, STOP, WEIGHT, BIAS = range(5)  # of a position: as in tables.py
POSITION_FIELDS = 5

i32 = np.int32


def depthwise_gather(y, x, weight, bias, positions, taps, x_channel, w_channel, b_channel, quads, channels, floor):
    """One thread: four images of a position of a channel.

    y, x, weight, bias : float32, flat
    positions, taps : `position_table`, and as of `gather_tile`
    *_channel : elements from one to the next; b_channel is 0, and the bias zeros, where there is none
    quads : fours of images of a position
    """
    number = i32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    plane = i32(len(positions) // POSITION_FIELDS * quads)
    channel = i32(number // plane)
    if channel < channels:
        inside = i32(number - channel * plane)
        position = i32(inside // quads)
        image = i32((inside - position * quads) * 4)
        own = i32(position * POSITION_FIELDS)
        x_at = channel * x_channel + positions[own + READ] + image
        w_at = channel * w_channel + positions[own + WEIGHT]
        one, two, three, four = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for tap in range(positions[own + FIRST], positions[own + STOP]):
            factor = weight[w_at + taps[2 * tap + 1]]
            a, b, c, d = load4(x, x_at + taps[2 * tap])
            one += factor * a
            two += factor * b
            three += factor * c
            four += factor * d
        start = bias[channel * b_channel + positions[own + BIAS]]
        store_floored(y, number * 4, one + start, two + start, three + start, four + start, floor)


def depthwise_reduce(dweight, dy, x, sets, positions, reads, tap_weights, w_channel, x_channel, images, row, channels, splits):
    """One block: one split of one set's lanes, taps from tap_begin on, of one channel; arguments as of `reduce_tile`."""
    shared = cuda.shared.array(SUMS, float32)
    sums = cuda.local.array(TAPS, float32)
    for t in range(TAPS):
        sums[t] = np.float32(0)
    thread = cuda.threadIdx.x
    taps, position_count = i32(len(tap_weights)), i32(len(positions))
    dy_channel = i32(position_count * row)
    tap_blocks = i32((taps + TAPS - 1) // TAPS)
    turn = i32(cuda.blockIdx.x // tap_blocks)
    tap_begin = i32((cuda.blockIdx.x - turn * tap_blocks) * TAPS)
    part = i32(turn // splits)
    split = i32(turn - part * splits)
    own_set = i32(part // channels)
    channel = i32(part - own_set * channels)
    own_set = i32(own_set * SET_FIELDS)

    # lanes in fours of images; no division in the loop, for a thread goes THREADS of them further each time
    quads = i32(row // 4)
    lanes = sets[own_set + SET_COUNT] * quads
    lane = i32(split * lanes // splits + thread)
    stop = i32((split + 1) * lanes // splits)
    index = i32(sets[own_set + SET_FIRST] + lane // quads)
    quad = i32(lane - lane // quads * quads)
    index_jump = i32(THREADS // quads)
    quad_jump = i32(THREADS - index_jump * quads)
    while lane < stop:
        position = positions[index]
        image = quad * 4
        left = images - image
        g, h, k, l = load_images(dy, channel * dy_channel + position * row + image, left, np.float32(0))
        for t in range(TAPS):
            read = reads[min(tap_begin + t, taps - 1) * position_count + position]  # surplus taps repeat the last and are not written
            if read >= 0:
                a, b, c, d = load_images(x, channel * x_channel + read + image, left, np.float32(0))
                sums[t] += g * a + h * b + k * c + l * d
        lane = i32(lane + THREADS)
        index = i32(index + index_jump)
        quad = i32(quad + quad_jump)
        if quad >= quads:
            quad = i32(quad - quads)
            index = i32(index + 1)

    for t in range(TAPS):
        shared[t * THREADS + thread] = sums[t]
    width = i32(THREADS // 2)
    while width > 0:
        cuda.syncthreads()
        if thread < width:
            for t in range(TAPS):
                shared[t * THREADS + thread] += shared[t * THREADS + thread + width]
        width = i32(width // 2)
    cuda.syncthreads()
    tap = tap_begin + thread
    if thread < TAPS and tap < taps:
        dweight[(split * channels + channel) * w_channel + sets[own_set + SET_WEIGHT] + tap_weights[tap]] = shared[thread * THREADS]


GATHER, REDUCE = Kernel(depthwise_gather, threads=THREADS), Kernel(depthwise_reduce, threads=THREADS)


def append_depthwise_gather(
    launches: Launches, problem: Problem, row: int, result: Handle, source: Handle, weight: Handle, bias: Handle | None, rectify: bool
) -> None:
    """The output, or the gradient of the input."""
    target_shape, source_shape = problem.shapes
    b_channel = 0 if bias is None else prod(problem.tile) if problem.work == FORWARD else 1
    append(
        launches,
        GATHER,
        -(-prod(target_shape) * (row // 4) // THREADS),
        (result, source, weight, launches.table(np.zeros(prod(problem.tile), np.float32)) if bias is None else bias),
        (launches.table(position_table(problem, row)), launches.table(position_groups(problem, row).taps)),
        (prod(source_shape[1:]) * row, weights_of(problem).filter, b_channel),
        (row // 4, problem.channels, 0.0 if rectify else NO_FLOOR),
    )


def append_depthwise_reduce(launches: Launches, problem: Problem, images: int, row: int, dweight: Handle, dy: Handle, x: Handle) -> None:
    """The gradient of the weight; without images, zeros."""
    w_channel, sets = weights_of(problem).filter, prod(problem.tile)
    size, lanes = problem.channels * w_channel, prod(problem.y_shape[1:]) * (row // 4) / sets
    blocks = sets * problem.channels * -(-problem.taps // TAPS)
    splits = parts_to_fill(blocks, lanes / THREADS) if images else 0
    parts = dweight if splits == 1 else launches.scratch(splits * size)
    append(
        launches,
        REDUCE,
        blocks * splits,
        (parts, dy, x),
        tuple(map(launches.table, reduce_tables(problem, row))),
        (w_channel, prod(problem.x_shape[1:]) * row),
        (images, row, problem.channels, splits),
    )
    append_combine(launches, dweight, parts, splits, size)


@lru_cache(REMEMBERED_TABLES)
def position_table(problem: Problem, row: int) -> np.ndarray:
    """What each position reads: POSITION_FIELDS numbers."""
    groups = position_groups(problem, row)
    own = groups.of_position
    fields = (groups.sources, groups.first[own], groups.stop[own], groups.weights[own], groups.biases[own])
    return np.stack(fields, axis=1).astype(np.int32).ravel()
