"""Max pooling over planes in lanes, for any windows that tables can describe: sliding, dilated, regions of any size.

Values alone: as in `resampling.py`, first over the rows of a window, then over its columns.  With positions every window is walked in
scan order, because equal values go to the first; a position is an int32 in a lane of its own.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.integers import splat_integer
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store
from minicnn.kernels.cpu.pooling.resampling import BOUNDS, OFFSETS, TARGETS, WEIGHTS, row_share, source_range, three_axes
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

LOWEST = np.float32(-np.inf)
POSITIONS = WEIGHTS  # the third column of a table


@kernel
def largest_of_rows(row, row_at, x, x_at, low, high, t, depth, rows, o, p):
    """row[v] = max over d,h of x[d,h,v] for low <= v < high."""
    first_h, stop_h = t[rows[BOUNDS] + p], t[rows[BOUNDS] + p + 1]
    for v in range(low, high, LANES):
        best = splat(LOWEST)
        for i in range(t[depth[BOUNDS] + o], t[depth[BOUNDS] + o + 1]):
            for j in range(first_h, stop_h):
                value = load(x, x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + v)
                best = select(beats(value, best), value, best)
        store(row, row_at + v, best)


@kernel
def largest_of_pixels(y, y_at, row, row_at, shard, t, columns, first, stop):
    """y[q] = max over w of row[w] for first <= q < stop."""
    for q in range(first, stop):
        for n in range(0, shard, LANES):
            best = splat(LOWEST)
            for k in range(t[columns[BOUNDS] + q], t[columns[BOUNDS] + q + 1]):
                value = load(row, row_at + t[columns[OFFSETS] + k] + n)
                best = select(beats(value, best), value, best)
            store(y, y_at + q * shard + n, best)


@kernel
def max_pool_values(m, y_at, x_at, row_at, shard, in_place, t, depth, rows, columns, part, parts):
    """Largest of every window, -inf of one that reads nothing; or of a part of the windows."""
    first_row, stop_row, first, stop = row_share(depth[TARGETS] * rows[TARGETS], columns[TARGETS], part, parts)
    low, high = source_range(t, columns, first, stop)
    for n in range(first_row, stop_row):
        target = y_at + n * columns[TARGETS] * shard
        if in_place:
            largest_of_pixels(m, target, m, x_at, shard, t, columns, first, stop)
        else:
            largest_of_rows(m, row_at, m, x_at, low, high + shard, t, depth, rows, n // rows[TARGETS], n % rows[TARGETS])
            largest_of_pixels(m, target, m, row_at, shard, t, columns, first, stop)


@kernel
def max_pool_positions(m, y_at, positions_at, x_at, shard, t, depth, rows, columns, part, parts):
    """Largest of every window and its flat position in the plane, -1 of a window that reads nothing; or of a part of the windows."""
    first_row, stop_row, first, stop = row_share(depth[TARGETS] * rows[TARGETS], columns[TARGETS], part, parts)
    for n in range(first_row, stop_row):
        bounds_d, bounds_h = depth[BOUNDS] + n // rows[TARGETS], rows[BOUNDS] + n % rows[TARGETS]
        for q in range(first, stop):
            bounds_w = columns[BOUNDS] + q
            target = (n * columns[TARGETS] + q) * shard
            for lane in range(0, shard, LANES):
                best = splat(LOWEST)
                winner = splat_integer(-1)
                unknown = True
                for i in range(t[bounds_d], t[bounds_d + 1]):
                    for j in range(t[bounds_h], t[bounds_h + 1]):
                        at = x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + lane
                        position = t[depth[POSITIONS] + i] + t[rows[POSITIONS] + j]
                        for k in range(t[bounds_w], t[bounds_w + 1]):
                            value = load(m, at + t[columns[OFFSETS] + k])
                            own = splat_integer(position + t[columns[POSITIONS] + k])
                            if unknown:  # the first counts whatever it is, even -inf
                                best, winner, unknown = value, own, False
                            else:
                                wins = beats(value, best)
                                best, winner = select(wins, value, best), select(wins, own, winner)
                store(m, y_at + target + lane, best)
                store(m, positions_at + target + lane, winner)


@step(splits=True)
def max_pool_values_step(memory, parameters, table, a, frame):
    """a: y, x, rows (one a part), elements of a row, shard, whether in place; three axes from 8 on."""
    arena = frame[ARENA]
    depth, rows, columns = three_axes(a, 8)
    max_pool_values(
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


@step(splits=True)
def max_pool_positions_step(memory, parameters, table, a, frame):
    """a: y, positions, x, shard; three axes from 8 on."""
    arena = frame[ARENA]
    depth, rows, columns = three_axes(a, 8)
    max_pool_positions(
        whole_array(memory),
        arena + a[0],
        arena + a[1],
        arena + a[2],
        a[3],
        whole_array(table),
        depth,
        rows,
        columns,
        frame[PART],
        frame[PARTS],
    )
