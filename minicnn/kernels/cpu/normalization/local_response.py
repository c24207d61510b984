"""Local response normalization: a walk through the channels, a block of pixels at a time.

In the engine a lane is an image at some pixel, in a user's array it is a pixel; the loops are the same, for either way the numbers of a
channel lie side by side in a `plane`.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.elementary import power
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, store_first
from minicnn.kernels.cpu.pointwise.activation import stretch, stretch_of_array
from minicnn.kernels.cpu.program.atomics import as_double, floats_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, COUNT, EXTRA, FIRST, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
BLOCK = 4 * LANES  # pixels that go through all channels together: a stretch long enough for the memory, short enough for the cache


@kernel
def denominator(x, at, c, channels, plane, size, k, alpha):
    """k + alpha * sum of the squares of the `size` channels around c."""
    squares = splat(ZERO)
    for j in range(max(0, c - size // 2), min(channels - 1, c + (size - 1) // 2) + 1):
        value = load(x, at + j * plane)
        squares = multiply_add(value, value, squares)
    return multiply_add(squares, alpha, splat(k))


@kernel
def local_response_norm_forward(y, y_at, x, x_at, channels, plane, begin, stop, size, k, alpha, beta):
    """y = x / denominator**beta for the elements begin .. stop of every plane; a last vector may be cut short."""
    for block in range(begin, stop, BLOCK):
        for c in range(channels):
            for i in range(block, min(block + BLOCK, stop), LANES):
                at = i + c * plane
                scale = power(denominator(x, x_at + i, c, channels, plane, size, k, alpha), -beta)
                store_first(y, y_at + at, load(x, x_at + at) * scale, stop - i)


@kernel
def local_response_norm_backward(dx, dx_at, dy, dy_at, x, x_at, scratch, own_at, channels, plane, begin, stop, size, k, alpha, beta):
    """dx[i] = dy[i] / d[i]**beta - 2*alpha*beta * x[i] * sum over c of share[c],   share[c] = dy[c] * x[c] / d[c]**(beta + 1)

    scratch : for dy[c] / d[c]**beta and the shares, each one block a channel
    """
    share_at = own_at + channels * BLOCK
    factor = np.float32(-2) * alpha * beta
    for block in range(begin, stop, BLOCK):
        last = min(block + BLOCK, stop)
        for c in range(channels):
            for i in range(block, last, LANES):
                at = i + c * plane
                d = denominator(x, x_at + i, c, channels, plane, size, k, alpha)
                own = load(dy, dy_at + at) * power(d, -beta)
                store(scratch, own_at + c * BLOCK + i - block, own)
                store(scratch, share_at + c * BLOCK + i - block, own * load(x, x_at + at) / d)
        for c in range(channels):
            for i in range(block, last, LANES):
                at = i + c * plane
                shares = splat(ZERO)
                for j in range(max(0, c - (size - 1) // 2), min(channels - 1, c + size // 2) + 1):
                    shares += load(scratch, share_at + j * BLOCK + i - block)
                own = load(scratch, own_at + c * BLOCK + i - block)
                store(dx, dx_at + at, multiply_add(load(x, x_at + at) * factor, shares, own))


@step(splits=True)
def local_response_norm_step_forward(memory, parameters, table, a, frame):
    m, arena, vectors = whole_array(memory), frame[ARENA], (a[3] + LANES - 1) // LANES
    begin, stop = vectors * frame[PART] // frame[PARTS] * LANES, min(a[3], vectors * (frame[PART] + 1) // frame[PARTS] * LANES)
    local_response_norm_forward(
        m,
        arena + a[0],
        m,
        arena + a[1],
        a[2],
        a[3],
        begin,
        stop,
        a[4],
        np.float32(as_double(a[5])),
        np.float32(as_double(a[6])),
        np.float32(as_double(a[7])),
    )


@step
def local_response_norm_step_backward(memory, parameters, table, a, frame):
    m, arena, (begin, some) = whole_array(memory), frame[ARENA], stretch(a[5], frame)
    scratch = arena + a[3] + frame[PART] * 2 * a[4] * BLOCK
    local_response_norm_backward(
        m,
        arena + a[0],
        m,
        arena + a[1],
        m,
        arena + a[2],
        m,
        scratch,
        a[4],
        a[5],
        begin,
        begin + some,
        a[6],
        np.float32(as_double(a[7])),
        np.float32(as_double(a[8])),
        np.float32(as_double(a[9])),
    )


# Steps on arrays of the call, images one after the other.  Arguments: channels, plane, size, k, alpha, beta; scratch.


@step
def local_response_norm_array_forward(memory, parameters, table, a, frame):
    begin, stop, last = stretch_of_array(a[1], frame)
    k, alpha, beta = np.float32(as_double(a[3])), np.float32(as_double(a[4])), np.float32(as_double(a[5]))
    y, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1]))
    for n in range(frame[FIRST], frame[FIRST] + frame[COUNT]):
        at = n * a[0] * a[1]
        local_response_norm_forward(y, at, x, at, a[0], a[1], begin, stop, a[2], k, alpha, beta)
        if last >= 0:
            local_response_norm_forward(y, at, x, at, a[0], a[1], last, a[1], a[2], k, alpha, beta)


@step
def local_response_norm_array_backward(memory, parameters, table, a, frame):
    begin, stop, last = stretch_of_array(a[1], frame)
    k, alpha, beta = np.float32(as_double(a[3])), np.float32(as_double(a[4])), np.float32(as_double(a[5]))
    m, scratch = whole_array(memory), frame[ARENA] + a[6] + frame[PART] * 2 * a[0] * BLOCK
    dx, dy, x = whole_array(floats_at(frame[EXTRA])), whole_array(floats_at(frame[EXTRA + 1])), whole_array(floats_at(frame[EXTRA + 2]))
    for n in range(frame[FIRST], frame[FIRST] + frame[COUNT]):
        at = n * a[0] * a[1]
        local_response_norm_backward(dx, at, dy, at, x, at, m, scratch, a[0], a[1], begin, stop, a[2], k, alpha, beta)
        if last >= 0:
            local_response_norm_backward(dx, at, dy, at, x, at, m, scratch, a[0], a[1], last, a[1], a[2], k, alpha, beta)
