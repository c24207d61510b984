"""A factor and a bias for each map: what sub-sampling does to the means of its windows."""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, multiply_add, splat, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def scale_channels(m, y_at, x_at, channels, plane, parameters, factors, factor, biases, with_bias):
    """y[c] = factors[c] * factor * x[c] + biases[c]."""
    for c in range(channels):
        own = parameters[factors + c] * factor
        shift = parameters[biases + c] if with_bias else ZERO
        for i in range(0, plane, LANES):
            at = c * plane + i
            store_first(m, y_at + at, load(m, x_at + at) * own + shift, plane - i)


@step("y x channels plane factors biases with_bias", factor=float)
def scale_channels_step(memory, parameters, table, a, frame):
    m, p, y_at, x_at, factor = whole_array(memory), whole_array(parameters), frame.arena + a.y, frame.arena + a.x, np.float32(a.factor)
    scale_channels(m, y_at, x_at, a.channels, a.plane, p, a.factors, factor, a.biases, a.with_bias != 0)


@step("dfactor dy x channels plane", factor=float)
def factor_gradient_step(memory, parameters, table, a, frame):
    """dfactor[c] = factor * sum of dy[c] * x[c]."""
    m, arena, slot = whole_array(memory), frame.arena, frame.slot
    for c in range(a.channels):
        summed = splat(ZERO)
        for i in range(c * a.plane, (c + 1) * a.plane, LANES):
            gradient = load_first(m, arena + a.dy + i, (c + 1) * a.plane - i)
            summed = multiply_add(gradient, load_first(m, arena + a.x + i, (c + 1) * a.plane - i), summed)
        old = m[slot + a.dfactor + c] if frame.accumulate != 0 else ZERO
        m[slot + a.dfactor + c] = old + total(summed) * np.float32(a.factor)
