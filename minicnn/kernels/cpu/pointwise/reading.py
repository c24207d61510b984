"""Images read at the places that their pixels come from, a lane an image: `read_linear2d_forward` of the textbook, in float32.

A lane's four neighbours are fetched from wherever they are; what lies outside of the image is fetched from its edge and counts 0 times.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.integers import gather
from minicnn.kernels.cpu.lanes.vector import LANES, floor, load, select, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO, ONE = np.float32(0), np.float32(1)


class Reading(NamedTuple):
    """Channels, rows and columns of an image; images of a shard."""

    channels: int
    rows: int
    columns: int
    shard: int


@kernel
def inside(place, size, weight):
    """The weight where a place is on its axis, else 0."""
    return select(place >= ZERO, select(place < np.float32(size), weight, ZERO), ZERO)


@kernel
def on_axis(place, size):
    """The place, or the end of the axis that it is beyond."""
    return select(place > ZERO, select(place < np.float32(size), place, np.float32(size - 1)), ZERO)


@kernel
def read_linear(m, y_at, x_at, place_at, how):
    """y[c, l, n] = x[c, :, n] at place[:, l, n]."""
    channels, rows, columns, shard = how
    plane = rows * columns * shard
    for at in range(0, plane, shard):
        for n in range(0, shard, LANES):
            row, column = load(m, place_at + at + n), load(m, place_at + plane + at + n)
            top, left = floor(row), floor(column)
            low, right = top + ONE, left + ONE
            down, beside = row - top, column - left
            weight_top, weight_low = inside(top, rows, splat(ONE) - down), inside(low, rows, down)
            weight_left, weight_right = inside(left, columns, splat(ONE) - beside), inside(right, columns, beside)
            first, second = on_axis(top, rows) * np.float32(columns), on_axis(low, rows) * np.float32(columns)
            left, right = on_axis(left, columns), on_axis(right, columns)
            for c in range(channels):
                x = x_at + c * plane + n
                upper = weight_left * gather(m, x, first + left, shard) + weight_right * gather(m, x, first + right, shard)
                lower = weight_left * gather(m, x, second + left, shard) + weight_right * gather(m, x, second + right, shard)
                store(m, y_at + c * plane + at + n, weight_top * upper + weight_low * lower)


@step("y x place", how=Reading)
def read_linear_step(memory, parameters, table, a, frame):
    arena = frame.arena
    read_linear(whole_array(memory), arena + a.y, arena + a.x, arena + a.place, values(Reading, a.how))
