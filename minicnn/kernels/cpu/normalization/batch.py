"""Batch normalization over images in lanes, with statistics of the whole batch however it is cut into shards.

Each shard leaves the mean of its numbers and their summed squared deviations in memory common to all; then, in a later phase, every
shard combines all of them in the order of the shards (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983, eq. 2.1)
and gets the same bits.  The backward pass does the same with its two sums.  Lanes that are no images are left out, and their gradients
are 0.

Common memory, per layer: one row a shard, (2, C) float32.
"""

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES, first_lanes_mask, load, multiply_add, select, splat, store, total
from minicnn.kernels.cpu.program.atomics import as_double, whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, BATCH, COUNT, FIRST, SLOT
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
NO_FLOOR = np.float32(-np.inf)


@kernel
def shard_statistics(m, statistics, x_at, channels, pixels, shard, count):
    """statistics[c] = mean, statistics[channels + c] = sum of squared deviations, over the first `count` lanes of x."""
    share = np.float32(1.0 / (count * pixels))
    for c in range(channels):
        at = x_at + c * pixels * shard
        summed = splat(ZERO)
        for n in range(0, count, LANES):
            real = first_lanes_mask(count - n)
            for i in range(n, pixels * shard, shard):
                summed += select(real, load(m, at + i), ZERO)
        mean = total(summed) * share
        squares = splat(ZERO)
        for n in range(0, count, LANES):
            real = first_lanes_mask(count - n)
            for i in range(n, pixels * shard, shard):
                deviation = select(real, load(m, at + i) - mean, ZERO)
                squares = multiply_add(deviation, deviation, squares)
        m[statistics + c] = mean
        m[statistics + channels + c] = total(squares)


@kernel
def combined_statistics(m, statistics, c, channels, pixels, shard, batch):
    """Mean and summed squared deviations of channel c over all shards."""
    mean, squares, seen = 0.0, 0.0, 0
    for number in range((batch + shard - 1) // shard):
        own = min(shard, batch - number * shard) * pixels
        row = statistics + number * 2 * channels
        gap = m[row + c] - mean
        both = seen + own
        mean += gap * own / both
        squares += m[row + channels + c] + gap * gap * seen * own / both
        seen = both
    return mean, squares


@kernel
def normalize(m, y_at, x_at, size, scale, shift, floor):
    """y = max(floor, x * scale + shift)."""
    for i in range(0, size, LANES):
        value = load(m, x_at + i) * scale + shift
        store(m, y_at + i, select(value < floor, floor, value))


@kernel
def shard_gradient_sums(m, sums, dy_at, x_at, statistics, channels, pixels, shard, count, batch, epsilon):
    """sums[c] = sum of dy, sums[channels + c] = sum of dy * z, z the normalized x, over the first `count` lanes."""
    for c in range(channels):
        mean, squares = combined_statistics(m, statistics, c, channels, pixels, shard, batch)
        middle = np.float32(mean)
        scale = np.float32(1.0 / np.sqrt(squares / (batch * pixels) + epsilon))
        at = c * pixels * shard
        plain = splat(ZERO)
        weighted = splat(ZERO)
        for n in range(0, count, LANES):
            real = first_lanes_mask(count - n)
            for i in range(n, pixels * shard, shard):
                gradient = select(real, load(m, dy_at + at + i), ZERO)
                plain += gradient
                weighted = multiply_add(gradient, select(real, load(m, x_at + at + i) - middle, ZERO), weighted)
        m[sums + c] = total(plain)
        m[sums + channels + c] = total(weighted) * scale


@kernel
def input_gradient(m, dx_at, dy_at, x_at, pixels, shard, count, mean, scale, plain, weighted):
    """dx = scale[0] * (dy - plain - z * weighted) with z = (x - mean) * scale[1]; 0 in lanes that are no images."""
    outer, inner = scale
    for n in range(0, shard, LANES):
        real = first_lanes_mask(count - n)
        for i in range(n, pixels * shard, shard):
            z = (load(m, x_at + i) - mean) * inner
            gradient = (load(m, dy_at + i) - plain - z * weighted) * outer
            store(m, dx_at + i, select(real, gradient, ZERO))


# Steps.  Common memory is named by its place in `memory`, activations by theirs in the arena, the gradient by its place in the slot.


@step
def batch_norm_statistics(memory, parameters, table, a, frame):
    """a: common, x, channels, pixels, shard."""
    m = whole_array(memory)
    number = frame[FIRST] // a[4]
    shard_statistics(m, a[0] + number * 2 * a[2], frame[ARENA] + a[1], a[2], a[3], a[4], frame[COUNT])


@step
def batch_norm_training(memory, parameters, table, a, frame):
    """a: common, x, channels, pixels, shard, y, gamma, beta, running mean, running variance, momentum, epsilon, rectify, update."""
    m, p = whole_array(memory), whole_array(parameters)
    channels, pixels, shard, arena = a[2], a[3], a[4], frame[ARENA]
    momentum, epsilon = as_double(a[10]), as_double(a[11])
    size = frame[BATCH] * pixels
    for c in range(channels):
        mean, squares = combined_statistics(m, a[0], c, channels, pixels, shard, frame[BATCH])
        if a[13] != 0 and frame[FIRST] == 0 and size > 1:  # a single number has no variance to follow
            p[a[8] + c] += momentum * (mean - p[a[8] + c])
            p[a[9] + c] += momentum * (squares / (size - 1) - p[a[9] + c])
        scale = p[a[6] + c] / np.sqrt(squares / size + epsilon) if size > 1 else 0.0  # x - mean is 0, without rounding
        at = c * pixels * shard
        normalize(
            m,
            arena + a[5] + at,
            arena + a[1] + at,
            pixels * shard,
            np.float32(scale),
            np.float32(p[a[7] + c] - mean * scale),
            ZERO if a[12] != 0 else NO_FLOOR,
        )


@step
def batch_norm_inference(memory, parameters, table, a, frame):
    """a: unused, x, channels, pixels, shard, y, gamma, beta, running mean, running variance, unused, epsilon, rectify."""
    m, p = whole_array(memory), whole_array(parameters)
    size, arena = a[3] * a[4], frame[ARENA]
    for c in range(a[2]):
        scale = p[a[6] + c] / np.sqrt(p[a[9] + c] + as_double(a[11]))
        normalize(
            m,
            arena + a[5] + c * size,
            arena + a[1] + c * size,
            size,
            np.float32(scale),
            np.float32(p[a[7] + c] - p[a[8] + c] * scale),
            ZERO if a[12] != 0 else NO_FLOOR,
        )


@step
def batch_norm_gradient_sums(memory, parameters, table, a, frame):
    """a: statistics, x, channels, pixels, shard, dy, sums, epsilon."""
    m, arena = whole_array(memory), frame[ARENA]
    number = frame[FIRST] // a[4]
    shard_gradient_sums(
        m, a[6] + number * 2 * a[2], arena + a[5], arena + a[1], a[0], a[2], a[3], a[4], frame[COUNT], frame[BATCH], as_double(a[7])
    )


@step
def batch_norm_backward(memory, parameters, table, a, frame):
    """a: statistics, x, channels, pixels, shard, dy, sums, epsilon, dx, gamma, dgamma, dbeta."""
    m, p = whole_array(memory), whole_array(parameters)
    channels, pixels, shard, arena, slot = a[2], a[3], a[4], frame[ARENA], frame[SLOT]
    size = frame[BATCH] * pixels
    for c in range(channels):
        mean, squares = combined_statistics(m, a[0], c, channels, pixels, shard, frame[BATCH])
        inner = 1.0 / np.sqrt(squares / size + as_double(a[7]))
        plain, weighted = 0.0, 0.0
        for number in range((frame[BATCH] + shard - 1) // shard):
            plain += m[a[6] + number * 2 * channels + c]
            weighted += m[a[6] + number * 2 * channels + channels + c]
        at = c * pixels * shard
        input_gradient(
            m,
            arena + a[8] + at,
            arena + a[5] + at,
            arena + a[1] + at,
            pixels,
            shard,
            frame[COUNT],
            np.float32(mean),
            (np.float32(p[a[9] + c] * inner), np.float32(inner)),
            np.float32(plain / size),
            np.float32(weighted / size),
        )
        # the sums are the whole batch's: the first shard hands them in, the others nothing
        if frame[FIRST] == 0:
            m[slot + a[10] + c] = weighted
            m[slot + a[11] + c] = plain
        elif frame[ACCUMULATE] == 0:
            m[slot + a[10] + c] = ZERO
            m[slot + a[11] + c] = ZERO
