"""Batch normalization: the statistics of a batch, the running ones, and the gradients; `textbook/batch_normalization.py` has the loops.

    mean[c] = sum of x / (N*L),   variance[c] = sum of (x - mean[c])**2 / (N*L)        over positions and true images
    y = max(floor, gamma[c] * z + beta[c])                        where  z = (x - mean[c]) / sqrt(variance[c] + epsilon)
    dbeta[c] = sum of dy,   dgamma[c] = sum of dy * z
    dx = gamma[c] / sqrt(variance[c] + epsilon) * (dy - dbeta[c] / (N*L) - z * dgamma[c] / (N*L))

Two passes, and no sum of squares: a mean far from 0 costs no digits.  The sums are those of `row_sums.py`; what is elementwise is a thread
for each four images, and may take the place of what it is made from.
"""

from __future__ import annotations

import math

import numpy as np
from numba import cuda

from minicnn.kernels.cuda.combine import NO_FLOOR
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Launches, append
from minicnn.kernels.cuda.row_sums import GRADIENTS, SQUARES, SUM, THREADS, Layout, append_row_sums
from minicnn.kernels.cuda.vector import load4, store4, store_floored

i32 = np.int32


def normalize(y, x, mean, variance, gamma, beta, epsilon, quads, channels, floor):
    """One thread: four images; `quads` of them a channel."""
    number = i32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    channel = i32(number // quads)
    if channel < channels:
        middle, scale, shift = mean[channel], gamma[channel] / math.sqrt(variance[channel] + epsilon), beta[channel]
        a, b, c, d = load4(x, number * 4)
        a, b, c, d = (a - middle) * scale + shift, (b - middle) * scale + shift, (c - middle) * scale + shift, (d - middle) * scale + shift
        store_floored(y, number * 4, a, b, c, d, floor)


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


def follow(running_mean, running_variance, mean, variance, momentum, correction, channels):
    """correction : N*L / (N*L - 1), which makes a batch's variance an estimate of that of what it is drawn from"""
    channel = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if channel < channels:
        running_mean[channel] += momentum * (mean[channel] - running_mean[channel])
        running_variance[channel] += momentum * (variance[channel] * correction - running_variance[channel])


NORMALIZE, INPUT_GRADIENT, FOLLOW = (Kernel(python, threads=THREADS) for python in (normalize, input_gradient, follow))


Pair = tuple[Handle, Handle]  # of arrays (C,): mean and variance, gamma and beta, dgamma and dbeta


def append_batch_statistics(launches: Launches, statistics: Pair, x: Handle, layout: Layout) -> None:
    """Those of x over true images; of no numbers, zeros.  Only the mean square deviation: no correction."""
    mean, variance = statistics
    for kind, y, middle in ((SUM, mean, x), (SQUARES, variance, mean)):
        append_row_sums(launches, kind, y, (x, x, middle), layout, scale=1 / max(1, layout.numbers))


def append_normalize(
    launches: Launches, y: Handle, x: Handle, statistics: Pair, scale: Pair, epsilon: float, layout: Layout, rectify: bool = False
) -> None:
    """y from x by the statistics of the batch or the running ones, and by the scale, gamma and beta; rectify: max(0, y)."""
    numbers = (float(epsilon), layout.quads, layout.channels, 0.0 if rectify else NO_FLOOR)
    append(launches, NORMALIZE, -(-layout.channels * layout.quads // THREADS), (y, x, *statistics, *scale), numbers)


def append_running_statistics(launches: Launches, running: Pair, statistics: Pair, momentum: float, layout: Layout) -> None:
    """Let the running statistics follow those of a batch; one number a channel has no variance to follow."""
    if layout.numbers > 1:
        numbers = (float(momentum), layout.numbers / (layout.numbers - 1), layout.channels)
        append(launches, FOLLOW, -(-layout.channels // THREADS), (*running, *statistics), numbers)


def append_batch_norm_backward(
    launches: Launches, dx: Handle, gradients: Pair, dy: Handle, x: Handle, statistics: Pair, gamma: Handle, epsilon: float, layout: Layout
) -> None:
    """dx and the gradients dgamma, dbeta, where the statistics are those of the batch, and depend on x; dx may be dy."""
    sums = launches.scratch(2 * layout.channels)
    append_row_sums(launches, GRADIENTS, sums, (dy, x, statistics[0]), layout)
    numbers = (float(epsilon), 1 / max(1, layout.numbers), layout.quads, layout.channels)
    arrays = (dx, *gradients, dy, x, sums, *statistics, gamma)
    append(launches, INPUT_GRADIENT, -(-layout.channels * layout.quads // THREADS), arrays, numbers)
