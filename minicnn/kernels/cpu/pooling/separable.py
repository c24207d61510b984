"""Windows of which each axis is gone through in turn: weighted sums of pixels, and the largest of them.

    y[o,p,q] = sum over d,h,w of a[o,d] * b[p,h] * c[q,w] * x[d,h,w]

Average and Gaussian pooling, upsampling and the gradients of all of these; the largest number, where nobody asks for its position.  For
one row of targets the rows of x that it reads are put together into a single row, a stretch of memory walked vector by vector; then its
pixels are.  R + S reads for a window of R x S instead of R * S, and the tables are asked once a row.  AlexNet's first max pooling (3 x 3,
stride 2, 64 images, one thread) takes 9.1 ms so and 11.3 ms by a walk over whole windows, one of 5 x 5 and stride 1 takes 21 and 61 ms.

Where images fill no vector, lanes run over the columns of the targets that read alike, one or two pixels after each other: the same pooling
of one image in a network, two threads, takes 66 microseconds, where a walk over windows of one lane took 920.  Average pooling (3 x 3,
stride 1) of one image of 96 maps of 55 x 55 takes 0.65 milliseconds with loading it, and took 1.9.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.shuffle import evens
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, multiply_add, select, splat, store, store_first
from minicnn.kernels.cpu.pooling.windows import Axes, Channels, read_axes, row_share
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
LOWEST = np.float32(-np.inf)


class Even(NamedTuple):
    """Columns first to stop - 1 of the targets read alike, each `stride` pixels after the one before; lanes run over them."""

    first: int
    stop: int
    stride: int


@kernel(inline=True)
def take_product(summed, value, weight):
    """The weighted sum so far."""
    return multiply_add(value, np.float32(weight), summed)


@kernel(inline=True)
def take_larger(best, value, weight):
    """The largest so far."""
    return select(beats(value, best), value, best)


@kernel
def source_range(t, axis, first, stop):
    """(lowest, highest) offset that targets first .. stop read; lowest > highest if none."""
    low, high = 1 << 62, -1
    for q in range(first, stop):
        count = t[axis.bounds + q + 1] - t[axis.bounds + q]
        if count > 0:
            low = min(low, t[axis.firsts + q])
            high = max(high, t[axis.firsts + q] + (count - 1) * axis.step)
    return low, high


@kernel(inline=True)
def take_rows(take, start, m, row, x, low, high, t, axes, o, p):
    """row[v] = the rows of x that row (o, p) of the targets reads, put together, for low <= v < high.

    x : where the channel begins, in the memory of the row
    """
    depth, rows, _ = axes
    i, j = t[depth.bounds + o], t[rows.bounds + p]
    deep, tall = t[depth.bounds + o + 1] - i, t[rows.bounds + p + 1] - j
    i, j = i + depth.numbers, j + rows.numbers
    first = x + t[depth.firsts + o] + t[rows.firsts + p]
    v = low
    while v + 4 * LANES <= high:
        state_0, state_1, state_2, state_3 = splat(start), splat(start), splat(start), splat(start)
        for d in range(deep):
            for h in range(tall):
                at = first + d * depth.step + h * rows.step + v
                weight = as_double(t[i + d]) * as_double(t[j + h])
                state_0 = take(state_0, load(m, at), weight)
                state_1 = take(state_1, load(m, at + LANES), weight)
                state_2 = take(state_2, load(m, at + 2 * LANES), weight)
                state_3 = take(state_3, load(m, at + 3 * LANES), weight)
        store(m, row + v, state_0)
        store(m, row + v + LANES, state_1)
        store(m, row + v + 2 * LANES, state_2)
        store(m, row + v + 3 * LANES, state_3)
        v += 4 * LANES
    while v < high:
        state = splat(start)
        for d in range(deep):
            for h in range(tall):
                weight = as_double(t[i + d]) * as_double(t[j + h])
                state = take(state, load(m, first + d * depth.step + h * rows.step + v), weight)
        store(m, row + v, state)
        v += LANES


@kernel(inline=True)
def rectified(value, rectify):
    """The value, or the relu of it; NaN stays."""
    return select(value <= ZERO, splat(ZERO), value) if rectify else value


@kernel(inline=True)
def take_pixels(take, start, m, y, row, shard, t, columns, first, stop, rectify):
    """y[q] = the pixels of a row that q reads, put together, for first <= q < stop; the relu of it if `rectify`."""
    for q in range(first, stop):
        k = t[columns.bounds + q]
        wide, source = t[columns.bounds + q + 1] - k, row + t[columns.firsts + q]
        for lane in range(0, shard, LANES):
            state = splat(start)
            for w in range(wide):
                state = take(state, load(m, source + w * columns.step + lane), as_double(t[columns.numbers + k + w]))
            store_first(m, y + q * shard + lane, rectified(state, rectify), shard - lane)


@kernel(inline=True)
def take_even_pixels(take, start, m, y, row, shard, t, columns, first, stop, stride, rectify):
    """The same for targets that read alike; with a stride of 2 a pixel has one lane."""
    k = t[columns.bounds + first]
    wide, source, lanes = t[columns.bounds + first + 1] - k, row + t[columns.firsts + first], (stop - first) * shard
    for lane in range(0, lanes, LANES):
        state = splat(start)
        for w in range(wide):
            at = source + w * columns.step + stride * lane
            value = load(m, at) if stride == 1 else evens(load(m, at), load(m, at + LANES))
            state = take(state, value, as_double(t[columns.numbers + k + w]))
        store_first(m, y + first * shard + lane, rectified(state, rectify), lanes - lane)


@kernel(inline=True)
def each_row(take, start, memory, t, a, frame):
    """All rows of a step's targets, or a part of them.  With `in_place` depth and rows have one pixel that stays what it is: x is the row."""
    m, axes, channels = whole_array(memory), read_axes(a), values(Channels, a.channels)
    y, x, scratch, shard = frame.arena + a.y, frame.arena + a.x, frame.arena + a.scratch + frame.part * a.scratch_size, channels.shard
    depth, rows, columns = axes
    per_channel = depth.targets * rows.targets
    first_row, stop_row, first, stop = row_share(channels.number * per_channel, columns.targets, frame)
    low, high = source_range(t, columns, first, stop)
    in_place, even, rectify = a.in_place != 0, values(Even, a.even), a.rectify != 0
    begin = min(stop, max(first, even.first))
    end = max(begin, min(stop, even.stop))
    for n in range(first_row, stop_row):
        row, source, own = scratch, x + n // per_channel * channels.plane, n % per_channel
        target = y + n * columns.targets * shard
        if in_place:
            row = source
        else:
            take_rows(take, start, m, row, source, low, high + shard, t, axes, own // rows.targets, own % rows.targets)
        take_pixels(take, start, m, target, row, shard, t, columns, first, begin, rectify)
        if begin < end:
            take_even_pixels(take, start, m, target, row, shard, t, columns, begin, end, even.stride, rectify)
        take_pixels(take, start, m, target, row, shard, t, columns, end, stop, rectify)


@step("y x scratch scratch_size in_place rectify", even=Even, channels=Channels, axes=Axes, splits=True)
def resample_step(memory, parameters, table, a, frame):
    """Weighted sums; scratch is one row of sources for each part."""
    each_row(take_product, ZERO, memory, table, a, frame)


@step("y x scratch scratch_size in_place rectify", even=Even, channels=Channels, axes=Axes, splits=True)
def largest_value_step(memory, parameters, table, a, frame):
    """The largest number of every window, -inf of one that reads nothing, or the relu of it; scratch as above."""
    each_row(take_larger, LOWEST, memory, table, a, frame)
