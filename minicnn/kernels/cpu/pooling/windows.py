"""Windows over planes in lanes: the largest number and where it lies, its gradient, and the length.

A lane is an image of a network, or a plane of a user's arrays.  Along each of three axes (those that are missing have one pixel) a table
says what every target reads: offsets of sources, and a number that goes with each read, the position or the weight of `reads.py`.  Both
walk over the windows in the same way and differ in what they do with a number that they find.

A position is flat in its plane, an int32 in a lane of its own; -1 is none.  Gradients are gathered, not scattered: each source asks the
windows that cover it, so that every element is written once.  A lane beyond the shard is left alone, for it may be another part's.
The table `t` is read through its pointer: Numba looks whether an array's index is negative, and that in the innermost loop takes as long
as a read of a window itself (1.7 times the time for upsampling).
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.integers import same_integer, splat_integer
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, multiply_add, power_of_two, select, splat, square_root, store_first
from minicnn.kernels.cpu.pooling.l2 import magnitude, whole_exponent
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
LOWEST = np.float32(-np.inf)


class AxisTable(NamedTuple):
    """Where the table says, along one axis, what every target reads.

    bounds : place of (targets + 1) numbers: target q makes the reads bounds[q] .. bounds[q + 1]
    firsts, step : place of each target's first offset, and how far it is from one read to the next
    numbers, number_step : place of each target's first position and how far it is to the next, or place of each read's weight
    """

    targets: int
    bounds: int
    firsts: int
    step: int
    numbers: int
    number_step: int


class Axes(NamedTuple):
    """Three axes."""

    depth: AxisTable
    rows: AxisTable
    columns: AxisTable


class Window(NamedTuple):
    """What one target reads: its place along the axes, and how many along each."""

    place: tuple[int, int, int]
    reads: tuple[int, int, int]


class Channels(NamedTuple):
    """So many channels `plane` elements apart, of pixels of `shard` lanes."""

    number: int
    plane: int
    shard: int


@kernel
def read_axes(a):
    """The three axes among a step's arguments."""
    return Axes(values(AxisTable, a.axes.depth), values(AxisTable, a.axes.rows), values(AxisTable, a.axes.columns))


@kernel
def row_share(rows, columns, frame):
    """(first row, stop, first column, stop) of a part of the targets: some rows or, where these are few, some columns of all."""
    if rows >= frame.parts:
        return *share(rows, frame), 0, columns
    return 0, rows, *share(columns, frame)


@kernel(inline=True)
def each_window(walk, memory, setting, t, a, frame):
    """walk(...) for every target of a step, or a part of them, and every vector of lanes."""
    m, axes, channels = whole_array(memory), read_axes(a), values(Channels, a.channels)
    y, x, shard = frame.arena + a.y, frame.arena + a.x, channels.shard
    depth, rows, columns = axes
    per_channel = depth.targets * rows.targets
    first_row, stop_row, first, stop = row_share(channels.number * per_channel, columns.targets, frame)
    for n in range(first_row, stop_row):
        c, row = n // per_channel, n % per_channel
        o, p = row // rows.targets, row % rows.targets
        deep, high = t[depth.bounds + o + 1] - t[depth.bounds + o], t[rows.bounds + p + 1] - t[rows.bounds + p]
        source_row = x + c * channels.plane + t[depth.firsts + o] + t[rows.firsts + p]
        for q in range(first, stop):
            window = Window((o, p, q), (deep, high, t[columns.bounds + q + 1] - t[columns.bounds + q]))
            target, source = y + (n * columns.targets + q) * shard, source_row + t[columns.firsts + q]
            for lane in range(0, shard, LANES):
                walk(m, target + lane, source + lane, shard - lane, setting, t, axes, window)


@kernel(inline=True)
def fold(take, state, m, source, axes, window, extra):
    """state = take(state, ...) for every read of a window, in scan order."""
    deep, high, wide = window.reads
    for i in range(deep):
        for j in range(high):
            at = source + i * axes.depth.step + j * axes.rows.step
            for k in range(wide):
                state = take(state, m, at + k * axes.columns.step, i, j, k, extra)
    return state


@kernel(inline=True)
def reads_something(window):
    """Whether there is anything in a window."""
    return window.reads[0] > 0 and window.reads[1] > 0 and window.reads[2] > 0


@kernel(inline=True)
def take_largest(state, m, at, i, j, k, extra):
    """(largest so far, its position); the first of equal ones, and the first NaN, stay."""
    best, winner = state
    position, axes = extra
    position += i * axes.depth.number_step + j * axes.rows.number_step + k * axes.columns.number_step
    value = load(m, at)
    wins = beats(value, best)
    return select(wins, value, best), select(wins, splat_integer(position), winner)


@kernel(inline=True)
def largest(m, target, source, left, setting, t, axes, window):
    """y = the largest of a window and, `winners` further on, its position; with `rectify` the relu of it, without a winner at 0.

    max(relu(x)) = relu(max(x)): relu after the pooling costs a comparison per window instead of a pass over the input.
    """
    winners, rectify = setting
    o, p, q = window.place
    best, winner = splat(LOWEST), splat_integer(-1)
    position = t[axes.depth.numbers + o] + t[axes.rows.numbers + p] + t[axes.columns.numbers + q]
    if reads_something(window):  # the first counts whatever it is, even -inf
        best, winner = load(m, source), splat_integer(position)
    best, winner = fold(take_largest, (best, winner), m, source, axes, window, (position, axes))
    if rectify:
        off = best <= ZERO
        best, winner = select(off, ZERO, best), select(off, splat_integer(-1), winner)
    store_first(m, target, best, left)
    store_first(m, target + winners, winner, left)


@kernel(inline=True)
def take_won(gradient, m, at, i, j, k, extra):
    """The gradients of windows that the own position won."""
    winners, own = extra
    return gradient + select(same_integer(load(m, at + winners), own), load(m, at), ZERO)


@kernel(inline=True)
def gradient_of_largest(m, target, source, left, setting, t, axes, window):
    """dx = sum of dy over the windows that it won; winners lie `setting` after dy."""
    o, p, q = window.place
    own = splat_integer((o * axes.rows.targets + p) * axes.columns.targets + q)
    store_first(m, target, fold(take_won, splat(ZERO), m, source, axes, window, (setting, own)), left)


@kernel(inline=True)
def take_magnitude(largest, m, at, i, j, k, extra):
    """The largest magnitude so far."""
    value = magnitude(load(m, at))
    return select(value > largest, value, largest)


@kernel(inline=True)
def take_square(squares, m, at, i, j, k, scale):
    """The sum of scaled squares so far."""
    value = load(m, at) * scale
    return multiply_add(value, value, squares)


@kernel(inline=True)
def length(m, target, source, left, setting, t, axes, window):
    """y = sqrt(sum of squares): once over a window for the largest magnitude, once for the sum of what is scaled by it."""
    e = whole_exponent(fold(take_magnitude, splat(ZERO), m, source, axes, window, 0))
    squares = fold(take_square, splat(ZERO), m, source, axes, window, power_of_two(splat(ZERO) - e))
    store_first(m, target, square_root(squares) * power_of_two(e), left)


# Steps: sources in the arena at x, targets at y.


@step("y x winners rectify", channels=Channels, axes=Axes, splits=True)
def largest_step(memory, parameters, table, a, frame):
    """As `largest`."""
    each_window(largest, memory, (a.winners - a.y, a.rectify != 0), table, a, frame)


@step("y x winners", channels=Channels, axes=Axes, splits=True)
def gradient_of_largest_step(memory, parameters, table, a, frame):
    """As `gradient_of_largest`."""
    each_window(gradient_of_largest, memory, a.winners - a.x, table, a, frame)


@step("y x", channels=Channels, axes=Axes, splits=True)
def length_step(memory, parameters, table, a, frame):
    """As `length`."""
    each_window(length, memory, 0, table, a, frame)
