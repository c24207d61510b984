"""Small layers of the older and odder networks: scaled tanh, a factor and a bias for each map, gates, distances to centres."""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import hyperbolic_tangent
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
ONE = np.float32(1)


@step("y x size", amplitude=float, slope=float)
def scaled_tanh_forward(memory, parameters, table, a, frame):
    """y = amplitude * tanh(slope * x)."""
    m, arena = whole_array(memory), frame.arena
    amplitude, slope = np.float32(a.amplitude), np.float32(a.slope)
    for i in range(0, a.size, LANES):
        store(m, arena + a.y + i, hyperbolic_tangent(load(m, arena + a.x + i) * slope) * amplitude)


@step("dx dy y size", amplitude=float, slope=float)
def scaled_tanh_backward(memory, parameters, table, a, frame):
    """dx = dy * slope * (amplitude - y^2 / amplitude)."""
    m, arena = whole_array(memory), frame.arena
    amplitude, slope = np.float32(a.amplitude), np.float32(a.slope)
    for i in range(0, a.size, LANES):
        y = load(m, arena + a.y + i)
        store(m, arena + a.dx + i, load(m, arena + a.dy + i) * (splat(amplitude) - y * y / amplitude) * slope)


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
            summed = multiply_add(load(m, arena + a.dy + i), load(m, arena + a.x + i), summed)
        old = m[slot + a.dfactor + c] if frame.accumulate != 0 else ZERO
        m[slot + a.dfactor + c] = old + total(summed) * np.float32(a.factor)


@step("y h t x size")
def gate_forward(memory, parameters, table, a, frame):
    """y = t*h + (1 - t)*x."""
    m, arena = whole_array(memory), frame.arena
    for i in range(0, a.size, LANES):
        h, t, x = load(m, arena + a.h + i), load(m, arena + a.t + i), load(m, arena + a.x + i)
        store(m, arena + a.y + i, t * h + (splat(ONE) - t) * x)


@step("dh dt dx dy h t x size")
def gate_backward(memory, parameters, table, a, frame):
    """dh = dy*t, dt = dy*(h - x), dx = dy*(1 - t)."""
    m, arena = whole_array(memory), frame.arena
    for i in range(0, a.size, LANES):
        dy, h = load(m, arena + a.dy + i), load(m, arena + a.h + i)
        t, x = load(m, arena + a.t + i), load(m, arena + a.x + i)
        store(m, arena + a.dh + i, dy * t)
        store(m, arena + a.dt + i, dy * (h - x))
        store(m, arena + a.dx + i, dy * (splat(ONE) - t))


@step("y x centres features classes shard")
def rbf_forward(memory, parameters, table, a, frame):
    """y[k] = -(sum over f of (x[f] - centre[k,f])^2)."""
    m, p, arena = whole_array(memory), whole_array(parameters), frame.arena
    for k in range(a.classes):
        for n in range(0, a.shard, LANES):
            summed = splat(ZERO)
            for f in range(a.features):
                gap = load(m, arena + a.x + f * a.shard + n) - p[a.centres + k * a.features + f]
                summed = summed - gap * gap
            store_first(m, arena + a.y + k * a.shard + n, summed, a.shard - n)


@step("dx dy x centres features classes shard")
def rbf_backward(memory, parameters, table, a, frame):
    """dx[f] = sum over k of 2 * dy[k] * (centre[k,f] - x[f])."""
    m, p, arena = whole_array(memory), whole_array(parameters), frame.arena
    for f in range(a.features):
        for n in range(0, a.shard, LANES):
            x = load(m, arena + a.x + f * a.shard + n)
            summed = splat(ZERO)
            for k in range(a.classes):
                dy = load(m, arena + a.dy + k * a.shard + n)
                summed += dy * (splat(p[a.centres + k * a.features + f]) - x)
            store_first(m, arena + a.dx + f * a.shard + n, summed + summed, a.shard - n)
