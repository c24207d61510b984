"""Local response normalization over images in lanes: at each pixel, a walk through the channels."""

import numpy as np

from minicnn.kernels.compile import kernel, step
from minicnn.kernels.cpu.atomics import as_double, whole_array
from minicnn.kernels.cpu.elementary import power
from minicnn.kernels.cpu.program import ARENA
from minicnn.kernels.cpu.vector import LANES, load, multiply_add, splat, store

ZERO = np.float32(0)


@kernel
def denominator(x, at, c, channels, plane, size, k, alpha):
    """k + alpha * sum of the squares of the `size` channels around c."""
    squares = splat(ZERO)
    for j in range(max(0, c - size // 2), min(channels - 1, c + (size - 1) // 2) + 1):
        value = load(x, at + j * plane)
        squares = multiply_add(value, value, squares)
    return multiply_add(squares, alpha, splat(k))


@kernel
def local_response_norm_forward(y, y_at, x, x_at, channels, plane, size, k, alpha, beta):
    """y = x / denominator**beta."""
    for i in range(0, plane, LANES):
        for c in range(channels):
            at = i + c * plane
            scale = power(denominator(x, x_at + i, c, channels, plane, size, k, alpha), -beta)
            store(y, y_at + at, load(x, x_at + at) * scale)


@kernel
def local_response_norm_backward(dx, dx_at, dy, dy_at, x, x_at, share, share_at, channels, plane, size, k, alpha, beta):
    """dx[i] = dy[i] / d[i]**beta - 2*alpha*beta * x[i] * sum over c of share[c],   share[c] = dy[c] * x[c] / d[c]**(beta + 1)

    share : scratch for one vector a channel
    """
    factor = np.float32(-2) * alpha * beta
    for i in range(0, plane, LANES):
        for c in range(channels):
            at = i + c * plane
            d = denominator(x, x_at + i, c, channels, plane, size, k, alpha)
            own = load(dy, dy_at + at) * power(d, -beta)
            store(dx, dx_at + at, own)
            store(share, share_at + c * LANES, own * load(x, x_at + at) / d)
        for c in range(channels):
            at = i + c * plane
            shares = splat(ZERO)
            for j in range(max(0, c - (size - 1) // 2), min(channels - 1, c + size // 2) + 1):
                shares += load(share, share_at + j * LANES)
            store(dx, dx_at + at, multiply_add(load(x, x_at + at) * factor, shares, load(dx, dx_at + at)))


@step
def local_response_norm_step_forward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    local_response_norm_forward(m, arena + a[0], m, arena + a[1], a[2], a[3], a[4], np.float32(as_double(a[5])),
                                np.float32(as_double(a[6])), np.float32(as_double(a[7])))


@step
def local_response_norm_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    local_response_norm_backward(m, arena + a[0], m, arena + a[1], m, arena + a[2], m, arena + a[3], a[4], a[5], a[6],
                                 np.float32(as_double(a[7])), np.float32(as_double(a[8])), np.float32(as_double(a[9])))
