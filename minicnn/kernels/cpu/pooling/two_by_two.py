"""Max pooling by 2 x 2 windows that lie side by side: the pooling of LeNet, VGG and U-Net, without tables.

Each input belongs to one window, so the gradient is written window by window, four stores for one look at the winner; the general loop
asks each input for its windows instead.  LeNet's first pooling, batch 128, one thread: 80 and 241 microseconds (forward, back) with the
general loop, 27 and 22 with this one.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
NOBODY = np.float32(-1)
TAP_0, TAP_1, TAP_2, TAP_3 = np.float32(0), np.float32(1), np.float32(2), np.float32(3)


class Sizes(NamedTuple):
    """Lanes of a pixel, rows and columns of y and of x."""

    shard: int
    rows: int
    columns: int
    x_rows: int
    x_columns: int


@kernel
def max_pool_2x2_forward(m, y_base, winner_base, x_base, first, stop, sizes, rectify):
    """Largest of each window and its tap (2*r + s) for channels first .. stop; with `rectify` the relu of it, without a winner at 0."""
    shard, rows, columns, x_rows, x_columns = sizes
    for c in range(first, stop):
        for p in range(rows):
            y_at = (c * rows + p) * columns * shard
            upper = x_base + (c * x_rows + 2 * p) * x_columns * shard
            for q in range(columns):
                left = upper + 2 * q * shard
                for n in range(0, shard, LANES):
                    best = load(m, left + n)
                    winner = splat(TAP_0)
                    value = load(m, left + shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat(TAP_1), winner)
                    value = load(m, left + x_columns * shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat(TAP_2), winner)
                    value = load(m, left + x_columns * shard + shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat(TAP_3), winner)
                    if rectify:
                        off = best <= ZERO
                        best, winner = select(off, ZERO, best), select(off, NOBODY, winner)
                    store_first(m, y_base + y_at + q * shard + n, best, shard - n)
                    store_first(m, winner_base + y_at + q * shard + n, winner, shard - n)


@kernel
def fill_zeros(m, at, size):
    """m[at : at + size] = 0."""
    for i in range(0, size, LANES):
        store(m, at + i, splat(ZERO))


@kernel
def max_pool_2x2_backward(m, dx_base, dy_base, winner_base, first, stop, sizes):
    """dx of each window: dy at the winner, 0 elsewhere; a last row or column that no window covers gets 0."""
    shard, rows, columns, x_rows, x_columns = sizes
    for c in range(first, stop):
        for p in range(rows):
            y_at = (c * rows + p) * columns * shard
            upper = dx_base + (c * x_rows + 2 * p) * x_columns * shard
            lower = upper + x_columns * shard
            for q in range(columns):
                left = 2 * q * shard
                for n in range(0, shard, LANES):
                    gradient = load(m, dy_base + y_at + q * shard + n)
                    winner = load(m, winner_base + y_at + q * shard + n)
                    store(m, upper + left + n, select(winner == TAP_0, gradient, ZERO))
                    store(m, upper + left + shard + n, select(winner == TAP_1, gradient, ZERO))
                    store(m, lower + left + n, select(winner == TAP_2, gradient, ZERO))
                    store(m, lower + left + shard + n, select(winner == TAP_3, gradient, ZERO))
            if x_columns > 2 * columns:
                fill_zeros(m, upper + 2 * columns * shard, shard)
                fill_zeros(m, lower + 2 * columns * shard, shard)
        if x_rows > 2 * rows:
            fill_zeros(m, dx_base + (c * x_rows + 2 * rows) * x_columns * shard, x_columns * shard)


@step("y winners x channels rectify", sizes=Sizes, splits=True)
def max_pool_2x2_step_forward(memory, parameters, table, a, frame):
    """As `max_pool_2x2_forward`."""
    arena, (first, stop) = frame.arena, share(a.channels, frame)
    sizes = values(Sizes, a.sizes)
    max_pool_2x2_forward(whole_array(memory), arena + a.y, arena + a.winners, arena + a.x, first, stop, sizes, a.rectify != 0)


@step("dx dy winners channels", sizes=Sizes, splits=True)
def max_pool_2x2_step_backward(memory, parameters, table, a, frame):
    """As `max_pool_2x2_backward`."""
    arena, (first, stop) = frame.arena, share(a.channels, frame)
    max_pool_2x2_backward(whole_array(memory), arena + a.dx, arena + a.dy, arena + a.winners, first, stop, values(Sizes, a.sizes))
