"""Numbers brought near 1 by a power of two, so that squares of very small ones do not vanish nor those of very large ones overflow.

The textbook loops take their squares in float64 instead.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, exponent, load, select, splat, store
from minicnn.kernels.cpu.pointwise.activation import stretch
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ARENA
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


@step(splits=True)
def divide_step(memory, parameters, table, a, frame):
    """ratio = dy / y, 0 where y is 0.  a: ratio, dy, y, elements."""
    begin, size = stretch(a[3], frame)
    m, arena = whole_array(memory), frame[ARENA] + begin
    for i in range(0, size, LANES):
        y = load(m, arena + a[2] + i)
        store(m, arena + a[0] + i, select(y == ZERO, ZERO, load(m, arena + a[1] + i) / y))


@step(splits=True)
def multiply_step(memory, parameters, table, a, frame):
    """y *= x.  a: y, x, elements."""
    begin, size = stretch(a[2], frame)
    m, arena = whole_array(memory), frame[ARENA] + begin
    for i in range(0, size, LANES):
        store(m, arena + a[0] + i, load(m, arena + a[0] + i) * load(m, arena + a[1] + i))
