"""Weighted sums of pixels over planes in lanes: average and Gaussian pooling, upsampling, and the gradients of all of these.

    y[o,p,q] = sum over d,h,w of a[o,d] * b[p,h] * c[q,w] * x[d,h,w]

Along each axis a table lists the few sources of every target.  The sum goes in two turns: for one row of targets the rows of x that it
reads are added into a single row, a stretch of memory walked vector by vector; then its pixels are added.  R + S reads for a window of
R x S instead of R * S, and the tables are asked once a row.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, store_first
from minicnn.kernels.cpu.pooling.windows import Planes, row_share, window_axes
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


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


@kernel
def add_rows(row, row_at, x, x_at, low, high, t, depth, rows, o, p):
    """row[v] = sum over d,h of a[o,d] * b[p,h] * x[d,h,v] for low <= v < high."""
    first_d, first_h = t[depth.bounds + o], t[rows.bounds + p]
    deep, tall = t[depth.bounds + o + 1] - first_d, t[rows.bounds + p + 1] - first_h
    first_d, first_h = first_d + depth.numbers, first_h + rows.numbers
    start = x_at + t[depth.firsts + o] + t[rows.firsts + p]
    v = low
    while v + 4 * LANES <= high:
        sum_0, sum_1, sum_2, sum_3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
        for i in range(deep):
            for j in range(tall):
                at = start + i * depth.step + j * rows.step + v
                weight = np.float32(as_double(t[first_d + i]) * as_double(t[first_h + j]))
                sum_0 = multiply_add(load(x, at), weight, sum_0)
                sum_1 = multiply_add(load(x, at + LANES), weight, sum_1)
                sum_2 = multiply_add(load(x, at + 2 * LANES), weight, sum_2)
                sum_3 = multiply_add(load(x, at + 3 * LANES), weight, sum_3)
        store(row, row_at + v, sum_0)
        store(row, row_at + v + LANES, sum_1)
        store(row, row_at + v + 2 * LANES, sum_2)
        store(row, row_at + v + 3 * LANES, sum_3)
        v += 4 * LANES
    while v < high:
        summed = splat(ZERO)
        for i in range(deep):
            for j in range(tall):
                weight = np.float32(as_double(t[first_d + i]) * as_double(t[first_h + j]))
                summed = multiply_add(load(x, start + i * depth.step + j * rows.step + v), weight, summed)
        store(row, row_at + v, summed)
        v += LANES


@kernel
def add_pixels(y, y_at, row, row_at, shard, t, columns, first, stop):
    """y[q] = sum over w of c[q,w] * row[w] for first <= q < stop."""
    for q in range(first, stop):
        begin = t[columns.bounds + q]
        wide, start = t[columns.bounds + q + 1] - begin, row_at + t[columns.firsts + q]
        for n in range(0, shard, LANES):
            summed = splat(ZERO)
            for k in range(wide):
                summed = multiply_add(
                    load(row, start + k * columns.step + n), np.float32(as_double(t[columns.numbers + begin + k])), summed
                )
            store_first(y, y_at + q * shard + n, summed, shard - n)


@kernel
def resample(m, y_at, x_at, row_at, in_place, planes, t, axes, part, parts):
    """All rows of targets, or a part of them.

    row_at : scratch for one row of sources
    in_place : whether depth and rows have one pixel that stays what it is: then x is the row
    """
    depth, rows, columns = axes
    per_channel = depth.targets * rows.targets
    first_row, stop_row, first, stop = row_share(planes.channels * per_channel, columns.targets, part, parts)
    low, high = source_range(t, columns, first, stop)
    for n in range(first_row, stop_row):
        target, source = y_at + n * columns.targets * planes.shard, x_at + n // per_channel * planes.plane
        if in_place:
            add_pixels(m, target, m, source, planes.shard, t, columns, first, stop)
        else:
            row = n % per_channel
            add_rows(m, row_at, m, source, low, high + planes.shard, t, depth, rows, row // rows.targets, row % rows.targets)
            add_pixels(m, target, m, row_at, planes.shard, t, columns, first, stop)


@step(splits=True)
def resample_step(memory, parameters, table, a, frame):
    arena = frame[ARENA]
    resample(
        whole_array(memory),
        arena + a[0],
        arena + a[1],
        arena + a[2] + frame[PART] * a[25],
        a[3] != 0,
        Planes(a[4], a[5], a[6]),
        whole_array(table),
        window_axes(table, a),
        frame[PART],
        frame[PARTS],
    )
