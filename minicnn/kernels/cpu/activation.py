"""Functions of single numbers, vector by vector over a stretch of memory: activations, their gradients, sums of gradients."""

import numpy as np

from minicnn.kernels.compile import kernel, step
from minicnn.kernels.cpu.atomics import as_double, whole_array
from minicnn.kernels.cpu.elementary import hyperbolic_tangent, sigmoid
from minicnn.kernels.cpu.program import ARENA
from minicnn.kernels.cpu.vector import LANES, load, select, splat, store

ZERO = np.float32(0)
ONE = np.float32(1)


@kernel
def leaky_relu_forward(y, y_at, x, x_at, size, slope):
    """y = x where x > 0, else slope * x (slope 0 is relu; NaN stays NaN)."""
    for i in range(0, size, LANES):
        v = load(x, x_at + i)
        store(y, y_at + i, select(v <= ZERO, v * slope, v))


@kernel
def leaky_relu_backward(dx, dx_at, dy, dy_at, y, y_at, size, slope):
    """dx = dy where y > 0, else slope * dy: y has the sign of x, and dx may be dy itself."""
    for i in range(0, size, LANES):
        g = load(dy, dy_at + i)
        store(dx, dx_at + i, select(load(y, y_at + i) > ZERO, g, g * slope))


@kernel
def tanh_forward(y, y_at, x, x_at, size):
    """y = tanh(x)."""
    for i in range(0, size, LANES):
        store(y, y_at + i, hyperbolic_tangent(load(x, x_at + i)))


@kernel
def tanh_backward(dx, dx_at, dy, dy_at, y, y_at, size):
    """dx = dy * (1 - y^2)."""
    for i in range(0, size, LANES):
        v = load(y, y_at + i)
        store(dx, dx_at + i, load(dy, dy_at + i) * (splat(ONE) - v * v))


@kernel
def sigmoid_forward(y, y_at, x, x_at, size):
    """y = 1 / (1 + exp(-x))."""
    for i in range(0, size, LANES):
        store(y, y_at + i, sigmoid(load(x, x_at + i)))


@kernel
def sigmoid_backward(dx, dx_at, dy, dy_at, y, y_at, size):
    """dx = dy * y * (1 - y)."""
    for i in range(0, size, LANES):
        v = load(y, y_at + i)
        store(dx, dx_at + i, load(dy, dy_at + i) * v * (splat(ONE) - v))


@kernel
def copy(y, y_at, x, x_at, size):
    """y = x."""
    for i in range(0, size, LANES):
        store(y, y_at + i, load(x, x_at + i))


@kernel
def add(y, y_at, x, x_at, size):
    """y += x."""
    for i in range(0, size, LANES):
        store(y, y_at + i, load(y, y_at + i) + load(x, x_at + i))


@kernel
def add_bias(y, y_at, channels, plane, bias, b_at):
    """y[c] += bias[c]."""
    for c in range(channels):
        number = splat(bias[b_at + c])
        for i in range(c * plane, (c + 1) * plane, LANES):
            store(y, y_at + i, load(y, y_at + i) + number)


# Steps: offsets are into the arena.

@step
def relu_step_forward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    leaky_relu_forward(m, arena + a[0], m, arena + a[1], a[2], np.float32(as_double(a[3])))


@step
def relu_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    leaky_relu_backward(m, arena + a[0], m, arena + a[1], m, arena + a[2], a[3], np.float32(as_double(a[4])))


@step
def tanh_step_forward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    tanh_forward(m, arena + a[0], m, arena + a[1], a[2])


@step
def tanh_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    tanh_backward(m, arena + a[0], m, arena + a[1], m, arena + a[2], a[3])


@step
def sigmoid_step_forward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    sigmoid_forward(m, arena + a[0], m, arena + a[1], a[2])


@step
def sigmoid_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    sigmoid_backward(m, arena + a[0], m, arena + a[1], m, arena + a[2], a[3])


@step
def copy_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    copy(m, arena + a[0], m, arena + a[1], a[2])


@step
def add_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    add(m, arena + a[0], m, arena + a[1], a[2])


@step
def add_bias_step(memory, parameters, table, a, frame):
    add_bias(whole_array(memory), frame[ARENA] + a[0], a[1], a[2], whole_array(parameters), a[3])
