"""For shards too small to fill a vector: the arranged copy that convolutions read, and the linear layer as dot products.

With one image a lane cannot be an image.  Convolution lets lanes run over columns instead, the linear layer over features.  Other steps
go on as they are: a vector of theirs then holds one real number and its neighbours, which are computed again in their turn.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS, TILE_TAPS, reduce_tile
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR, gather
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.lanes.shuffle import evens, odds
from minicnn.kernels.cpu.lanes.vector import LANES, lanes_between, load_where, splat, store_first
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, FIRST, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def arrange(y, y_at, x, x_at, first, stop, shard, table, lines, plane, row, columns):
    """x[c, d, h, w, n] between its padding, sorted by remainders: y[c, d % stride, d // stride, h % stride, w % stride, h // stride, ...].

    first, stop : channels
    lines : where the table holds, for each axis: pixels, stride, padding before, places, number of remainders, where these begin;
        of a remainder: itself, its first place with a pixel, its first place after the pixels
    plane, row : elements of a plane of one remainder, and from row to row;  columns : places of a row
    """
    depth, rows = table[lines], table[lines + 6]
    planes = table[lines + 10] * table[lines + 16]
    target = y_at + first * table[lines + 3] * table[lines + 4] * planes * plane
    for c in range(first, stop):
        for i in range(table[lines + 4]):
            at_d = table[lines + 5] + 3 * i
            for j in range(table[lines + 3]):
                d = j * table[lines + 1] + table[at_d] - table[lines + 2]
                for p in range(table[lines + 9]):
                    for k in range(table[lines + 10]):  # rows in the order of x, so that memory can be fetched ahead
                        h = p * table[lines + 7] + table[table[lines + 11] + 3 * k] - table[lines + 8]
                        at = target + k * table[lines + 16] * plane + p * row
                        if 0 <= d < depth and 0 <= h < rows:
                            source = x_at + ((c * depth + d) * rows + h) * table[lines + 12] * shard
                            arrange_row(y, at, plane, x, source, shard, table, lines + 12, columns)
                        else:
                            for remainder in range(table[lines + 16]):
                                fill_zeros(y, at + remainder * plane, columns * shard)
                for remainder in range(planes):
                    fill_zeros(y, target + remainder * plane + table[lines + 9] * row, plane - table[lines + 9] * row)
                target += planes * plane


@kernel
def arrange_row(y, y_at, plane, x, x_at, shard, table, line, columns):
    """One row: its pixels of each remainder, between zeros, in a plane of their own."""
    width, stride, before, remainders = table[line], table[line + 1], table[line + 2], table[line + 4]
    if stride == 1:
        at = table[line + 5]
        first, stop = table[at + 1], min(columns, table[at + 2])
        copy_between_zeros(y, y_at, x, x_at - before * shard, first * shard, stop * shard, columns * shard)
    elif shard == 1 and remainders == stride and (stride == 2 or stride == 4):
        part_columns(y, y_at, plane, x, x_at - before, stride, before, width + before, columns)
    else:
        for remainder in range(remainders):
            at, target = table[line + 5] + 3 * remainder, y_at + remainder * plane
            first, stop = table[at + 1], min(columns, table[at + 2])
            fill_zeros(y, target, first * shard)
            source = x_at + (first * stride + table[at] - before) * shard
            for n in range(shard):
                for i in range(stop - first):
                    y[target + (first + i) * shard + n] = x[source + i * stride * shard + n]
            fill_zeros(y, target + stop * shard, (columns - stop) * shard)


@kernel
def part_columns(y, y_at, plane, x, x_at, stride, first, stop, columns):
    """y[remainder, i] = x[i*stride + remainder] for a stride of 2 or 4, zero where that is not in first .. stop: all remainders at once."""
    for i in range(0, columns, LANES):
        at, low, high, left = x_at + i * stride, first - i * stride, stop - i * stride, columns - i
        x0 = load_where(x, at, lanes_between(low, high))
        x1 = load_where(x, at + LANES, lanes_between(low - LANES, high - LANES))
        even, odd = evens(x0, x1), odds(x0, x1)
        if stride == 2:
            store_first(y, y_at + i, even, left)
            store_first(y, y_at + plane + i, odd, left)
        else:
            x2 = load_where(x, at + 2 * LANES, lanes_between(low - 2 * LANES, high - 2 * LANES))
            x3 = load_where(x, at + 3 * LANES, lanes_between(low - 3 * LANES, high - 3 * LANES))
            even_too, odd_too = evens(x2, x3), odds(x2, x3)
            store_first(y, y_at + i, evens(even, even_too), left)
            store_first(y, y_at + plane + i, evens(odd, odd_too), left)
            store_first(y, y_at + 2 * plane + i, odds(even, even_too), left)
            store_first(y, y_at + 3 * plane + i, odds(odd, odd_too), left)


@kernel
def fill_zeros(y, at, count):
    """y[:count] = 0."""
    for i in range(0, count, LANES):
        store_first(y, at + i, splat(ZERO), count - i)


@kernel
def copy_between_zeros(y, y_at, x, x_at, first, stop, count):
    """y[i] = x[i] for first <= i < stop, zero elsewhere."""
    for i in range(0, count, LANES):
        store_first(y, y_at + i, load_where(x, x_at + i, lanes_between(first - i, stop - i)), count - i)


@kernel
def leave_gaps(y, y_at, x, x_at, first, stop, width, pitch):
    """y[row, :width] = x[row*pitch : row*pitch + width]: rows that lie apart moved together."""
    for row in range(first, stop):
        copy_numbers(y, y_at + row * width, x, x_at + row * pitch, width)


@kernel
def linear_dot(y, y_at, shard, weight, w_at, x, x_at, features, first, stop, table, images, bias, b_at, with_bias, rectify):
    """y[k, n] = bias[k] + sum over f of weight[k, f] * x[n, f]: six rows of weights against up to four images at a time.

    For one image the time is that of reading the weights, each of them once.
    """
    for k in range(first, stop, TILE_FILTERS):
        for n in range(0, shard, TILE_TAPS):
            reduce_tile(
                y,
                y_at + k * shard,
                shard,
                weight,
                w_at + k * features,
                features,
                0,
                x,
                x_at,
                0,
                table,
                images + n,
                shard - n,
                1,
                features,
                stop - k,
                False,
            )
        for j in range(k, min(k + TILE_FILTERS, stop)):
            own = bias[b_at + j] if with_bias else ZERO
            for n in range(shard):
                value = y[y_at + j * shard + n] + own
                y[y_at + j * shard + n] = ZERO if rectify and value < ZERO else value


# Steps.  Offsets are into the arena; weights and bias are parameters, or, for a single call, the bias lies in memory.


@step(splits=True)
def arrange_step(memory, parameters, table, a, frame):
    """a: y, x, its field, elements of a shard, channels, shard, lines, plane, row, columns."""
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    x, x_at = (whole_array(floats_at(frame[a[2]])), frame[FIRST] // a[5] * a[3]) if a[2] != 0 else (m, arena + a[1])
    arrange(m, arena + a[0], x, x_at, a[4] * part // parts, a[4] * (part + 1) // parts, a[5], whole_array(table), a[6], a[7], a[8], a[9])


@step(splits=True)
def leave_gaps_step(memory, parameters, table, a, frame):
    """a: y, its field, x, rows, elements of a row, elements from row to row in x."""
    m, arena, part, parts = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS]
    y, y_at = (whole_array(floats_at(frame[a[1]])), 0) if a[1] != 0 else (m, arena + a[0])
    leave_gaps(y, y_at, m, arena + a[2], a[3] * part // parts, a[3] * (part + 1) // parts, a[4], a[5])


@step(splits=True)
def grouped_step(memory, parameters, table, a, frame):
    """Copied, convolved and copied back group by group, in memory of each part's own that stays in L1.

    a: what `convolution_forward` takes; elements of a part's copy, x, its field, elements of a channel, shard, lines, plane, row, columns;
    elements of a part's result, y, its field, elements of a filter, rows, elements of a row, elements from row to row in the
    result; channels of a group.
    """
    m, w, t = whole_array(memory), whole_array(parameters), whole_array(table)
    arena, part, parts = frame[ARENA], frame[PART], frame[PARTS]
    bias = m if a[20] != 0 else w
    x, x_at = (whole_array(floats_at(frame[a[29]])), 0) if a[29] != 0 else (m, arena + a[28])
    y, y_at = (whole_array(floats_at(frame[a[38]])), 0) if a[38] != 0 else (m, arena + a[37])
    result, copy = arena + a[17] + part * a[36], arena + a[18] + part * a[27]
    groups, channels, filters = a[7], a[8], a[9]
    for group in range(groups * part // parts, groups * (part + 1) // parts):
        arrange(m, copy, x, x_at + group * a[43] * a[30], 0, a[43], a[31], t, a[32], a[33], a[34], a[35])
        gather(
            m,
            result,
            a[0],
            m,
            copy,
            a[1],
            w,
            a[2],
            a[3],
            t,
            a[4],
            a[5],
            a[6],
            1,
            channels,
            filters,
            a[10],
            a[11],
            a[12] != 0,
            bias,
            a[13] + group * filters * a[14],
            a[14],
            ZERO if a[15] != 0 else NO_FLOOR,
            a[16] + group * a[19],
            0,
            a[21],
            a[22],
            0,
            1,
        )
        leave_gaps(y, y_at + group * filters * a[39], m, result, 0, filters * a[40], a[41], a[42])


@step(splits=True)
def linear_dot_step(memory, parameters, table, a, frame):
    """a: y, shard, weight, x by feature, features, filters, table of images, with bias, bias, rectify, bias in memory."""
    m, w, arena, part, parts = whole_array(memory), whole_array(parameters), frame[ARENA], frame[PART], frame[PARTS]
    tiles = (a[5] + TILE_FILTERS - 1) // TILE_FILTERS
    first, stop = tiles * part // parts * TILE_FILTERS, min(a[5], tiles * (part + 1) // parts * TILE_FILTERS)
    bias = m if a[10] != 0 else w
    linear_dot(
        m, arena + a[0], a[1], w, a[2], m, arena + a[3], a[4], first, stop, whole_array(table), a[6], bias, a[8], a[7] != 0, a[9] != 0
    )
