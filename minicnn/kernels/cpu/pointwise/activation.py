"""Functions of single numbers, vector by vector over a stretch of memory: activations, their gradients, sums of gradients."""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import hyperbolic_tangent, sigmoid
from minicnn.kernels.cpu.lanes.vector import LANES, load, select, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
ONE = np.float32(1)
NO_FLOOR = np.float32(-np.inf)


@kernel
def relu_forward(y, y_at, x, x_at, size):
    """y = max(0, x); NaN stays NaN."""
    for i in range(0, size, LANES):
        v = load(x, x_at + i)
        store(y, y_at + i, select(v <= ZERO, ZERO, v))


@kernel
def relu_backward(dx, dx_at, dy, dy_at, y, y_at, size):
    """dx = dy where y > 0, else 0: y may as well be x, and dx dy itself."""
    for i in range(0, size, LANES):
        store(dx, dx_at + i, select(load(y, y_at + i) <= ZERO, ZERO, load(dy, dy_at + i)))


@kernel
def leaky_relu_forward(y, y_at, x, x_at, size, slope):
    """y = x where x > 0, else slope * x (NaN stays NaN)."""
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
def add_two(y, y_at, a, a_at, b, b_at, size, floor):
    """y = max(floor, a + b); NaN stays NaN."""
    for i in range(0, size, LANES):
        value = load(a, a_at + i) + load(b, b_at + i)
        store(y, y_at + i, select(value < floor, floor, value))


@kernel
def stretch(size, frame):
    """(begin, elements) of a task's part of `size` elements, a multiple of LANES."""
    first, stop = share(size // LANES, frame)
    return first * LANES, (stop - first) * LANES


@kernel
def stretch_of_array(size, frame):
    """(begin, stop, last) of a task's part of an array of `size` >= LANES elements, which need not be whole vectors.

    begin .. stop are whole vectors.  Where the array's end is no vector's end, `last` is where a vector begins that ends with the array
    and computes a few elements again; else -1.
    """
    first, stop = share((size + LANES - 1) // LANES, frame)
    begin, stop = first * LANES, stop * LANES
    if stop > size and stop > begin:
        return begin, stop - LANES, size - LANES
    return begin, stop, -1


# Steps: offsets are into the arena.  A task may do a part.


@step("y x size", slope=float, splits=True)
def relu_step_forward(memory, parameters, table, a, frame):
    m, (begin, size), slope = whole_array(memory), stretch(a.size, frame), np.float32(a.slope)
    arena = frame.arena + begin
    if slope == ZERO:
        relu_forward(m, arena + a.y, m, arena + a.x, size)
    else:
        leaky_relu_forward(m, arena + a.y, m, arena + a.x, size, slope)


@step("dx dy y size", slope=float, splits=True)
def relu_step_backward(memory, parameters, table, a, frame):
    m, (begin, size), slope = whole_array(memory), stretch(a.size, frame), np.float32(a.slope)
    arena = frame.arena + begin
    if slope == ZERO:
        relu_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, size)
    else:
        leaky_relu_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, size, slope)


@step("y x size", splits=True)
def tanh_step_forward(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    tanh_forward(m, arena + a.y, m, arena + a.x, size)


@step("dx dy y size", splits=True)
def tanh_step_backward(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    tanh_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, size)


@step("y x size", amplitude=float, slope=float, splits=True)
def scaled_tanh_step_forward(memory, parameters, table, a, frame):
    """y = amplitude * tanh(slope * x)."""
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    amplitude, slope = np.float32(a.amplitude), np.float32(a.slope)
    for i in range(0, size, LANES):
        store(m, arena + a.y + i, hyperbolic_tangent(load(m, arena + a.x + i) * slope) * amplitude)


@step("dx dy y size", amplitude=float, slope=float, splits=True)
def scaled_tanh_step_backward(memory, parameters, table, a, frame):
    """dx = dy * slope * (amplitude - y^2 / amplitude)."""
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    amplitude, slope = np.float32(a.amplitude), np.float32(a.slope)
    for i in range(0, size, LANES):
        y = load(m, arena + a.y + i)
        store(m, arena + a.dx + i, load(m, arena + a.dy + i) * (splat(amplitude) - y * y / amplitude) * slope)


@step("y x size", splits=True)
def sigmoid_step_forward(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    sigmoid_forward(m, arena + a.y, m, arena + a.x, size)


@step("dx dy y size", splits=True)
def sigmoid_step_backward(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    sigmoid_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.y, size)


@step("y x size", splits=True)
def copy_step(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    copy(m, arena + a.y, m, arena + a.x, size)


@step("y x size", splits=True)
def add_step(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena = frame.arena + begin
    add(m, arena + a.y, m, arena + a.x, size)


@step("y a b size rectify", splits=True)
def add_two_step(memory, parameters, table, a, frame):
    m, (begin, size) = whole_array(memory), stretch(a.size, frame)
    arena, floor = frame.arena + begin, ZERO if a.rectify != 0 else NO_FLOOR
    add_two(m, arena + a.y, m, arena + a.a, m, arena + a.b, size, floor)
