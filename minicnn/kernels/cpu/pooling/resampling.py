"""Weighted sums of pixels over planes in lanes: average and Gaussian pooling, upsampling, and the gradients of all of these.

    y[o,p,q] = sum over d,h,w of a[o,d] * b[p,h] * c[q,w] * x[d,h,w]

Along each axis a table lists the few sources of every target.  The sum goes in two turns: for one row of targets the rows of x that it
reads are added into a single row, a stretch of memory walked vector by vector; then its pixels are added.  R + S reads for a window of
R x S instead of R * S, and the tables are asked once a row.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)

# fields of an axis: where the table holds its bounds, offsets and weights, and how many targets
BOUNDS, OFFSETS, WEIGHTS, TARGETS = range(4)


@kernel
def row_share(rows, columns, part, parts):
    """(first row, stop, first column, stop) of a part of the targets: some rows or, where these are few, some columns of all."""
    if rows >= parts:
        return rows * part // parts, rows * (part + 1) // parts, 0, columns
    return 0, rows, columns * part // parts, columns * (part + 1) // parts


@kernel
def source_range(t, axis, first, stop):
    """(lowest, highest) offset that targets first .. stop read; lowest > highest if none."""
    low, high = 1 << 62, -1
    for q in range(first, stop):
        if t[axis[BOUNDS] + q + 1] > t[axis[BOUNDS] + q]:
            low = min(low, t[axis[OFFSETS] + t[axis[BOUNDS] + q]])
            high = max(high, t[axis[OFFSETS] + t[axis[BOUNDS] + q + 1] - 1])
    return low, high


@kernel
def add_rows(row, row_at, x, x_at, low, high, t, depth, rows, o, p):
    """row[v] = sum over d,h of a[o,d] * b[p,h] * x[d,h,v] for low <= v < high."""
    first_d, stop_d = t[depth[BOUNDS] + o], t[depth[BOUNDS] + o + 1]
    first_h, stop_h = t[rows[BOUNDS] + p], t[rows[BOUNDS] + p + 1]
    v = low
    while v + 4 * LANES <= high:
        sum_0, sum_1, sum_2, sum_3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
        for i in range(first_d, stop_d):
            for j in range(first_h, stop_h):
                at = x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + v
                weight = np.float32(as_double(t[depth[WEIGHTS] + i]) * as_double(t[rows[WEIGHTS] + j]))
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
        for i in range(first_d, stop_d):
            for j in range(first_h, stop_h):
                at = x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + v
                weight = np.float32(as_double(t[depth[WEIGHTS] + i]) * as_double(t[rows[WEIGHTS] + j]))
                summed = multiply_add(load(x, at), weight, summed)
        store(row, row_at + v, summed)
        v += LANES


@kernel
def add_pixels(y, y_at, row, row_at, shard, t, columns, first, stop):
    """y[q] = sum over w of c[q,w] * row[w] for first <= q < stop."""
    for q in range(first, stop):
        begin, end = t[columns[BOUNDS] + q], t[columns[BOUNDS] + q + 1]
        for n in range(0, shard, LANES):
            summed = splat(ZERO)
            for k in range(begin, end):
                weight = np.float32(as_double(t[columns[WEIGHTS] + k]))
                summed = multiply_add(load(row, row_at + t[columns[OFFSETS] + k] + n), weight, summed)
            store(y, y_at + q * shard + n, summed)


@kernel
def resample(m, y_at, x_at, row_at, shard, in_place, t, depth, rows, columns, part, parts):
    """All rows of targets, or a part of them.

    row_at : scratch for one row of sources
    in_place : whether depth and rows have one pixel that stays what it is: then x is the row
    """
    first_row, stop_row, first, stop = row_share(depth[TARGETS] * rows[TARGETS], columns[TARGETS], part, parts)
    low, high = source_range(t, columns, first, stop)
    for n in range(first_row, stop_row):
        target = y_at + n * columns[TARGETS] * shard
        if in_place:
            add_pixels(m, target, m, x_at, shard, t, columns, first, stop)
        else:
            add_rows(m, row_at, m, x_at, low, high + shard, t, depth, rows, n // rows[TARGETS], n % rows[TARGETS])
            add_pixels(m, target, m, row_at, shard, t, columns, first, stop)


@kernel
def three_axes(a, first):
    """The axes of a step's arguments from number `first` on."""
    return (
        (a[first], a[first + 1], a[first + 2], a[first + 3]),
        (a[first + 4], a[first + 5], a[first + 6], a[first + 7]),
        (a[first + 8], a[first + 9], a[first + 10], a[first + 11]),
    )


@step(splits=True)
def resample_step(memory, parameters, table, a, frame):
    """a: y, x, rows (one a part), elements of a row, shard, whether in place; three axes from 8 on."""
    arena = frame[ARENA]
    depth, rows, columns = three_axes(a, 8)
    resample(
        whole_array(memory),
        arena + a[0],
        arena + a[1],
        arena + a[2] + frame[PART] * a[3],
        a[4],
        a[5] != 0,
        whole_array(table),
        depth,
        rows,
        columns,
        frame[PART],
        frame[PARTS],
    )
