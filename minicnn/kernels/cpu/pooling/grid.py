"""Part of a map's pixels: every so many from a first one on.  Subsampling for shortcuts without parameters, and cropping.

y[c, p] = x[c, first + p*stride]          channels of y beyond those of x are 0
dx[c, first + p*stride] = dy[c, p]        all other pixels are 0
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)


@kernel
def fill(m, at, size, value):
    """m[at : at + size] = value."""
    for i in range(0, size, LANES):
        store(m, at + i, splat(value))


class Grid(NamedTuple):
    """The pixels of a plane along three axes that are taken: so many, of so many, from `first` on, `stride` apart; missing axes have one."""

    out_depth: int
    out_rows: int
    out_columns: int
    depth: int
    rows: int
    columns: int
    first_depth: int
    first_row: int
    first_column: int
    stride_depth: int
    stride_rows: int
    stride_columns: int


@kernel
def row_of(grid, c, d, p):
    """The first pixel of the large map in row p of the small one."""
    depth, row = grid.first_depth + d * grid.stride_depth, grid.first_row + p * grid.stride_rows
    return ((c * grid.depth + depth) * grid.rows + row) * grid.columns + grid.first_column


@kernel
def take_grid(m, y_at, x_at, channels, x_channels, shard, grid):
    """y from x."""
    pixels = grid.out_depth * grid.out_rows * grid.out_columns
    for c in range(min(channels, x_channels)):
        for d in range(grid.out_depth):
            for p in range(grid.out_rows):
                row, at = row_of(grid, c, d, p), y_at + (c * pixels + (d * grid.out_rows + p) * grid.out_columns) * shard
                for q in range(grid.out_columns):
                    for n in range(0, shard, LANES):
                        store(m, at + q * shard + n, load(m, x_at + (row + q * grid.stride_columns) * shard + n))
    if channels > x_channels:
        fill(m, y_at + x_channels * pixels * shard, (channels - x_channels) * pixels * shard, ZERO)


@kernel
def put_grid(m, dx_at, dy_at, x_channels, shard, grid):
    """dx from dy."""
    fill(m, dx_at, x_channels * grid.depth * grid.rows * grid.columns * shard, ZERO)
    for c in range(x_channels):
        for d in range(grid.out_depth):
            for p in range(grid.out_rows):
                row, at = row_of(grid, c, d, p), dy_at + ((c * grid.out_depth + d) * grid.out_rows + p) * grid.out_columns * shard
                for q in range(grid.out_columns):
                    for n in range(0, shard, LANES):
                        store(m, dx_at + (row + q * grid.stride_columns) * shard + n, load(m, at + q * shard + n))


@kernel
def scale_all(m, y_at, x_at, size, factor):
    """y = factor * x."""
    for i in range(0, size, LANES):
        store(m, y_at + i, load(m, x_at + i) * factor)


# Steps.


@step("y x channels x_channels shard", grid=Grid)
def take_grid_step(memory, parameters, table, a, frame):
    """As `take_grid`."""
    take_grid(whole_array(memory), frame.arena + a.y, frame.arena + a.x, a.channels, a.x_channels, a.shard, values(Grid, a.grid))


@step("dx dy x_channels shard", grid=Grid)
def put_grid_step(memory, parameters, table, a, frame):
    """As `put_grid`."""
    put_grid(whole_array(memory), frame.arena + a.dx, frame.arena + a.dy, a.x_channels, a.shard, values(Grid, a.grid))


@step("y x size layer", survival=float)
def survive_step(memory, parameters, table, a, frame):
    """Stochastic depth: y = x or 0, one draw a batch."""
    drawn = uniform_bits(frame.key & MASK, frame.key >> 32, a.layer)
    factor = np.float32(1 if drawn < a.survival * 4294967296.0 else 0)
    scale_all(whole_array(memory), frame.arena + a.y, frame.arena + a.x, a.size, factor)


@step("y x size", factor=float)
def scale_step(memory, parameters, table, a, frame):
    """y = factor * x."""
    scale_all(whole_array(memory), frame.arena + a.y, frame.arena + a.x, a.size, np.float32(a.factor))
