"""Local response normalization: a walk through the channels, a block of pixels at a time.

In the engine a lane is an image at some pixel, in a user's array it is a pixel; the loops are the same, for either way the numbers of a
channel lie side by side in a `plane`.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import power
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, store_first
from minicnn.kernels.cpu.pointwise.activation import stretch_of_array
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import array_of, share
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
BLOCK = 4 * LANES  # pixels that go through all channels together: a stretch long enough for the memory, short enough for the cache


class Response(NamedTuple):
    """Channels of so many elements each; how many of them around one count, and the numbers of the formula."""

    channels: int
    plane: int
    size: int
    k: float
    alpha: float
    beta: float


@kernel
def response(a):
    """A step's Response with numbers of float32."""
    return Response(a.channels, a.plane, a.size, np.float32(a.k), np.float32(a.alpha), np.float32(a.beta))


@kernel
def denominator(x, at, c, how):
    """k + alpha * sum of the squares of the `size` channels around c."""
    squares = splat(ZERO)
    for j in range(max(0, c - how.size // 2), min(how.channels - 1, c + (how.size - 1) // 2) + 1):
        value = load(x, at + j * how.plane)
        squares = multiply_add(value, value, squares)
    return multiply_add(squares, how.alpha, splat(how.k))


@kernel
def local_response_norm_forward(y, y_at, x, x_at, begin, stop, how):
    """y = x / denominator**beta for the elements begin .. stop of every plane; a last vector may be cut short."""
    for block in range(begin, stop, BLOCK):
        for c in range(how.channels):
            for i in range(block, min(block + BLOCK, stop), LANES):
                at = i + c * how.plane
                scale = power(denominator(x, x_at + i, c, how), -how.beta)
                store_first(y, y_at + at, load(x, x_at + at) * scale, stop - i)


@kernel
def local_response_norm_backward(dx, dx_at, dy, dy_at, x, x_at, scratch, own_at, begin, stop, how):
    """dx[i] = dy[i] / d[i]**beta - 2*alpha*beta * x[i] * sum over c of share[c],   share[c] = dy[c] * x[c] / d[c]**(beta + 1)

    scratch : for dy[c] / d[c]**beta and the shares, each one block a channel
    """
    channels, plane, size = how.channels, how.plane, how.size
    share_at = own_at + channels * BLOCK
    factor = np.float32(-2) * how.alpha * how.beta
    for block in range(begin, stop, BLOCK):
        last = min(block + BLOCK, stop)
        for c in range(channels):
            for i in range(block, last, LANES):
                at = i + c * plane
                d = denominator(x, x_at + i, c, how)
                own = load(dy, dy_at + at) * power(d, -how.beta)
                store(scratch, own_at + c * BLOCK + i - block, own)
                store(scratch, share_at + c * BLOCK + i - block, own * load(x, x_at + at) / d)
        for c in range(channels):
            for i in range(block, last, LANES):
                at = i + c * plane
                shares = splat(ZERO)
                for j in range(max(0, c - (size - 1) // 2), min(channels - 1, c + size // 2) + 1):
                    shares += load(scratch, share_at + j * BLOCK + i - block)
                own = load(scratch, own_at + c * BLOCK + i - block)
                store_first(dx, dx_at + at, multiply_add(load(x, x_at + at) * factor, shares, own), stop - i)


@step("y x", how=Response, splits=True)
def local_response_norm_step_forward(memory, parameters, table, a, frame):
    m, how = whole_array(memory), response(a.how)
    first, stop = share((how.plane + LANES - 1) // LANES, frame)
    local_response_norm_forward(m, frame.arena + a.y, m, frame.arena + a.x, first * LANES, min(how.plane, stop * LANES), how)


@step("dx dy x scratch", how=Response, splits=True)
def local_response_norm_step_backward(memory, parameters, table, a, frame):
    m, arena, how = whole_array(memory), frame.arena, response(a.how)
    first, stop = share((how.plane + LANES - 1) // LANES, frame)
    scratch = arena + a.scratch + frame.part * 2 * how.channels * BLOCK
    begin, stop = first * LANES, min(how.plane, stop * LANES)
    local_response_norm_backward(m, arena + a.dx, m, arena + a.dy, m, arena + a.x, m, scratch, begin, stop, how)


# Steps on arrays of the call, images one after the other.


@step(how=Response)
def local_response_norm_array_forward(memory, parameters, table, a, frame):
    how, y, x = response(a.how), array_of(frame, 0), array_of(frame, 1)
    begin, stop, last = stretch_of_array(how.plane, frame)
    for n in range(frame.first, frame.first + frame.count):
        at = n * how.channels * how.plane
        local_response_norm_forward(y, at, x, at, begin, stop, how)
        if last >= 0:
            local_response_norm_forward(y, at, x, at, last, how.plane, how)


@step("scratch", how=Response)
def local_response_norm_array_backward(memory, parameters, table, a, frame):
    m, how, dx, dy, x = whole_array(memory), response(a.how), array_of(frame, 0), array_of(frame, 1), array_of(frame, 2)
    begin, stop, last = stretch_of_array(how.plane, frame)
    scratch = frame.arena + a.scratch + frame.part * 2 * how.channels * BLOCK
    for n in range(frame.first, frame.first + frame.count):
        at = n * how.channels * how.plane
        local_response_norm_backward(dx, at, dy, at, x, at, m, scratch, begin, stop, how)
        if last >= 0:
            local_response_norm_backward(dx, at, dy, at, x, at, m, scratch, last, how.plane, how)
