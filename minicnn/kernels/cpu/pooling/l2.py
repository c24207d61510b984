"""What L2 pooling needs beside its walk: squares that stay within float32, and the two ends of its gradient.

Numbers are brought near 1 by a power of two before they are squared, so that very small ones do not vanish nor very large ones overflow;
the textbook loops take their squares in float64 instead.

    dx = x * sum over the windows that hold x of dy / y

is a plain weighted sum of the quotients: `separable.py` does it between `divide_step` and `multiply_step`.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, exponent, load, select, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
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


@step("ratio dy y vectors", splits=True)
def divide_step(memory, parameters, table, a, frame):
    """ratio = dy / y, 0 where y is 0."""
    m, (first, stop) = whole_array(memory), share(a.vectors, frame)
    for i in range(frame.arena + first * LANES, frame.arena + stop * LANES, LANES):
        y = load(m, a.y + i)
        store(m, a.ratio + i, select(y == ZERO, ZERO, load(m, a.dy + i) / y))


@step("y x vectors", splits=True)
def multiply_step(memory, parameters, table, a, frame):
    """y *= x."""
    m, (first, stop) = whole_array(memory), share(a.vectors, frame)
    for i in range(frame.arena + first * LANES, frame.arena + stop * LANES, LANES):
        store(m, a.y + i, load(m, a.y + i) * load(m, a.x + i))
