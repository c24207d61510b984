"""Pooling across channels on a user's float32 arrays, where they lie: a lane is a pixel, and `size` planes become one.

A plane is walked in whole vectors; a last one that would reach over its end is moved back and computes a few pixels again.  The gradients
look at x again instead of keeping winners and lengths.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, multiply_add, power_of_two, select, splat, square_root, store
from minicnn.kernels.cpu.pooling.l2 import magnitude, whole_exponent
from minicnn.kernels.cpu.program.operands import array_of, share
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel(inline=True)
def each_vector(pool, small, large, result, a, frame):
    """pool(...) for every vector of pixels of a task's pooled planes, or a part of them.

    small, large : arrays with one plane where the other has `size`
    result : what the size of the large one is written to, if a gradient is
    """
    size, plane = a.size, a.plane
    first, stop = share((plane + LANES - 1) // LANES, frame)
    for n in range(frame.first * a.pooled, (frame.first + frame.count) * a.pooled):
        for v in range(first, stop):
            i = min(v * LANES, plane - LANES)
            pool(small, n * plane + i, large, n * size * plane + i, result, size, plane)


@kernel(inline=True)
def largest(y, y_at, x, x_at, result, size, plane):
    """y = max over c of x[c]; the first NaN stays."""
    best = load(x, x_at)
    for c in range(1, size):
        value = load(x, x_at + c * plane)
        best = select(beats(value, best), value, best)
    store(y, y_at, best)


@kernel(inline=True)
def gradient_of_largest(dy, y_at, x, x_at, dx, size, plane):
    """dx[c] = dy where c is the first channel that has the maximum, else 0."""
    best = load(x, x_at)
    winner = splat(ZERO)
    for c in range(1, size):
        value = load(x, x_at + c * plane)
        wins = beats(value, best)
        best, winner = select(wins, value, best), select(wins, splat(np.float32(c)), winner)
    gradient = load(dy, y_at)
    for c in range(size):
        store(dx, x_at + c * plane, select(winner == np.float32(c), gradient, ZERO))


@kernel(inline=True)
def mean(y, y_at, x, x_at, result, size, plane):
    """y = (sum over c of x[c]) / size."""
    summed = splat(ZERO)
    for c in range(size):
        summed += load(x, x_at + c * plane)
    store(y, y_at, summed / np.float32(size))


@kernel(inline=True)
def gradient_of_mean(dy, y_at, x, x_at, dx, size, plane):
    """dx[c] = dy / size."""
    gradient = load(dy, y_at) / np.float32(size)
    for c in range(size):
        store(dx, x_at + c * plane, gradient)


@kernel(inline=True)
def scaled_length(x, x_at, size, plane):
    """(l, e): the length of the channels is l * 2**e, l near 1 unless all are 0."""
    most = splat(ZERO)
    for c in range(size):
        value = magnitude(load(x, x_at + c * plane))
        most = select(value > most, value, most)
    e = whole_exponent(most)
    scale = power_of_two(splat(ZERO) - e)
    squares = splat(ZERO)
    for c in range(size):
        value = load(x, x_at + c * plane) * scale
        squares = multiply_add(value, value, squares)
    return square_root(squares), e


@kernel(inline=True)
def length(y, y_at, x, x_at, result, size, plane):
    """y = sqrt(sum over c of x[c]**2)."""
    scaled, e = scaled_length(x, x_at, size, plane)
    store(y, y_at, scaled * power_of_two(e))


@kernel(inline=True)
def gradient_of_length(dy, y_at, x, x_at, dx, size, plane):
    """dx[c] = dy * x[c] / y, 0 where y is 0."""
    scaled, e = scaled_length(x, x_at, size, plane)
    scale = power_of_two(splat(ZERO) - e)
    gradient = load(dy, y_at)
    for c in range(size):
        part = load(x, x_at + c * plane) * scale / scaled
        store(dx, x_at + c * plane, select(scaled == ZERO, ZERO, gradient * part))


# Steps on arrays of the call: what is written, then what is read.  `pooled` planes of a result, `plane` pixels of each.


@step("pooled size plane")
def channel_max_forward_step(memory, parameters, table, a, frame):
    """y from x."""
    each_vector(largest, array_of(frame, 0), array_of(frame, 1), 0, a, frame)


@step("pooled size plane")
def channel_max_backward_step(memory, parameters, table, a, frame):
    """dx from dy and x."""
    each_vector(gradient_of_largest, array_of(frame, 1), array_of(frame, 2), array_of(frame, 0), a, frame)


@step("pooled size plane")
def channel_avg_forward_step(memory, parameters, table, a, frame):
    """y from x."""
    each_vector(mean, array_of(frame, 0), array_of(frame, 1), 0, a, frame)


@step("pooled size plane")
def channel_avg_backward_step(memory, parameters, table, a, frame):
    """dx from dy."""
    each_vector(gradient_of_mean, array_of(frame, 1), 0, array_of(frame, 0), a, frame)


@step("pooled size plane")
def channel_l2_forward_step(memory, parameters, table, a, frame):
    """y from x."""
    each_vector(length, array_of(frame, 0), array_of(frame, 1), 0, a, frame)


@step("pooled size plane")
def channel_l2_backward_step(memory, parameters, table, a, frame):
    """dx from dy and x."""
    each_vector(gradient_of_length, array_of(frame, 1), array_of(frame, 2), array_of(frame, 0), a, frame)
