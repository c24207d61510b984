"""Batch normalization: the statistics of a batch, what follows from them, and the gradient; `textbook/batch_normalization.py` has the loops.

    mean[c] = sum of x / (N*L),   variance[c] = sum of (x - mean[c])**2 / (N*L)        over positions and true images
    y = max(floor, gamma[c] * z + beta[c])            where  z = (x - mean[c]) / sqrt(variance[c] + epsilon)
    dbeta[c] = sum of dy,   dgamma[c] = sum of dy * z
    dx = gamma[c] / sqrt(variance[c] + epsilon) * (dy - dbeta[c] / (N*L) - z * dgamma[c] / (N*L))

Two passes, and no sum of squares: a mean far from 0 costs no digits.  The sums are those of `row_sums.py`; of dy and of dy * z they are
formed together, for both read dy.  What is elementwise is a thread for each four images, with nothing left in the lanes beyond that counts.
"""

from __future__ import annotations

import math

import numpy as np
from numba import cuda, float64

from minicnn.kernels.cuda.arguments import append
from minicnn.kernels.cuda.combine import NO_FLOOR, Finish, append_combine
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution.choice import parts_to_fill
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.row_sums import THREADS, append_row_sums
from minicnn.kernels.cuda.vector import load4, store4

PAIR = 2 * THREADS

i32 = np.int32


def make_moment_sums(gradients: bool):
    """The kernel of the forward pass, y[split, c]; or of the gradients, y[split, 0, c] and y[split, 1, c]."""
    ROWS = 2 if gradients else 1

    def moment_sums(y, dy, x, mean, quads, row_quads, images, channels, splits, scale):
        """One block: one split of one channel.

        dy : x itself where its squares are added
        quads, row_quads : fours of images of a channel, and of a position; `images`: true ones
        """
        shared = cuda.shared.array(PAIR, float64)
        thread = cuda.threadIdx.x
        channel = i32(cuda.blockIdx.x // splits)
        split = i32(cuda.blockIdx.x - channel * splits)
        quad = i32(split * quads // splits + thread)
        stop = i32((split + 1) * quads // splits)
        column = i32(quad % row_quads)
        jump = i32(THREADS % row_quads)
        middle = mean[channel]
        plain, weighted = np.float64(0), np.float64(0)
        while quad < stop:
            at = (channel * quads + quad) * 4
            a, b, c, d = load4(x, at)
            a, b, c, d = a - middle, b - middle, c - middle, d - middle
            left = images - column * 4
            if gradients:
                g, h, k, l = load4(dy, at)
                product = g * a
                if left > 1:
                    g += h
                    product += h * b
                if left > 2:
                    g += k
                    product += k * c
                if left > 3:
                    g += l
                    product += l * d
                plain += g
                weighted += product
            else:
                square = a * a
                if left > 1:
                    square += b * b
                if left > 2:
                    square += c * c
                if left > 3:
                    square += d * d
                weighted += square
            quad = i32(quad + THREADS)
            column = i32(column + jump)
            if column >= row_quads:
                column = i32(column - row_quads)

        shared[thread] = plain
        shared[THREADS + thread] = weighted
        width = i32(THREADS // 2)
        while width > 0:
            cuda.syncthreads()
            if thread < width:
                shared[thread] += shared[thread + width]
                shared[THREADS + thread] += shared[THREADS + thread + width]
            width = i32(width // 2)
        if thread == 0:
            out = split * ROWS * channels + channel
            if gradients:
                y[out] = np.float32(shared[0] * scale)
                out += channels
            y[out] = np.float32(shared[THREADS] * scale)

    return moment_sums


SQUARES = Kernel(make_moment_sums(gradients=False), threads=THREADS)
GRADIENTS = Kernel(make_moment_sums(gradients=True), threads=THREADS)


def normalize(y, x, mean, variance, gamma, beta, epsilon, quads, channels, floor):
    """One thread: four images; `quads` of them a channel."""
    number = i32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    channel = i32(number // quads)
    if channel < channels:
        middle, scale, shift = mean[channel], gamma[channel] / math.sqrt(variance[channel] + epsilon), beta[channel]
        a, b, c, d = load4(x, number * 4)
        a, b, c, d = (a - middle) * scale + shift, (b - middle) * scale + shift, (c - middle) * scale + shift, (d - middle) * scale + shift
        # not max(): a device's drops a NaN that a processor keeps
        store4(y, number * 4, floor if a < floor else a, floor if b < floor else b, floor if c < floor else c, floor if d < floor else d)


NORMALIZE = Kernel(normalize, threads=THREADS)


def input_gradient(dx, dgamma, dbeta, dy, x, sums, mean, variance, gamma, epsilon, share, quads, channels):
    """One thread: four images; the first of a channel writes dgamma and dbeta as well.

    sums : (2, C): of dy, and of dy * (x - mean)
    share : 1 / (N*L)
    """
    number = i32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    channel = i32(number // quads)
    if channel < channels:
        middle, inner = mean[channel], np.float32(1) / math.sqrt(variance[channel] + epsilon)
        plain, weighted = sums[channel], sums[channels + channel] * inner
        if number == channel * quads:
            dbeta[channel] = plain
            dgamma[channel] = weighted
        outer = gamma[channel] * inner
        plain *= share
        weighted *= share * inner
        a, b, c, d = load4(x, number * 4)
        g, h, k, l = load4(dy, number * 4)
        store4(
            dx,
            number * 4,
            outer * (g - plain - (a - middle) * weighted),
            outer * (h - plain - (b - middle) * weighted),
            outer * (k - plain - (c - middle) * weighted),
            outer * (l - plain - (d - middle) * weighted),
        )


INPUT_GRADIENT = Kernel(input_gradient, threads=THREADS)


def follow(running_mean, running_variance, mean, variance, momentum, correction, channels):
    """correction : N*L / (N*L - 1), which makes a batch's variance an estimate of that of what it is drawn from"""
    channel = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if channel < channels:
        running_mean[channel] += momentum * (mean[channel] - running_mean[channel])
        running_variance[channel] += momentum * (variance[channel] * correction - running_variance[channel])


FOLLOW = Kernel(follow, threads=THREADS)


def append_batch_statistics(
    launches: Launches, mean: Handle, variance: Handle, x: Handle, channels: int, pixels: int, images: int, row: int
) -> None:
    """mean, variance (C,) of x, flat (C, L, row), over true images; of no numbers, zeros.  Only the mean square deviation: no correction."""
    share = 1 / max(1, pixels * images)
    append_row_sums(launches, mean, x, channels, (pixels,), (1,), images, row, share)
    _append_moments(launches, SQUARES, variance, x, x, mean, channels, pixels, images, row, share)


def append_normalize(
    launches: Launches,
    y: Handle,
    x: Handle,
    mean: Handle,
    variance: Handle,
    gamma: Handle,
    beta: Handle,
    epsilon: float,
    channels: int,
    pixels: int,
    row: int,
    rectify: bool = False,
) -> None:
    """y from x, flat (C, L, row), by the batch's statistics or the running ones; rectify: max(0, y)."""
    quads = pixels * row // 4
    arrays, numbers = (y, x, mean, variance, gamma, beta), (float(epsilon), quads, channels, 0.0 if rectify else NO_FLOOR)
    append(launches, NORMALIZE, -(-channels * quads // THREADS), arrays, numbers)


def append_running_statistics(
    launches: Launches,
    running_mean: Handle,
    running_variance: Handle,
    mean: Handle,
    variance: Handle,
    momentum: float,
    channels: int,
    count: int,
) -> None:
    """Let the running statistics (C,) follow those of a batch of `count` numbers a channel; one number has no variance to follow."""
    if count > 1:
        arrays, numbers = (running_mean, running_variance, mean, variance), (float(momentum), count / (count - 1), channels)
        append(launches, FOLLOW, -(-channels // THREADS), arrays, numbers)


def append_batch_norm_backward(
    launches: Launches,
    dx: Handle,
    dgamma: Handle,
    dbeta: Handle,
    dy: Handle,
    x: Handle,
    mean: Handle,
    variance: Handle,
    gamma: Handle,
    epsilon: float,
    channels: int,
    pixels: int,
    images: int,
    row: int,
) -> None:
    """dx, flat (C, L, row), and dgamma, dbeta (C,), where mean and variance are those of the batch, and depend on x."""
    sums, quads = launches.scratch(2 * channels), pixels * row // 4
    _append_moments(launches, GRADIENTS, sums, dy, x, mean, channels, pixels, images, row, 1.0)
    share = 1 / max(1, pixels * images)
    arrays = (dx, dgamma, dbeta, dy, x, sums, mean, variance, gamma)
    append(launches, INPUT_GRADIENT, -(-channels * quads // THREADS), arrays, (float(epsilon), share, quads, channels))


def _append_moments(
    launches: Launches,
    kernel: Kernel,
    sums: Handle,
    dy: Handle,
    x: Handle,
    mean: Handle,
    channels: int,
    pixels: int,
    images: int,
    row: int,
    scale: float,
) -> None:
    quads, size = pixels * row // 4, channels * (2 if kernel is GRADIENTS else 1)
    splits = parts_to_fill(channels, quads / THREADS) if images else 0
    parts, own = (sums, scale) if splits == 1 else (launches.scratch(splits * size), 1.0)
    append(launches, kernel, channels * splits, (parts, dy, x, mean), (quads, row // 4, images, channels, splits), (own,))
    if splits != 1:
        append_combine(launches, sums, parts, splits, size, finish=Finish(scale=scale))
