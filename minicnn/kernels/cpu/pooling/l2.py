"""L2 pooling over planes in lanes, and the two ends of its gradient.

A window's numbers are first brought near 1 by a power of two, so that squares of very small ones do not vanish nor those of very large
ones overflow; the textbook loop takes its squares in float64 instead.

    dx = x * sum over the windows that hold x of dy / y

is a plain gather of the quotients: `resampling.py` does it between `divide` and `multiply`.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, exponent, load, multiply_add, power_of_two, select, splat, square_root, store
from minicnn.kernels.cpu.pointwise.activation import stretch
from minicnn.kernels.cpu.pooling.resampling import BOUNDS, OFFSETS, TARGETS, row_share, three_axes
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
LARGEST_EXPONENT = np.float32(126)


@kernel
def magnitude(value):
    """|value|."""
    return select(value < ZERO, splat(ZERO) - value, value)


@kernel
def whole_exponent(largest):
    """e with 2**e about `largest`, such that 2**e and 2**-e are normal numbers."""
    e = exponent(largest)
    e = select(e > LARGEST_EXPONENT, LARGEST_EXPONENT, e)
    return select(e < -LARGEST_EXPONENT, -LARGEST_EXPONENT, e)


@kernel
def l2_pool_forward(m, y_at, x_at, shard, t, depth, rows, columns, part, parts):
    """y = sqrt(sum of squares) of every window: once over it for the largest magnitude, once for the sum."""
    first_row, stop_row, first, stop = row_share(depth[TARGETS] * rows[TARGETS], columns[TARGETS], part, parts)
    for n in range(first_row, stop_row):
        bounds_d, bounds_h = depth[BOUNDS] + n // rows[TARGETS], rows[BOUNDS] + n % rows[TARGETS]
        for q in range(first, stop):
            bounds_w = columns[BOUNDS] + q
            for lane in range(0, shard, LANES):
                largest = splat(ZERO)
                for i in range(t[bounds_d], t[bounds_d + 1]):
                    for j in range(t[bounds_h], t[bounds_h + 1]):
                        at = x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + lane
                        for k in range(t[bounds_w], t[bounds_w + 1]):
                            value = magnitude(load(m, at + t[columns[OFFSETS] + k]))
                            largest = select(value > largest, value, largest)
                e = whole_exponent(largest)
                scale = power_of_two(splat(ZERO) - e)
                squares = splat(ZERO)
                for i in range(t[bounds_d], t[bounds_d + 1]):
                    for j in range(t[bounds_h], t[bounds_h + 1]):
                        at = x_at + t[depth[OFFSETS] + i] + t[rows[OFFSETS] + j] + lane
                        for k in range(t[bounds_w], t[bounds_w + 1]):
                            value = load(m, at + t[columns[OFFSETS] + k]) * scale
                            squares = multiply_add(value, value, squares)
                store(m, y_at + (n * columns[TARGETS] + q) * shard + lane, square_root(squares) * power_of_two(e))


@kernel
def divide(m, ratio_at, dy_at, y_at, size):
    """ratio = dy / y, 0 where y is 0."""
    for i in range(0, size, LANES):
        y = load(m, y_at + i)
        store(m, ratio_at + i, select(y == ZERO, ZERO, load(m, dy_at + i) / y))


@kernel
def multiply(m, y_at, x_at, size):
    """y *= x."""
    for i in range(0, size, LANES):
        store(m, y_at + i, load(m, y_at + i) * load(m, x_at + i))


@step(splits=True)
def l2_pool_step(memory, parameters, table, a, frame):
    """a: y, x, shard; three axes from 8 on."""
    depth, rows, columns = three_axes(a, 8)
    l2_pool_forward(
        whole_array(memory),
        frame[ARENA] + a[0],
        frame[ARENA] + a[1],
        a[2],
        whole_array(table),
        depth,
        rows,
        columns,
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def divide_step(memory, parameters, table, a, frame):
    """a: ratio, dy, y, elements."""
    begin, size = stretch(a[3], frame)
    arena = frame[ARENA] + begin
    divide(whole_array(memory), arena + a[0], arena + a[1], arena + a[2], size)


@step(splits=True)
def multiply_step(memory, parameters, table, a, frame):
    """a: y, x, elements."""
    begin, size = stretch(a[2], frame)
    arena = frame[ARENA] + begin
    multiply(whole_array(memory), arena + a[0], arena + a[1], size)
