"""Small layers of the older and odder networks: scaled tanh, a factor and a bias for each map, gates, distances to centres."""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import hyperbolic_tangent
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, SLOT
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
ONE = np.float32(1)


@step
def scaled_tanh_forward(memory, parameters, table, a, frame):
    """y = amplitude * tanh(slope * x).  a: y, x, size, amplitude, slope."""
    m, arena = whole_array(memory), frame[ARENA]
    amplitude, slope = np.float32(as_double(a[3])), np.float32(as_double(a[4]))
    for i in range(0, a[2], LANES):
        store(m, arena + a[0] + i, hyperbolic_tangent(load(m, arena + a[1] + i) * slope) * amplitude)


@step
def scaled_tanh_backward(memory, parameters, table, a, frame):
    """dx = dy * slope * (amplitude - y^2 / amplitude).  a: dx, dy, y, size, amplitude, slope."""
    m, arena = whole_array(memory), frame[ARENA]
    amplitude, slope = np.float32(as_double(a[4])), np.float32(as_double(a[5]))
    for i in range(0, a[3], LANES):
        y = load(m, arena + a[2] + i)
        store(m, arena + a[0] + i, load(m, arena + a[1] + i) * (splat(amplitude) - y * y / amplitude) * slope)


@kernel
def scale_channels(m, y_at, x_at, channels, plane, factors, f_at, factor, biases, b_at, with_bias):
    """y[c] = factors[c] * factor * x[c] + biases[c]."""
    for c in range(channels):
        own = factors[f_at + c] * factor
        shift = biases[b_at + c] if with_bias else ZERO
        for i in range(0, plane, LANES):
            at = c * plane + i
            store_first(m, y_at + at, load(m, x_at + at) * own + shift, plane - i)


@step
def scale_channels_step(memory, parameters, table, a, frame):
    """a: y, x, channels, plane, factors, a common factor, biases, with bias."""
    p, arena = whole_array(parameters), frame[ARENA]
    scale_channels(whole_array(memory), arena + a[0], arena + a[1], a[2], a[3], p, a[4], np.float32(as_double(a[5])), p, a[6], a[7] != 0)


@step
def factor_gradient_step(memory, parameters, table, a, frame):
    """dfactor[c] = factor * sum of dy[c] * x[c].  a: dfactor (slot), dy, x, channels, plane, the common factor."""
    m, arena, slot = whole_array(memory), frame[ARENA], frame[SLOT]
    for c in range(a[3]):
        summed = splat(ZERO)
        for i in range(c * a[4], (c + 1) * a[4], LANES):
            summed = multiply_add(load(m, arena + a[1] + i), load(m, arena + a[2] + i), summed)
        old = m[slot + a[0] + c] if frame[ACCUMULATE] != 0 else ZERO
        m[slot + a[0] + c] = old + total(summed) * np.float32(as_double(a[5]))


@step
def gate_forward(memory, parameters, table, a, frame):
    """y = t*h + (1 - t)*x.  a: y, h, t, x, size."""
    m, arena = whole_array(memory), frame[ARENA]
    for i in range(0, a[4], LANES):
        h, t, x = load(m, arena + a[1] + i), load(m, arena + a[2] + i), load(m, arena + a[3] + i)
        store(m, arena + a[0] + i, t * h + (splat(ONE) - t) * x)


@step
def gate_backward(memory, parameters, table, a, frame):
    """dh = dy*t, dt = dy*(h - x), dx = dy*(1 - t).  a: dh, dt, dx, dy, h, t, x, size."""
    m, arena = whole_array(memory), frame[ARENA]
    for i in range(0, a[7], LANES):
        dy, h = load(m, arena + a[3] + i), load(m, arena + a[4] + i)
        t, x = load(m, arena + a[5] + i), load(m, arena + a[6] + i)
        store(m, arena + a[0] + i, dy * t)
        store(m, arena + a[1] + i, dy * (h - x))
        store(m, arena + a[2] + i, dy * (splat(ONE) - t))


@step
def rbf_forward(memory, parameters, table, a, frame):
    """y[k] = -(sum over f of (x[f] - centre[k,f])^2).  a: y, x, centres, features, classes, shard."""
    m, p, arena = whole_array(memory), whole_array(parameters), frame[ARENA]
    for k in range(a[4]):
        for n in range(0, a[5], LANES):
            summed = splat(ZERO)
            for f in range(a[3]):
                gap = load(m, arena + a[1] + f * a[5] + n) - p[a[2] + k * a[3] + f]
                summed = summed - gap * gap
            store_first(m, arena + a[0] + k * a[5] + n, summed, a[5] - n)


@step
def rbf_backward(memory, parameters, table, a, frame):
    """dx[f] = sum over k of 2 * dy[k] * (centre[k,f] - x[f]).  a: dx, dy, x, centres, features, classes, shard."""
    m, p, arena = whole_array(memory), whole_array(parameters), frame[ARENA]
    for f in range(a[4]):
        for n in range(0, a[6], LANES):
            x = load(m, arena + a[2] + f * a[6] + n)
            summed = splat(ZERO)
            for k in range(a[5]):
                dy = load(m, arena + a[1] + k * a[6] + n)
                summed += dy * (splat(p[a[3] + k * a[4] + f]) - x)
            store_first(m, arena + a[0] + f * a[6] + n, summed + summed, a[6] - n)
