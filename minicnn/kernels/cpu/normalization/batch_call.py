"""Batch normalization on a user's float32 arrays, where they lie: a lane is a pixel, a task some channels with all their images.

A channel goes three times over the same numbers, which stay in cache.  Sums are kept in float32 within a chunk and in float64 over the
chunks.  Planes narrower than a vector are turned around first, so that the images of a channel lie side by side.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, total
from minicnn.kernels.cpu.pooling.global_pooling import CHUNK, sum_of
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.cpu.program.operands import array_of, share
from minicnn.kernels.machine_code.compile import StepKernel, kernel, step

ZERO = np.float32(0)
CHANNEL_PARTS = 32


@kernel
def deviations_of(x, at, size, middle):
    """Sum of (x - middle), sum of (x - middle)**2."""
    whole = size // LANES * LANES
    summed, squares = 0.0, 0.0
    for chunk in range(0, whole, CHUNK):
        lanes, lanes_squared = splat(ZERO), splat(ZERO)
        for i in range(chunk, min(chunk + CHUNK, whole), LANES):
            deviation = load(x, at + i) - middle
            lanes += deviation
            lanes_squared = multiply_add(deviation, deviation, lanes_squared)
        summed += total(lanes)
        squares += total(lanes_squared)
    for i in range(whole, size):
        deviation_alone = x[at + i] - middle
        summed += deviation_alone
        squares += deviation_alone * deviation_alone
    return summed, squares


@kernel
def products_of(dy, x, at, size, middle):
    """Sum of dy * (x - middle)."""
    whole = size // LANES * LANES
    summed = 0.0
    for chunk in range(0, whole, CHUNK):
        lanes = splat(ZERO)
        for i in range(chunk, min(chunk + CHUNK, whole), LANES):
            lanes = multiply_add(load(dy, at + i), load(x, at + i) - middle, lanes)
        summed += total(lanes)
    for i in range(whole, size):
        summed += dy[at + i] * (x[at + i] - middle)
    return summed


@kernel
def scale_and_shift(y, x, at, size, middle, scale, shift):
    """y = (x - middle) * scale + shift."""
    whole = size // LANES * LANES
    for i in range(at, at + whole, LANES):
        store(y, i, multiply_add(load(x, i) - middle, scale, splat(shift)))
    for i in range(at + whole, at + size):
        y[i] = (x[i] - middle) * scale + shift


@kernel
def combine(dx, dy, x, at, size, middle, outer, plain, weighted):
    """dx = outer * (dy - plain - (x - middle) * weighted)."""
    whole = size // LANES * LANES
    for i in range(at, at + whole, LANES):
        store(dx, i, (load(dy, i) - plain - (load(x, i) - middle) * weighted) * outer)
    for i in range(at + whole, at + size):
        dx[i] = (dy[i] - plain - (x[i] - middle) * weighted) * outer


# Steps on arrays of the call.


@step("images channels pixels of_this_x", epsilon=float)
def training_step(memory, parameters, table, a, frame):
    """Writes y, mean, variance; reads x, gamma, beta."""
    y, mean, variance, x, gamma, beta = (
        array_of(frame, 0),
        array_of(frame, 1),
        array_of(frame, 2),
        array_of(frame, 3),
        array_of(frame, 4),
        array_of(frame, 5),
    )
    images, channels, pixels, count = a.images, a.channels, a.pixels, a.images * a.pixels
    first, stop = share(channels, frame)
    for c in range(first, stop):
        summed = 0.0
        for n in range(images):
            summed += sum_of(x, (n * channels + c) * pixels, pixels)
        # a mean far from zero comes out rounded; the deviations from it are small, and so is the rounding of their mean
        middle = np.float32(summed / count)
        summed, squares = 0.0, 0.0
        for n in range(images):
            own, own_squares = deviations_of(x, (n * channels + c) * pixels, pixels, middle)
            summed += own
            squares += own_squares
        gap = summed / count if middle - middle == 0 else 0.0  # an infinite mean has no rounding to make good
        spread = squares / count - gap * gap
        spread = 0.0 if spread < 0.0 else spread
        scale = gamma[c] / np.sqrt(spread + a.epsilon)
        for n in range(images):
            scale_and_shift(y, x, (n * channels + c) * pixels, pixels, middle, np.float32(scale), np.float32(beta[c] - gap * scale))
        mean[c] = np.float32(middle + gap)
        variance[c] = np.float32(spread)


@step("images channels pixels of_this_x", epsilon=float)
def inference_step(memory, parameters, table, a, frame):
    """Writes y; reads x, mean, variance, gamma, beta."""
    y, x, mean, variance, gamma, beta = (
        array_of(frame, 0),
        array_of(frame, 1),
        array_of(frame, 2),
        array_of(frame, 3),
        array_of(frame, 4),
        array_of(frame, 5),
    )
    images, channels, pixels = a.images, a.channels, a.pixels
    first, stop = share(channels, frame)
    for c in range(first, stop):
        scale = np.float32(gamma[c] / np.sqrt(variance[c] + a.epsilon))
        for n in range(images):
            scale_and_shift(y, x, (n * channels + c) * pixels, pixels, mean[c], scale, beta[c])


@step("images channels pixels of_this_x", epsilon=float)
def backward_step(memory, parameters, table, a, frame):
    """Writes dx, dgamma, dbeta; reads dy, x, mean, variance, gamma.  `of_this_x`: whether mean and variance are."""
    dx, dgamma, dbeta, dy, x = array_of(frame, 0), array_of(frame, 1), array_of(frame, 2), array_of(frame, 3), array_of(frame, 4)
    mean, variance, gamma = array_of(frame, 5), array_of(frame, 6), array_of(frame, 7)
    images, channels, pixels, count = a.images, a.channels, a.pixels, a.images * a.pixels
    first, stop = share(channels, frame)
    for c in range(first, stop):
        inner = 1.0 / np.sqrt(variance[c] + a.epsilon)
        plain, weighted = 0.0, 0.0
        for n in range(images):
            plain += sum_of(dy, (n * channels + c) * pixels, pixels)
            weighted += products_of(dy, x, (n * channels + c) * pixels, pixels, mean[c])
        weighted *= inner
        outer, weight = np.float32(gamma[c] * inner), 1.0 / count if a.of_this_x != 0 else 0.0
        plain_share = np.float32(plain * weight) if a.of_this_x != 0 else ZERO
        weighted_share = np.float32(weighted * inner * weight) if a.of_this_x != 0 else ZERO
        for n in range(images):
            combine(dx, dy, x, (n * channels + c) * pixels, pixels, mean[c], outer, plain_share, weighted_share)
        dgamma[c] = np.float32(weighted)
        dbeta[c] = np.float32(plain)


@step("rows columns")
def transpose_step(memory, parameters, table, a, frame):
    """Writes y (columns, rows); reads x (rows, columns)."""
    y, x, rows, columns = array_of(frame, 0), array_of(frame, 1), a.rows, a.columns
    first, stop = share((rows + LANES - 1) // LANES, frame)
    for row in range(first * LANES, min(rows, stop * LANES), LANES):
        whole = columns // LANES * LANES if row + LANES <= rows else 0
        for column in range(0, whole, LANES):
            transpose_square(y, column * rows + row, rows, x, row * columns + column, columns)
        for column in range(whole, columns):
            for r in range(row, min(row + LANES, rows)):
                y[column * rows + r] = x[r * columns + column]


def training(
    y: np.ndarray, mean: np.ndarray, variance: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> None:
    """y (N, C, L), mean and variance (C,) from x (N, C, L), gamma and beta (C,)."""
    _run(training_step, x.shape, epsilon, False, [y, mean, variance, x, gamma, beta], (0, 3))


def inference(
    y: np.ndarray, x: np.ndarray, mean: np.ndarray, variance: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float
) -> None:
    """y (N, C, L) from x (N, C, L) and four arrays (C,)."""
    _run(inference_step, x.shape, epsilon, False, [y, x, mean, variance, gamma, beta], (0, 1))


def backward(
    dx: np.ndarray,
    dgamma: np.ndarray,
    dbeta: np.ndarray,
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    gamma: np.ndarray,
    epsilon: float,
    training: bool,
) -> None:
    """dx (N, C, L), dgamma and dbeta (C,) from dy and x (N, C, L) and three arrays (C,)."""
    _run(backward_step, x.shape, epsilon, training, [dx, dgamma, dbeta, dy, x, mean, variance, gamma], (0, 3, 4))


def transpose(x: np.ndarray) -> np.ndarray:
    """(rows, columns) as (columns, rows)."""
    y = np.empty((x.shape[1], x.shape[0]), np.float32)
    _transpose(y, x)
    return y


def _run(kernel: StepKernel, shape: tuple[int, ...], epsilon: float, flag: bool, arrays: list[np.ndarray], large: tuple[int, ...]) -> None:
    """`large` numbers the arrays (N, C, L), what is written first."""
    images, channels, pixels = shape
    turned = arrays
    if pixels < LANES and images > 1:
        turned = list(arrays)
        for number in large[1:]:
            turned[number] = transpose(arrays[number].reshape(images, channels * pixels))
        turned[large[0]] = np.empty((channels * pixels, images), np.float32)
        images, pixels = 1, pixels * images
    parts = min(CHANNEL_PARTS, channels)

    def build(stage: Stage) -> None:
        stage.program.step(kernel, images=images, channels=channels, pixels=pixels, epsilon=epsilon, of_this_x=flag)
        stage.cut(parts)

    call((kernel.name, images, channels, pixels, epsilon, flag), build, 1, turned)
    if turned is not arrays:
        _transpose(arrays[large[0]], turned[large[0]])


def _transpose(y: np.ndarray, x: np.ndarray) -> None:
    """y, in memory (columns, rows), from x (rows, columns)."""
    rows, columns = x.shape

    def build(stage: Stage) -> None:
        stage.program.step(transpose_step, rows=rows, columns=columns)
        stage.cut(min(CHANNEL_PARTS, -(-rows // LANES)))

    call((transpose_step.name, rows, columns), build, 1, [y, x])
