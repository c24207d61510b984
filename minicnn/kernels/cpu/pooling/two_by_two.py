"""Max pooling by 2 x 2 windows that lie side by side: the pooling of LeNet, VGG and U-Net, without tables.

Each input belongs to one window, so the gradient is written window by window, four stores for one look at the winner; the general loop
asks each input for its windows instead.  A winner is its tap in the window: a constant, where its position in the plane, as `windows.py`
keeps it, would be four numbers to spread over the lanes for every window.  LeNet's first pooling, batch 128, one thread: 58 and 112
microseconds (forward, back) with the general walk, 29 and 24 with this one.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.integers import same_integer, splat_integer
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)


@kernel
def fill(m, at, size, value):
    """m[at : at + size] = value."""
    for i in range(0, size, LANES):
        store_first(m, at + i, splat(value), size - i)


class Sizes(NamedTuple):
    """Lanes of a pixel, rows and columns of y and of x."""

    shard: int
    rows: int
    columns: int
    x_rows: int
    x_columns: int


@kernel
def max_pool_2x2_forward(m, y_base, winner_base, x_base, begin, stop, sizes, rectify):
    """Largest of each window and its tap (2*r + s) for channels begin .. stop; with `rectify` the relu of it, without a winner at 0."""
    shard, rows, columns, x_rows, x_columns = sizes
    for c in range(begin, stop):
        for p in range(rows):
            y_at = (c * rows + p) * columns * shard
            upper = x_base + (c * x_rows + 2 * p) * x_columns * shard
            for q in range(columns):
                left = upper + 2 * q * shard
                for n in range(0, shard, LANES):
                    best, winner = load(m, left + n), splat_integer(0)
                    value = load(m, left + shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat_integer(1), winner)
                    value = load(m, left + x_columns * shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat_integer(2), winner)
                    value = load(m, left + x_columns * shard + shard + n)
                    wins = beats(value, best)
                    best, winner = select(wins, value, best), select(wins, splat_integer(3), winner)
                    if rectify:
                        off = best <= ZERO
                        best, winner = select(off, ZERO, best), select(off, splat_integer(-1), winner)
                    store_first(m, y_base + y_at + q * shard + n, best, shard - n)
                    store_first(m, winner_base + y_at + q * shard + n, winner, shard - n)


@kernel
def max_pool_2x2_backward(m, dx_base, dy_base, winner_base, begin, stop, sizes):
    """dx of each window: dy at the winner, 0 elsewhere; a last row or column that no window covers gets 0."""
    shard, rows, columns, x_rows, x_columns = sizes
    for c in range(begin, stop):
        for p in range(rows):
            y_at = (c * rows + p) * columns * shard
            upper = dx_base + (c * x_rows + 2 * p) * x_columns * shard
            lower = upper + x_columns * shard
            for q in range(columns):
                left = 2 * q * shard
                for n in range(0, shard, LANES):
                    gradient = load(m, dy_base + y_at + q * shard + n)
                    winner = load(m, winner_base + y_at + q * shard + n)
                    store_first(m, upper + left + n, select(same_integer(winner, splat_integer(0)), gradient, ZERO), shard - n)
                    store_first(m, upper + left + shard + n, select(same_integer(winner, splat_integer(1)), gradient, ZERO), shard - n)
                    store_first(m, lower + left + n, select(same_integer(winner, splat_integer(2)), gradient, ZERO), shard - n)
                    store_first(m, lower + left + shard + n, select(same_integer(winner, splat_integer(3)), gradient, ZERO), shard - n)
            if x_columns > 2 * columns:
                fill(m, upper + 2 * columns * shard, shard, ZERO)
                fill(m, lower + 2 * columns * shard, shard, ZERO)
        if x_rows > 2 * rows:
            fill(m, dx_base + (c * x_rows + 2 * rows) * x_columns * shard, x_columns * shard, ZERO)


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
