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
from typing import NamedTuple

import numpy as np
from numba import cuda, float32

from minicnn.kernels.cpu.convolution.problem import FORWARD, Problem
from minicnn.kernels.cuda.arguments import Float32, Floats, Int32, Integers, append
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
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.vector import load4, store4

THREADS = 32 if SIMULATED else 128
TAPS = 9  # sums of a thread
SUMS = TAPS * THREADS
READ, FIRST, STOP, WEIGHT, BIAS = range(5)  # of a position: as in tables.py
POSITION_FIELDS = 5

i32 = np.int32


class ChannelGathered(NamedTuple):
    """What a launch of `depthwise_gather` is given.

    positions : POSITION_FIELDS a position; taps : as of `gather_tile`
    x_channel, w_channel, b_channel : elements from one to the next; b_channel is 0, and the bias one zero, where there is none
    quads : fours of images of a position
    """

    y: Floats
    x: Floats
    weight: Floats
    bias: Floats
    positions: Integers
    taps: Integers
    x_channel: Int32
    w_channel: Int32
    b_channel: Int32
    quads: Int32
    position_count: Int32
    channels: Int32
    floor: Float32


def depthwise_gather(y, x, weight, bias, positions, taps, x_channel, w_channel, b_channel, quads, position_count, channels, floor):
    """See `ChannelGathered`."""
    number = i32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    plane = i32(position_count * quads)
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
        one += start
        two += start
        three += start
        four += start
        store4(
            y,
            number * 4,
            floor if one < floor else one,  # not max(): a device's drops a NaN that a processor keeps
            floor if two < floor else two,
            floor if three < floor else three,
            floor if four < floor else four,
        )


class ChannelReduced(NamedTuple):
    """What a launch of `depthwise_reduce` is given; as `Reduced` of `reduce_tile`."""

    dweight: Floats
    dy: Floats
    x: Floats
    sets: Integers
    positions: Integers
    reads: Integers
    tap_weights: Integers
    w_channel: Int32
    w_split: Int32
    dy_channel: Int32
    x_channel: Int32
    position_count: Int32
    taps: Int32
    images: Int32
    row: Int32
    channels: Int32
    splits: Int32


def depthwise_reduce(
    dweight,
    dy,
    x,
    sets,
    positions,
    reads,
    tap_weights,
    w_channel,
    w_split,
    dy_channel,
    x_channel,
    position_count,
    taps,
    images,
    row,
    channels,
    splits,
):
    """See `ChannelReduced`.  One block adds up one split of one set's lanes, for taps from tap_begin on, of one channel."""
    shared = cuda.shared.array(SUMS, float32)
    sums = cuda.local.array(TAPS, float32)
    for t in range(TAPS):
        sums[t] = np.float32(0)
    thread = cuda.threadIdx.x
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
        g, h, k, l = load4(dy, channel * dy_channel + position * row + image)
        for t in range(TAPS):
            read = reads[min(tap_begin + t, taps - 1) * position_count + position]  # surplus taps repeat the last and are not written
            if read >= 0:
                a, b, c, d = load4(x, channel * x_channel + read + image)
                sums[t] += g * a
                if left > 1:
                    sums[t] += h * b
                if left > 2:
                    sums[t] += k * c
                if left > 3:
                    sums[t] += l * d
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
        dweight[split * w_split + channel * w_channel + sets[own_set + SET_WEIGHT] + tap_weights[tap]] = shared[thread * THREADS]


GATHER, REDUCE = Kernel(depthwise_gather, threads=THREADS), Kernel(depthwise_reduce, threads=THREADS)


def append_depthwise_gather(
    launches: Launches, problem: Problem, row: int, result: Handle, source: Handle, weight: Handle, bias: Handle | None, rectify: bool
) -> None:
    """The output, or the gradient of the input."""
    target_shape, source_shape = problem.shapes
    forward = problem.work == FORWARD
    arguments = ChannelGathered(
        y=result,
        x=source,
        weight=weight,
        bias=launches.table(np.zeros(1, np.float32)) if bias is None else bias,
        positions=launches.table(position_table(problem, row)),
        taps=launches.table(np.ascontiguousarray(position_groups(problem, row).taps, np.int32).ravel()),
        x_channel=prod(source_shape[1:]) * row,
        w_channel=weights_of(problem).filter,
        b_channel=0 if bias is None else prod(problem.tile) if forward else 1,
        quads=row // 4,
        position_count=prod(target_shape[1:]),
        channels=problem.channels,
        floor=0.0 if rectify else NO_FLOOR,
    )
    append(launches, GATHER, -(-prod(target_shape) * (row // 4) // THREADS), arguments)


def append_depthwise_reduce(launches: Launches, problem: Problem, images: int, row: int, dweight: Handle, dy: Handle, x: Handle) -> None:
    """The gradient of the weight; without images, zeros."""
    weights, tables = weights_of(problem), reduce_tables(problem, row)
    size, plane = problem.filters * weights.filter, prod(problem.y_shape[1:]) * (row // 4)
    blocks = tables.set_count * problem.channels * -(-problem.taps // TAPS)
    splits = parts_to_fill(blocks, plane / tables.set_count / THREADS)
    if images == 0:
        append_combine(launches, dweight, dweight, 0, size)
        return
    arguments = ChannelReduced(
        dweight=dweight if splits == 1 else launches.scratch(splits * size),
        dy=dy,
        x=x,
        sets=launches.table(tables.sets),
        positions=launches.table(tables.positions),
        reads=launches.table(tables.reads),
        tap_weights=launches.table(tables.tap_weights),
        w_channel=weights.filter,
        w_split=size,
        dy_channel=plane * 4,
        x_channel=prod(problem.x_shape[1:]) * row,
        position_count=len(tables.positions),
        taps=problem.taps,
        images=images,
        row=row,
        channels=problem.channels,
        splits=splits,
    )
    append(launches, REDUCE, blocks * splits, arguments)
    if splits > 1:
        append_combine(launches, dweight, arguments.dweight, splits, size)


@lru_cache(REMEMBERED_TABLES)
def position_table(problem: Problem, row: int) -> np.ndarray:
    """What each position reads: POSITION_FIELDS numbers."""
    groups = position_groups(problem, row)
    own = groups.of_position
    fields = (groups.sources, groups.first[own], groups.stop[own], groups.weights[own], groups.biases[own])
    return np.stack(fields, axis=1).astype(np.int32).ravel()
