"""Pooling across channels on a user's float32 arrays, where they lie: a lane is a pixel, and `size` planes become one.

A plane is walked in whole vectors; a last one that would reach over its end is moved back and computes a few pixels again.  The gradients
look at x again instead of keeping winners and lengths.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, multiply_add, power_of_two, select, splat, square_root, store
from minicnn.kernels.cpu.pointwise.activation import stretch_of_array
from minicnn.kernels.cpu.pooling.scaling import magnitude, whole_exponent
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import COUNT, EXTRA, FIRST
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
ONE = np.float32(1)


@kernel
def channel_max_pool_forward(y, y_at, x, x_at, size, plane, begin, stop):
    """y = max over c of x[c]; the first NaN stays."""
    for i in range(begin, stop, LANES):
        best = load(x, x_at + i)
        for c in range(1, size):
            value = load(x, x_at + c * plane + i)
            best = select(beats(value, best), value, best)
        store(y, y_at + i, best)


@kernel
def channel_max_pool_backward(dx, x, x_at, dy, y_at, size, plane, begin, stop):
    """dx[c] = dy where c is the first channel that has the maximum, else 0."""
    for i in range(begin, stop, LANES):
        best = load(x, x_at + i)
        winner = splat(ZERO)
        for c in range(1, size):
            value = load(x, x_at + c * plane + i)
            wins = beats(value, best)
            best, winner = select(wins, value, best), select(wins, splat(np.float32(c)), winner)
        gradient = load(dy, y_at + i)
        for c in range(size):
            store(dx, x_at + c * plane + i, select(winner == np.float32(c), gradient, ZERO))


@kernel
def channel_avg_pool_forward(y, y_at, x, x_at, size, plane, begin, stop):
    """y = (sum over c of x[c]) / size."""
    for i in range(begin, stop, LANES):
        summed = splat(ZERO)
        for c in range(size):
            summed += load(x, x_at + c * plane + i)
        store(y, y_at + i, summed / np.float32(size))


@kernel
def channel_avg_pool_backward(dx, x_at, dy, y_at, size, plane, begin, stop):
    """dx[c] = dy / size."""
    for i in range(begin, stop, LANES):
        gradient = load(dy, y_at + i) / np.float32(size)
        for c in range(size):
            store(dx, x_at + c * plane + i, gradient)


@kernel
def scaled_length(x, x_at, size, plane, i):
    """(l, e): the length of the channels is l * 2**e, l near 1 unless all are 0."""
    largest = splat(ZERO)
    for c in range(size):
        value = magnitude(load(x, x_at + c * plane + i))
        largest = select(value > largest, value, largest)
    e = whole_exponent(largest)
    scale = power_of_two(splat(ZERO) - e)
    squares = splat(ZERO)
    for c in range(size):
        value = load(x, x_at + c * plane + i) * scale
        squares = multiply_add(value, value, squares)
    return square_root(squares), e


@kernel
def channel_l2_pool_forward(y, y_at, x, x_at, size, plane, begin, stop):
    """y = sqrt(sum over c of x[c]**2)."""
    for i in range(begin, stop, LANES):
        length, e = scaled_length(x, x_at, size, plane, i)
        store(y, y_at + i, length * power_of_two(e))


@kernel
def channel_l2_pool_backward(dx, x, x_at, dy, y_at, size, plane, begin, stop):
    """dx[c] = dy * x[c] / y, 0 where y is 0."""
    for i in range(begin, stop, LANES):
        length, e = scaled_length(x, x_at, size, plane, i)
        scale = power_of_two(splat(ZERO) - e)
        gradient = load(dy, y_at + i)
        for c in range(size):
            share = load(x, x_at + c * plane + i) * scale / length
            store(dx, x_at + c * plane + i, select(length == ZERO, ZERO, gradient * share))


# Steps on arrays of the call: what is written, then what is read.  Arguments: pooled channels, size, pixels of a plane.


@step
def channel_max_forward_step(memory, parameters, table, a, frame):
    y, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_max_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_max_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], last, a[2])


@step
def channel_max_backward_step(memory, parameters, table, a, frame):
    dx, dy, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1])), whole_array(floats_at(frame[EXTRA + 2]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_max_pool_backward(dx, x, n * a[1] * a[2], dy, n * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_max_pool_backward(dx, x, n * a[1] * a[2], dy, n * a[2], a[1], a[2], last, a[2])


@step
def channel_avg_forward_step(memory, parameters, table, a, frame):
    y, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_avg_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_avg_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], last, a[2])


@step
def channel_avg_backward_step(memory, parameters, table, a, frame):
    dx, dy = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_avg_pool_backward(dx, n * a[1] * a[2], dy, n * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_avg_pool_backward(dx, n * a[1] * a[2], dy, n * a[2], a[1], a[2], last, a[2])


@step
def channel_l2_forward_step(memory, parameters, table, a, frame):
    y, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_l2_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_l2_pool_forward(y, n * a[2], x, n * a[1] * a[2], a[1], a[2], last, a[2])


@step
def channel_l2_backward_step(memory, parameters, table, a, frame):
    dx, dy, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1])), whole_array(floats_at(frame[EXTRA + 2]))
    begin, stop, last = stretch_of_array(a[2], frame)
    for n in range(frame[FIRST] * a[0], (frame[FIRST] + frame[COUNT]) * a[0]):
        channel_l2_pool_backward(dx, x, n * a[1] * a[2], dy, n * a[2], a[1], a[2], begin, stop)
        if last >= 0:
            channel_l2_pool_backward(dx, x, n * a[1] * a[2], dy, n * a[2], a[1], a[2], last, a[2])
