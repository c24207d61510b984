"""Global pooling on a user's float32 arrays, where they lie: a lane is a pixel, and at the end the lanes of one plane come together."""

import numpy as np

from minicnn.kernels.cpu.lanes.integers import splat_integer, words_at
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store, total
from minicnn.kernels.cpu.pooling.unpooling import positions_of
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import array_of, share
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
CHUNK = 64 * LANES  # numbers that are summed in float32 before they are added in float64


@kernel
def sum_of(x, at, size):
    """Sum of x[at : at + size]: in float32 within a chunk, in float64 over the chunks."""
    whole = size // LANES * LANES
    summed = 0.0
    for chunk in range(0, whole, CHUNK):
        stop = min(chunk + CHUNK, whole)
        sum_0, sum_1, sum_2, sum_3 = splat(ZERO), splat(ZERO), splat(ZERO), splat(ZERO)  # four, for an addition takes four cycles
        i = chunk
        while i + 4 * LANES <= stop:
            sum_0 += load(x, at + i)
            sum_1 += load(x, at + i + LANES)
            sum_2 += load(x, at + i + 2 * LANES)
            sum_3 += load(x, at + i + 3 * LANES)
            i += 4 * LANES
        while i < stop:
            sum_0 += load(x, at + i)
            i += LANES
        summed += total((sum_0 + sum_1) + (sum_2 + sum_3))
    for i in range(whole, size):
        summed += x[at + i]
    return summed


@kernel
def takes_over(value, position, best, winner):
    """Whether `value` wins over the best so far: larger, or the first NaN, or the same further ahead."""
    if np.isnan(best):
        return np.isnan(value) and position < winner
    return np.isnan(value) or value > best or (value == best and position < winner)


@kernel
def largest_of(x, at, size, m, scratch):
    """(largest of x[at : at + size], its position): lane by lane, then over the lanes.

    scratch : place in `m` for two vectors
    """
    whole = size // LANES * LANES
    largest, winner = x[at], 0
    if whole:
        best, first = load(x, at), splat_integer(0)
        for i in range(LANES, whole, LANES):
            value = load(x, at + i)
            wins = beats(value, best)
            best, first = select(wins, value, best), select(wins, splat_integer(i), first)
        values, positions = whole_array(m), words_at(m)
        store(values, scratch, best)
        store(values, scratch + LANES, first)
        for lane in range(LANES):
            position = np.int64(positions[scratch + LANES + lane]) + lane
            if takes_over(values[scratch + lane], position, largest, winner):
                largest, winner = values[scratch + lane], position
    for i in range(whole, size):
        if takes_over(x[at + i], i, largest, winner):
            largest, winner = x[at + i], i
    return largest, winner


# Steps on arrays of the call, one number a plane.


@step("planes pixels scratch")
def global_max_step(memory, parameters, table, a, frame):
    """y and positions from x."""
    y, x, positions = array_of(frame, 0), array_of(frame, 1), positions_of(frame, 2, 0)
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        y[n], positions[n] = largest_of(x, n * a.pixels, a.pixels, memory, frame.arena + a.scratch + frame.part * 2 * LANES)


@step("planes pixels")
def global_avg_step(memory, parameters, table, a, frame):
    """y from x."""
    y, x = array_of(frame, 0), array_of(frame, 1)
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        y[n] = np.float32(sum_of(x, n * a.pixels, a.pixels) / a.pixels)


@step("planes pixels")
def global_avg_backward_step(memory, parameters, table, a, frame):
    """dx from dy."""
    dx, dy = array_of(frame, 0), array_of(frame, 1)
    first, stop = share(a.planes, frame)
    for n in range(first, stop):
        share_of_one = np.float32(dy[n] / np.float64(a.pixels))
        for i in range(n * a.pixels, (n + 1) * a.pixels):
            dx[i] = share_of_one
