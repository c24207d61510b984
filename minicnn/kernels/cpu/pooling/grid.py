"""Part of a map's pixels: every so many from a first one on.  Subsampling for shortcuts without parameters, and cropping.

y[c, p] = x[c, first + p*stride]          channels of y beyond those of x are 0
dx[c, first + p*stride] = dy[c, p]        all other pixels are 0
"""


import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def fill(m, at, size, value):
    """m[at : at + size] = value."""
    for i in range(0, size, LANES):
        store(m, at + i, splat(value))


@kernel
def scale_all(m, y_at, x_at, size, factor):
    """y = factor * x."""
    for i in range(0, size, LANES):
        store(m, y_at + i, load(m, x_at + i) * factor)


# Steps.


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
