"""Max and average pooling over images in lanes: every window, and every input's windows, from tables.

Always three axes; those that are missing have one pixel.  Per axis the table holds, for each output position, the first input position
inside, its tap, the tap to stop at, and the divisor; and for each input position, the windows that cover it:

    window      I FIRST STOP COUNT
    cover       BEGIN END of its (p, tap) pairs, relative to the pairs

A winner is kept as its tap number inside the window, (t*R + r)*S + s, in a float beside the output: -1 where the gradient goes nowhere.
The gradients are gathered, not scattered: each input asks the windows that cover it, so that every element is written once.
"""

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.lanes.vector import LANES, beats, load, select, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, PART, PARTS, SLOT, Program
from minicnn.kernels.index import input_position, tap_range
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
ONE = np.float32(1)
NOBODY = np.float32(-1)
LOWEST = np.float32(-np.inf)


def pool_tables(program: Program, axes: tuple[Axis, ...], count_padding: bool = True) -> tuple[int, ...]:
    """Put the tables of up to three axes into the program.

    Returns, for depth, rows and columns: windows, covers, pairs (places in the table), input size, output size, taps, dilation.
    """
    one = Axis(1, 1, 1, 1, 0, 0, 1)
    result: list[int] = []
    for axis in (*(one,) * (3 - len(axes)), *axes):
        windows: list[int] = []
        covers: list[list[tuple[int, int]]] = [[] for _ in range(axis.size)]
        for p in range(axis.out):
            first, stop = tap_range(p, axis.size, axis.taps, axis.stride, axis.dilation, axis.before)
            # a window that hangs over the padding's end counts only what lies before it
            inside = min(axis.size + axis.after, p * axis.stride - axis.before + axis.taps) - (p * axis.stride - axis.before)
            windows += [
                input_position(p, first, axis.stride, axis.dilation, axis.before),
                first,
                stop,
                inside if count_padding else stop - first,
            ]
            for r in range(first, stop):
                covers[input_position(p, r, axis.stride, axis.dilation, axis.before)].append((p, r))
        pairs = [pair for each in covers for pair in each]
        ends = np.cumsum([len(each) for each in covers])
        bounds = [(end - len(each), end) for each, end in zip(covers, ends, strict=True)]
        result += [
            program.constant(windows),
            program.constant(np.array(bounds).ravel()),
            program.constant(np.array(pairs, np.int64).ravel()),
            axis.size,
            axis.out,
            axis.taps,
            axis.dilation,
        ]
    return tuple(result)


def three_strides(maps: FeatureMap) -> tuple[int, int, int, int]:
    """Elements from one channel, layer, row and column to the next; 0 for axes that are missing."""
    strides = (0,) * (3 - len(maps.sizes)) + maps.strides
    return (maps.plane, strides[0], strides[1], strides[2])


# positions of the arguments that all pooling steps share
AXES = 16  # three times (windows, covers, pairs, input size, output size, taps, dilation) from here
WINDOWS, COVERS, PAIRS, SIZE, OUT, TAPS, DILATION = range(7)
AXIS_FIELDS = 7


@kernel
def max_pool_forward(m, y_base, winner_base, x_base, first, stop, shard, y_plane, y_d, y_h, y_w, x_plane, x_d, x_h, x_w, rectify, t, axes):
    """Largest of each window and its tap, for channels first .. stop; with `rectify` no less than 0, and then without a winner.

    max(relu(x)) = relu(max(x)): relu after the pooling costs a comparison per window instead of a pass over the input.
    """
    depth, rows, columns = axes
    for c in range(first, stop):
        for o in range(depth[OUT]):
            wd = depth[WINDOWS] + 4 * o
            for p in range(rows[OUT]):
                wh = rows[WINDOWS] + 4 * p
                for q in range(columns[OUT]):
                    ww = columns[WINDOWS] + 4 * q
                    x_at = x_base + c * x_plane + t[wd] * x_d + t[wh] * x_h + t[ww] * x_w
                    y_at = c * y_plane + o * y_d + p * y_h + q * y_w
                    some = t[wd + 2] > t[wd + 1] and t[wh + 2] > t[wh + 1] and t[ww + 2] > t[ww + 1]
                    for n in range(0, shard, LANES):
                        best = splat(LOWEST)
                        winner = splat(NOBODY)
                        if some:
                            best = load(m, x_at + n)
                            winner = splat(np.float32((t[wd + 1] * rows[TAPS] + t[wh + 1]) * columns[TAPS] + t[ww + 1]))
                            for a in range(t[wd + 1], t[wd + 2]):
                                for r in range(t[wh + 1], t[wh + 2]):
                                    row = x_at + n + (a - t[wd + 1]) * depth[DILATION] * x_d + (r - t[wh + 1]) * rows[DILATION] * x_h
                                    tap = (a * rows[TAPS] + r) * columns[TAPS]
                                    for s in range(t[ww + 1], t[ww + 2]):
                                        value = load(m, row + (s - t[ww + 1]) * columns[DILATION] * x_w)
                                        wins = beats(value, best)
                                        best = select(wins, value, best)
                                        winner = select(wins, splat(np.float32(tap + s)), winner)
                        if rectify:
                            off = best <= ZERO
                            best = select(off, ZERO, best)
                            winner = select(off, NOBODY, winner)
                        store_first(m, y_base + y_at + n, best, shard - n)
                        store_first(m, winner_base + y_at + n, winner, shard - n)


@kernel
def max_pool_backward(m, dx_base, dy_base, winner_base, channels, shard, y_plane, y_d, y_h, y_w, x_plane, x_d, x_h, x_w, t, axes):
    """dx[i] = sum of dy over the windows that i won."""
    depth, rows, columns = axes
    for c in range(channels):
        for d in range(depth[SIZE]):
            cd = depth[COVERS] + 2 * d
            for h in range(rows[SIZE]):
                ch = rows[COVERS] + 2 * h
                for w in range(columns[SIZE]):
                    cw = columns[COVERS] + 2 * w
                    x_at = dx_base + c * x_plane + d * x_d + h * x_h + w * x_w
                    for n in range(0, shard, LANES):
                        gradient = splat(ZERO)
                        for i in range(t[cd], t[cd + 1]):
                            for j in range(t[ch], t[ch + 1]):
                                for k in range(t[cw], t[cw + 1]):
                                    pd, ph, pw = depth[PAIRS] + 2 * i, rows[PAIRS] + 2 * j, columns[PAIRS] + 2 * k
                                    tap = np.float32((t[pd + 1] * rows[TAPS] + t[ph + 1]) * columns[TAPS] + t[pw + 1])
                                    y_at = c * y_plane + t[pd] * y_d + t[ph] * y_h + t[pw] * y_w + n
                                    gradient += select(load(m, winner_base + y_at) == tap, load(m, dy_base + y_at), ZERO)
                        store(m, x_at + n, gradient)


@kernel
def average_pool_forward(m, y_base, x_base, first, stop, shard, y_plane, y_d, y_h, y_w, x_plane, x_d, x_h, x_w, t, axes):
    """Mean of each window, for channels first .. stop."""
    depth, rows, columns = axes
    for c in range(first, stop):
        for o in range(depth[OUT]):
            wd = depth[WINDOWS] + 4 * o
            for p in range(rows[OUT]):
                wh = rows[WINDOWS] + 4 * p
                for q in range(columns[OUT]):
                    ww = columns[WINDOWS] + 4 * q
                    x_at = x_base + c * x_plane + t[wd] * x_d + t[wh] * x_h + t[ww] * x_w
                    y_at = y_base + c * y_plane + o * y_d + p * y_h + q * y_w
                    scale = ONE / np.float32(max(1, t[wd + 3] * t[wh + 3] * t[ww + 3]))
                    for n in range(0, shard, LANES):
                        summed = splat(ZERO)
                        for a in range(t[wd + 2] - t[wd + 1]):
                            for r in range(t[wh + 2] - t[wh + 1]):
                                for s in range(t[ww + 2] - t[ww + 1]):
                                    summed += load(m, x_at + n + a * x_d + r * x_h + s * x_w)
                        store_first(m, y_at + n, summed * scale, shard - n)


@kernel
def average_pool_backward(m, dx_base, dy_base, channels, shard, y_plane, y_d, y_h, y_w, x_plane, x_d, x_h, x_w, t, axes):
    """dx[i] = sum over the windows that cover i of dy / (their divisor)."""
    depth, rows, columns = axes
    for c in range(channels):
        for d in range(depth[SIZE]):
            cd = depth[COVERS] + 2 * d
            for h in range(rows[SIZE]):
                ch = rows[COVERS] + 2 * h
                for w in range(columns[SIZE]):
                    cw = columns[COVERS] + 2 * w
                    x_at = dx_base + c * x_plane + d * x_d + h * x_h + w * x_w
                    for n in range(0, shard, LANES):
                        gradient = splat(ZERO)
                        for i in range(t[cd], t[cd + 1]):
                            o = t[depth[PAIRS] + 2 * i]
                            for j in range(t[ch], t[ch + 1]):
                                p = t[rows[PAIRS] + 2 * j]
                                for k in range(t[cw], t[cw + 1]):
                                    q = t[columns[PAIRS] + 2 * k]
                                    count = t[depth[WINDOWS] + 4 * o + 3] * t[rows[WINDOWS] + 4 * p + 3] * t[columns[WINDOWS] + 4 * q + 3]
                                    y_at = dy_base + c * y_plane + o * y_d + p * y_h + q * y_w + n
                                    gradient += load(m, y_at) * (ONE / np.float32(max(1, count)))
                        store(m, x_at + n, gradient)


@kernel
def sum_winners(dbias, b_base, m, dy_base, winner_base, channels, plane, accumulate):
    """What passes back through a rectified pooling, channel by channel: the bias gradient of the layer before it."""
    for c in range(channels):
        summed = splat(ZERO)
        for i in range(0, plane, LANES):
            at = c * plane + i
            summed += select(load(m, winner_base + at) >= ZERO, load(m, dy_base + at), ZERO)
        old = dbias[b_base + c] if accumulate else ZERO
        dbias[b_base + c] = old + total(summed)


@kernel
def pool_axes(a):
    """The three axes of a step's arguments."""
    return (
        (a[16], a[17], a[18], a[19], a[20], a[21], a[22]),
        (a[23], a[24], a[25], a[26], a[27], a[28], a[29]),
        (a[30], a[31], a[32], a[33], a[34], a[35], a[36]),
    )


# Steps.  Arguments: up to three places in the arena, channels, shard, strides of y, strides of x, a flag; then the axes.


@step(splits=True)
def max_pool_step_forward(memory, parameters, table, a, frame):
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    max_pool_forward(
        m,
        arena + a[0],
        arena + a[1],
        arena + a[2],
        a[3] * part // parts,
        a[3] * (part + 1) // parts,
        a[4],
        a[5],
        a[6],
        a[7],
        a[8],
        a[9],
        a[10],
        a[11],
        a[12],
        a[13] != 0,
        whole_array(table),
        pool_axes(a),
    )


@step
def max_pool_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    max_pool_backward(
        m,
        arena + a[0],
        arena + a[1],
        arena + a[2],
        a[3],
        a[4],
        a[5],
        a[6],
        a[7],
        a[8],
        a[9],
        a[10],
        a[11],
        a[12],
        whole_array(table),
        pool_axes(a),
    )


@step(splits=True)
def average_pool_step_forward(memory, parameters, table, a, frame):
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    average_pool_forward(
        m,
        arena + a[0],
        arena + a[2],
        a[3] * part // parts,
        a[3] * (part + 1) // parts,
        a[4],
        a[5],
        a[6],
        a[7],
        a[8],
        a[9],
        a[10],
        a[11],
        a[12],
        whole_array(table),
        pool_axes(a),
    )


@step
def average_pool_step_backward(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    average_pool_backward(
        m, arena + a[0], arena + a[1], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], whole_array(table), pool_axes(a)
    )


@step
def sum_winners_step(memory, parameters, table, a, frame):
    m, arena = whole_array(memory), frame[ARENA]
    sum_winners(m, frame[SLOT] + a[0], m, arena + a[1], arena + a[2], a[3], a[4], frame[ACCUMULATE] != 0)
