"""Part of a map's pixels: every so many from a first one on.  Subsampling for shortcuts without parameters, and cropping.

y[c, p] = x[c, first + p*stride]          channels of y beyond those of x are 0
dx[c, first + p*stride] = dy[c, p]        all other pixels are 0
"""

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.cpu.program.program import ARENA, KEY
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def fill(m, at, size, value):
    """m[at : at + size] = value."""
    for i in range(0, size, LANES):
        store(m, at + i, splat(value))


@kernel
def take_grid(m, y_at, x_at, channels, x_channels, shard, y_sizes, x_sizes, first, stride):
    """y from x; three axes, missing ones of size 1."""
    depth, rows, columns = y_sizes
    pixels = depth * rows * columns
    for c in range(min(channels, x_channels)):
        for d in range(depth):
            for p in range(rows):
                row = ((c * x_sizes[0] + first[0] + d * stride[0]) * x_sizes[1] + first[1] + p * stride[1]) * x_sizes[2] + first[2]
                at = y_at + (c * pixels + (d * rows + p) * columns) * shard
                for q in range(columns):
                    for n in range(0, shard, LANES):
                        store(m, at + q * shard + n, load(m, x_at + (row + q * stride[2]) * shard + n))
    if channels > x_channels:
        fill(m, y_at + x_channels * pixels * shard, (channels - x_channels) * pixels * shard, ZERO)


@kernel
def put_grid(m, dx_at, dy_at, x_channels, shard, y_sizes, x_sizes, first, stride):
    """dx from dy."""
    depth, rows, columns = y_sizes
    fill(m, dx_at, x_channels * x_sizes[0] * x_sizes[1] * x_sizes[2] * shard, ZERO)
    for c in range(x_channels):
        for d in range(depth):
            for p in range(rows):
                row = ((c * x_sizes[0] + first[0] + d * stride[0]) * x_sizes[1] + first[1] + p * stride[1]) * x_sizes[2] + first[2]
                at = dy_at + ((c * depth + d) * rows + p) * columns * shard
                for q in range(columns):
                    for n in range(0, shard, LANES):
                        store(m, dx_at + (row + q * stride[2]) * shard + n, load(m, at + q * shard + n))


@kernel
def scale_all(m, y_at, x_at, size, factor):
    """y = factor * x."""
    for i in range(0, size, LANES):
        store(m, y_at + i, load(m, x_at + i) * factor)


# Steps.  Arguments: two places, channels of y and x, shard, three sizes of y and of x, three firsts, three strides.


@step
def take_grid_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    take_grid(
        m,
        arena + a[0],
        arena + a[1],
        a[2],
        a[3],
        a[4],
        (a[5], a[6], a[7]),
        (a[8], a[9], a[10]),
        (a[11], a[12], a[13]),
        (a[14], a[15], a[16]),
    )


@step
def put_grid_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    put_grid(
        m, arena + a[0], arena + a[1], a[3], a[4], (a[5], a[6], a[7]), (a[8], a[9], a[10]), (a[11], a[12], a[13]), (a[14], a[15], a[16])
    )


@step
def survive_step(memory, parameters, table, a, frame):
    """Stochastic depth: y = x or 0, one draw a batch.  a: y, x, size, layer, survival."""
    m, arena = whole_array(memory), frame[ARENA]
    drawn = uniform_bits(frame[KEY] & MASK, frame[KEY] >> 32, a[3])
    scale_all(m, arena + a[0], arena + a[1], a[2], np.float32(1 if drawn < as_double(a[4]) * 4294967296.0 else 0))


@step
def scale_step(memory, parameters, table, a, frame):
    """y = factor * x.  a: y, x, size, factor."""
    m, arena = whole_array(memory), frame[ARENA]
    scale_all(m, arena + a[0], arena + a[1], a[2], np.float32(as_double(a[3])))
