"""Batch normalization over images in lanes, with statistics of the whole batch however it is cut into shards.

Each shard leaves the mean of its numbers and their summed squared deviations in memory common to all; then, in a later phase, every
shard combines all of them in the order of the shards (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983, eq. 2.1)
and gets the same bits.  The backward pass does the same with its two sums.  Lanes that are no images are left out, and their gradients
are 0.

Common memory, per layer: one row a shard, (2, C) float32.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.shuffle import zip_high, zip_low
from minicnn.kernels.cpu.lanes.vector import (
    LANES,
    first_lanes_mask,
    load,
    load_first,
    multiply_add,
    select,
    splat,
    square_root,
    store_first,
    total,
)
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
NO_FLOOR = np.float32(-np.inf)


class Normalized(NamedTuple):
    """What is normalized: where its statistics lie in common memory, itself in the arena, and its sizes."""

    statistics: int
    x: Any
    channels: int
    pixels: int
    shard: int


class Affine(NamedTuple):
    """What becomes of it: y in the arena, the layer's parameters, and whether relu follows."""

    y: Any
    gamma: int
    beta: int
    running_mean: int
    running_variance: int
    epsilon: float
    rectify: bool


@kernel(inline=True)
def as_rows(pixels, shard, count):
    """(rows, lanes of a row, those that may be images): a channel as one row where a shard is no whole number of vectors."""
    if shard % LANES != 0:
        return 1, pixels * shard, pixels * shard
    return pixels, shard, count


@kernel
def lanes_of_images(shard, count):
    """1 where a lane of such a row is an image, else 0, until it begins anew; empty where all of them are, or where rows are vectors."""
    if shard % LANES == 0 or count == shard:
        return np.empty(0, np.float32)
    lanes = np.empty(shard * LANES, np.float32)
    for i in range(len(lanes)):
        lanes[i] = np.float32(1) if i % shard < count else ZERO
    return lanes


@kernel(inline=True)
def real_lanes(left, period, lanes, n):
    """The mask of a vector that begins at `n` of a row, of which `left` lanes are left; `period` is the length of `lanes`, or 0.

    Asked for once a vector of lanes, outside of the loop over rows: with an array in that loop, one image takes twice as long.
    """
    if period == 0:
        return first_lanes_mask(left)
    return select(first_lanes_mask(left), load(lanes, n % period), ZERO) > ZERO


@kernel
def sum_of(m, at, size):
    """The sum of numbers side by side: four sums wait for each other less than one would."""
    sum0, sum1, sum2, sum3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
    whole = size - size % (4 * LANES)
    for i in range(at, at + whole, 4 * LANES):
        sum0 += load(m, i)
        sum1 += load(m, i + LANES)
        sum2 += load(m, i + 2 * LANES)
        sum3 += load(m, i + 3 * LANES)
    for i in range(whole, size, LANES):
        sum0 += load_first(m, at + i, size - i)
    return total((sum0 + sum1) + (sum2 + sum3))


@kernel
def squares_of(m, at, size, mean):
    """The sum of their squared deviations."""
    sum0, sum1, sum2, sum3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
    whole = size - size % (4 * LANES)
    for i in range(at, at + whole, 4 * LANES):
        gap0, gap1, gap2, gap3 = load(m, i) - mean, load(m, i + LANES) - mean, load(m, i + 2 * LANES) - mean, load(m, i + 3 * LANES) - mean
        sum0, sum1 = multiply_add(gap0, gap0, sum0), multiply_add(gap1, gap1, sum1)
        sum2, sum3 = multiply_add(gap2, gap2, sum2), multiply_add(gap3, gap3, sum3)
    for i in range(whole, size, LANES):
        gap0 = select(first_lanes_mask(size - i), load(m, at + i) - mean, ZERO)
        sum0 = multiply_add(gap0, gap0, sum0)
    return total((sum0 + sum1) + (sum2 + sum3))


@kernel
def gradient_sums_of(m, dy_at, x_at, size, mean):
    """The sums of dy and of dy * (x - mean), side by side."""
    plain0, plain1, plain2, plain3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
    weighted0, weighted1, weighted2, weighted3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)
    whole = size - size % (4 * LANES)
    for i in range(0, whole, 4 * LANES):
        dy0, dy1 = load(m, dy_at + i), load(m, dy_at + i + LANES)
        dy2, dy3 = load(m, dy_at + i + 2 * LANES), load(m, dy_at + i + 3 * LANES)
        plain0 += dy0
        plain1 += dy1
        plain2 += dy2
        plain3 += dy3
        weighted0 = multiply_add(dy0, load(m, x_at + i) - mean, weighted0)
        weighted1 = multiply_add(dy1, load(m, x_at + i + LANES) - mean, weighted1)
        weighted2 = multiply_add(dy2, load(m, x_at + i + 2 * LANES) - mean, weighted2)
        weighted3 = multiply_add(dy3, load(m, x_at + i + 3 * LANES) - mean, weighted3)
    for i in range(whole, size, LANES):
        real = first_lanes_mask(size - i)
        dy0 = select(real, load(m, dy_at + i), ZERO)
        plain0 += dy0
        weighted0 = multiply_add(dy0, select(real, load(m, x_at + i) - mean, ZERO), weighted0)
    return total((plain0 + plain1) + (plain2 + plain3)), total((weighted0 + weighted1) + (weighted2 + weighted3))


@kernel
def shard_statistics(m, own, x, frame):
    """own[c] = mean, own[channels + c] = sum of squared deviations, over the lanes of x that are images; `own` is a place in memory.

    Where all of them are, eight images of 16 channels 32x32 in two shards take 9 microseconds, 37 by masks.
    """
    channels = x.channels
    pixels, shard, count = as_rows(x.pixels, x.shard, frame.count)
    lanes = lanes_of_images(x.shard, frame.count)
    each = np.float32(1.0 / (frame.count * x.pixels))
    first, stop = share(channels, frame)
    for c in range(first, stop):
        at = frame.arena + x.x + c * pixels * shard
        if frame.count == x.shard:
            mean = sum_of(m, at, pixels * shard) * each
            m[own + c] = mean
            m[own + channels + c] = squares_of(m, at, pixels * shard, mean)
            continue
        summed = splat(ZERO)
        for n in range(0, count, LANES):
            real = real_lanes(count - n, len(lanes), lanes, n)
            for i in range(n, pixels * shard, shard):
                summed += select(real, load(m, at + i), ZERO)
        mean = total(summed) * each
        squares = splat(ZERO)
        for n in range(0, count, LANES):
            real = real_lanes(count - n, len(lanes), lanes, n)
            for i in range(n, pixels * shard, shard):
                deviation = select(real, load(m, at + i) - mean, ZERO)
                squares = multiply_add(deviation, deviation, squares)
        m[own + c] = mean
        m[own + channels + c] = total(squares)


@kernel
def combined_statistics(m, x, c, batch):
    """Mean and summed squared deviations of channel c over all shards."""
    channels, pixels, shard = x.channels, x.pixels, x.shard
    mean, squares, seen = 0.0, 0.0, 0
    for number in range((batch + shard - 1) // shard):
        own = min(shard, batch - number * shard) * pixels
        row = x.statistics + number * 2 * channels
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
        store_first(m, y_at + i, select(value < floor, floor, value), size - i)


@kernel
def shard_gradient_sums(m, sums, dy, x, epsilon, frame):
    """sums[c] = sum of dy, sums[channels + c] = sum of dy * z, z the normalized x, over the lanes that are images."""
    channels, size = x.channels, frame.batch * x.pixels
    pixels, shard, count = as_rows(x.pixels, x.shard, frame.count)
    lanes = lanes_of_images(x.shard, frame.count)
    dy_at, x_at = frame.arena + dy, frame.arena + x.x
    first, stop = share(channels, frame)
    for c in range(first, stop):
        mean, squares = combined_statistics(m, x, c, frame.batch)
        middle = np.float32(mean)
        scale = np.float32(1.0 / np.sqrt(squares / size + epsilon))
        at = c * pixels * shard
        if frame.count == x.shard:
            plain_sum, weighted_sum = gradient_sums_of(m, dy_at + at, x_at + at, pixels * shard, middle)
            m[sums + c] = plain_sum
            m[sums + channels + c] = weighted_sum * scale
            continue
        plain = splat(ZERO)
        weighted = splat(ZERO)
        for n in range(0, count, LANES):
            real = real_lanes(count - n, len(lanes), lanes, n)
            for i in range(n, pixels * shard, shard):
                gradient = select(real, load(m, dy_at + at + i), ZERO)
                plain += gradient
                weighted = multiply_add(gradient, select(real, load(m, x_at + at + i) - middle, ZERO), weighted)
        m[sums + c] = total(plain)
        m[sums + channels + c] = total(weighted) * scale


@kernel
def input_gradient(m, dx_at, dy_at, x_at, pixels, shard, count, lanes, mean, scale, plain, weighted):
    """dx = scale[0] * (dy - plain - z * weighted) with z = (x - mean) * scale[1]; 0 in lanes that are no images."""
    outer, inner = scale
    if len(lanes) == 0 and count == shard:
        for i in range(0, pixels * shard, LANES):
            z = (load(m, x_at + i) - mean) * inner
            store_first(m, dx_at + i, (load(m, dy_at + i) - plain - z * weighted) * outer, pixels * shard - i)
        return
    for n in range(0, shard, LANES):
        real = real_lanes(count - n, len(lanes), lanes, n)
        for i in range(n, pixels * shard, shard):
            z = (load(m, x_at + i) - mean) * inner
            gradient = (load(m, dy_at + i) - plain - z * weighted) * outer
            store_first(m, dx_at + i, select(real, gradient, ZERO), shard - n)


# Steps.  Common memory is named by its place in `memory`, activations by theirs in the arena, the gradient by its place in the slot.


@step(input=Normalized, splits=True)
def batch_norm_statistics(memory, parameters, table, a, frame):
    x = values(Normalized, a.input)
    shard_statistics(whole_array(memory), x.statistics + frame.first // x.shard * 2 * x.channels, x, frame)


@step("update", input=Normalized, affine=Affine, momentum=float, splits=True)
def batch_norm_training(memory, parameters, table, a, frame):
    m, p = whole_array(memory), whole_array(parameters)
    x, affine, arena = values(Normalized, a.input), values(Affine, a.affine), frame.arena
    channels, pixels, shard = x.channels, x.pixels, x.shard
    momentum, epsilon = a.momentum, affine.epsilon
    size = frame.batch * pixels
    first, stop = share(channels, frame)
    for c in range(first, stop):
        mean, squares = combined_statistics(m, x, c, frame.batch)
        if a.update != 0 and frame.first == 0 and size > 1:  # a single number has no variance to follow
            p[affine.running_mean + c] += momentum * (mean - p[affine.running_mean + c])
            p[affine.running_variance + c] += momentum * (squares / (size - 1) - p[affine.running_variance + c])
        scale = p[affine.gamma + c] / np.sqrt(squares / size + epsilon) if size > 1 else 0.0  # x - mean is 0, without rounding
        at = c * pixels * shard
        shift, floor = p[affine.beta + c] - mean * scale, ZERO if affine.rectify != 0 else NO_FLOOR
        normalize(m, arena + affine.y + at, arena + x.x + at, pixels * shard, np.float32(scale), np.float32(shift), floor)


@step(input=Normalized, affine=Affine, splits=True)
def batch_norm_inference(memory, parameters, table, a, frame):
    m, p = whole_array(memory), whole_array(parameters)
    x, affine, arena = values(Normalized, a.input), values(Affine, a.affine), frame.arena
    size = x.pixels * x.shard
    first, stop = share(x.channels, frame)
    for c in range(first, stop):
        scale = p[affine.gamma + c] / np.sqrt(p[affine.running_variance + c] + affine.epsilon)
        shift, floor = p[affine.beta + c] - p[affine.running_mean + c] * scale, ZERO if affine.rectify != 0 else NO_FLOOR
        normalize(m, arena + affine.y + c * size, arena + x.x + c * size, size, np.float32(scale), np.float32(shift), floor)


@step("channels bias with_bias", affine=Affine, splits=True)
def batch_norm_factors(memory, parameters, table, a, frame):
    """A factor and a shift for each channel, side by side in common memory at `affine.y`, for a convolution whose sums they end.

    bias : of the convolution, which is part of the shift
    """
    m, p, affine = whole_array(memory), whole_array(parameters), values(Affine, a.affine)
    first, stop = share((a.channels + LANES - 1) // LANES, frame)
    epsilon = np.float32(affine.epsilon)
    for c in range(first * LANES, min(a.channels, stop * LANES), LANES):
        left = a.channels - c
        factor = load_first(p, affine.gamma + c, left) / square_root(load_first(p, affine.running_variance + c, left) + epsilon)
        before = load_first(p, affine.running_mean + c, left)
        if a.with_bias != 0:
            before = before - load_first(p, a.bias + c, left)
        shift = load_first(p, affine.beta + c, left) - before * factor
        at = affine.y + 2 * c
        store_first(m, at, zip_low(factor, shift), 2 * left)
        store_first(m, at + LANES, zip_high(factor, shift), 2 * left - LANES)


@step("dy sums", input=Normalized, epsilon=float, splits=True)
def batch_norm_gradient_sums(memory, parameters, table, a, frame):
    x = values(Normalized, a.input)
    shard_gradient_sums(whole_array(memory), a.sums + frame.first // x.shard * 2 * x.channels, a.dy, x, a.epsilon, frame)


@step("dy sums dx gamma dgamma dbeta", input=Normalized, epsilon=float, splits=True)
def batch_norm_backward(memory, parameters, table, a, frame):
    m, p = whole_array(memory), whole_array(parameters)
    x, arena, slot = values(Normalized, a.input), frame.arena, frame.slot
    channels, size = x.channels, frame.batch * x.pixels
    pixels, shard, count = as_rows(x.pixels, x.shard, frame.count)
    lanes = lanes_of_images(x.shard, frame.count)
    first, stop = share(channels, frame)
    for c in range(first, stop):
        mean, squares = combined_statistics(m, x, c, frame.batch)
        inner = 1.0 / np.sqrt(squares / size + a.epsilon)
        plain, weighted = 0.0, 0.0
        for number in range((frame.batch + x.shard - 1) // x.shard):
            plain += m[a.sums + number * 2 * channels + c]
            weighted += m[a.sums + number * 2 * channels + channels + c]
        at = c * pixels * shard
        input_gradient(
            m,
            arena + a.dx + at,
            arena + a.dy + at,
            arena + x.x + at,
            pixels,
            shard,
            count,
            lanes,
            np.float32(mean),
            (np.float32(p[a.gamma + c] * inner), np.float32(inner)),
            np.float32(plain / size),
            np.float32(weighted / size),
        )
        # the sums are the whole batch's: the first shard hands them in, the others nothing
        if frame.first == 0:
            m[slot + a.dgamma + c] = weighted
            m[slot + a.dbeta + c] = plain
        elif frame.accumulate == 0:
            m[slot + a.dgamma + c] = ZERO
            m[slot + a.dbeta + c] = ZERO
