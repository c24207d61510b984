"""For shards too small to fill a vector: the arranged copy that convolutions read, and the linear layer as dot products.

With one image a lane cannot be an image.  Convolution lets lanes run over columns instead, the linear layer over features.  Other steps
go on as they are: a vector of theirs then holds one real number and its neighbours, which are computed again in their turn.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.ending import NO_FLOOR, Ending, add_numbers, way_to
from minicnn.kernels.cpu.convolution.operands import Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_ZERO, LONE_FILTERS, TILE_FILTERS, TILE_TAPS, reduce_tile, reduce_tile_one_tap
from minicnn.kernels.cpu.convolution.walks import FROM_BIAS_IN_MEMORY, Gather, GatherSizes, gather, gather_weighing
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.lanes.shuffle import evens, odds
from minicnn.kernels.cpu.lanes.vector import LANES, lanes_between, load, load_where, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Operand, Strided, operand, share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)


class SortedAxis(NamedTuple):
    """An axis of x and how its pixels are sorted.

    size, stride, before : pixels, stride, padding before
    places : of a remainder
    number : of remainders
    remainders : where the table holds, for each: itself, its first place with a pixel, its first place after the pixels
    """

    size: int
    stride: int
    before: int
    places: int
    number: int
    remainders: int


class Sorting(NamedTuple):
    """How x is sorted: elements of a plane of one remainder, and from row to row."""

    shard: int
    plane: int
    row: int
    depth: SortedAxis
    rows: SortedAxis
    columns: SortedAxis


@kernel
def sorting(a):
    """The Sorting among a step's arguments."""
    depth, rows, columns = values(SortedAxis, a.depth), values(SortedAxis, a.rows), values(SortedAxis, a.columns)
    return Sorting(a.shard, a.plane, a.row, depth, rows, columns)


@kernel
def arrange(y, y_at, x, x_at, first, stop, table, how):
    """x[c, d, h, w, n] between its padding, sorted by remainders: y[c, d % stride, d // stride, h % stride, w % stride, h // stride, ...].

    first, stop : channels;  how : Sorting
    """
    depth, rows, columns, plane = how.depth, how.rows, how.columns, how.plane
    planes = rows.number * columns.number
    target = y_at + first * depth.places * depth.number * planes * plane
    if (
        planes == 1
        and depth.size == 1
        and depth.number * depth.places == 1
        and depth.before == 0
        and rows.stride == 1
        and columns.stride == 1
    ):
        source = rows.size * columns.size * how.shard
        ends = target + (stop - first) * plane, x_at + stop * source
        for c in range(first, stop):
            arrange_plane(y, target, plane, how.row, x, x_at + c * source, how.shard, table, rows, columns, ends)
            target += plane
        return
    for c in range(first, stop):
        for i in range(depth.number):
            for j in range(depth.places):
                d = j * depth.stride + table[depth.remainders + 3 * i] - depth.before
                for p in range(rows.places):
                    for k in range(rows.number):  # rows in the order of x, so that memory can be fetched ahead
                        h = p * rows.stride + table[rows.remainders + 3 * k] - rows.before
                        at = target + k * columns.number * plane + p * how.row
                        if 0 <= d < depth.size and 0 <= h < rows.size:
                            source = x_at + ((c * depth.size + d) * rows.size + h) * columns.size * how.shard
                            arrange_row(y, at, plane, x, source, how.shard, table, columns)
                        else:
                            for remainder in range(columns.number):
                                fill_zeros(y, at + remainder * plane, columns.places * how.shard)
                for remainder in range(planes):
                    fill_zeros(y, target + remainder * plane + rows.places * how.row, plane - rows.places * how.row)
                target += planes * plane


@kernel
def arrange_plane(y, y_at, plane, row, x, x_at, shard, table, rows, columns, ends):
    """One plane whose pixels need no sorting, in whole vectors, a row after the other: what one writes too much, the next puts right.

    64 channels of 8x8 pixels of four images take 3 microseconds, 10 with a mask for each vector.

    ends : of all planes of y and x, beyond which nothing is written nor read
    """
    top, bottom = table[rows.remainders + 1], min(rows.places, table[rows.remainders + 2])
    left, right = table[columns.remainders + 1], min(columns.places, table[columns.remainders + 2])
    zero, pitch = splat(ZERO), columns.size * shard
    width, before, after = (right - left) * shard, left * shard, (columns.places - right) * shard
    source = x_at + (top - rows.before) * pitch + (left - columns.before) * shard
    fill_zeros(y, y_at, top * row)
    for p in range(top, bottom):
        at = y_at + p * row
        if at + row + LANES <= ends[0] and source + width + LANES <= ends[1]:
            for i in range(0, before, LANES):
                store(y, at + i, zero)
            at += before
            for i in range(0, width, LANES):
                store(y, at + i, load(x, source + i))
            for i in range(width, width + after, LANES):
                store(y, at + i, zero)
        else:
            copy_between_zeros(y, at, x, source - before, before, before + width, before + width + after)
        source += pitch
    fill_zeros(y, y_at + bottom * row, plane - bottom * row)


@kernel
def arrange_row(y, y_at, plane, x, x_at, shard, table, columns):
    """One row: its pixels of each remainder, between zeros, in a plane of their own."""
    stride, before, places = columns.stride, columns.before, columns.places
    if stride == 1:
        at = columns.remainders
        first, stop = table[at + 1], min(places, table[at + 2])
        copy_between_zeros(y, y_at, x, x_at - before * shard, first * shard, stop * shard, places * shard)
    elif shard == 1 and columns.number == stride and (stride == 2 or stride == 4):
        part_columns(y, y_at, plane, x, x_at - before, stride, before, columns.size + before, places)
    else:
        for remainder in range(columns.number):
            at, target = columns.remainders + 3 * remainder, y_at + remainder * plane
            first, stop = table[at + 1], min(places, table[at + 2])
            fill_zeros(y, target, first * shard)
            source = x_at + (first * stride + table[at] - before) * shard
            if shard == 1:
                for i in range(first, stop):
                    y[target + i] = x[source + (i - first) * stride]
            else:
                spread_pixels(y, target + first * shard, x, source, stop - first, shard, stride)
            fill_zeros(y, target + stop * shard, (places - stop) * shard)


@kernel
def spread_pixels(y, y_at, x, x_at, pixels, shard, stride):
    """y[i, :shard] = x[i*stride, :shard].  Whole vectors are stored: a pixel's last one ends with it, or goes into what the next ones write."""
    if shard >= LANES:
        for i in range(pixels):
            target, source = y_at + i * shard, x_at + i * stride * shard
            for n in range(0, shard - LANES, LANES):
                store(y, target + n, load(x, source + n))
            store(y, target + shard - LANES, load(x, source + shard - LANES))
        return
    left = pixels * shard
    for i in range(pixels):
        value = load(x, x_at + i * stride * shard)
        if left >= LANES:
            store(y, y_at + i * shard, value)
        else:
            store_first(y, y_at + i * shard, value, left)
        left -= shard


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
def leave_gaps(y, y_at, x, x_at, first, stop, width, pitch, added, floor):
    """y[row, :width] = x[row*pitch : row*pitch + width]: rows that lie apart moved together; with an addition as in `add_numbers`."""
    for row in range(first, stop):
        if added != 0:
            add_numbers(y, y_at + row * width, x, x_at + row * pitch, width, added, floor)
        else:
            copy_numbers(y, y_at + row * width, x, x_at + row * pitch, width)


@kernel
def spread_columns(y, y_at, step, x, x_at, columns, shard):
    """y[i*step : i*step + shard] = x[i, :shard]."""
    if shard < LANES:
        for i in range(columns):
            store_first(y, y_at + i * step, load(x, x_at + i * shard), shard)
        return
    for i in range(columns):
        for n in range(0, shard - LANES, LANES):
            store(y, y_at + i * step + n, load(x, x_at + i * shard + n))
        store(y, y_at + i * step + shard - LANES, load(x, x_at + (i + 1) * shard - LANES))


@kernel
def linear_dot(y, weight, x, bias, images, first, stop, begin, floor):
    """y[k, n] = bias[k] + sum over f of weight[k, f] * x[n, f]: six rows of weights against up to four images at a time, or eight against one.

    For one image the time is that of reading the weights, each of them once.

    y, weight, bias : Strided, by filter;  x : Strided;  images : Taps
    """
    shard, features = y.step, weight.step
    filters = LONE_FILTERS if shard == 1 else TILE_FILTERS
    for k in range(first, stop, filters):
        own, rows = Strided(y.array, y.base + k * shard, shard), Rows(weight.array, weight.base + k * features, features, 0)
        if shard == 1:
            reduce_tile_one_tap(own, rows, x, images, stop - k, 1, features, False)
        else:
            for n in range(0, shard, TILE_TAPS):
                some = Taps(images.table, images.first + n, images.stop)
                reduce_tile(own, rows, x, some, stop - k, 1, features, False)
        for j in range(k, min(k + filters, stop)):
            start = bias.array[bias.base + j] if begin != FROM_ZERO else ZERO
            for n in range(shard):
                value = y.array[y.base + j * shard + n] + start
                y.array[y.base + j * shard + n] = floor if value < floor else value


# Steps.  Places are in the arena, or in a user's array; weights and bias are parameters, or, for a single call, the bias lies in memory.


@step("y channels", x=Operand, sorting=Sorting, splits=True)
def arrange_step(memory, parameters, table, a, frame):
    """y (arena) from x, some channels a part."""
    m, part, parts = whole_array(memory), frame.part, frame.parts
    x = operand(m, frame, a.x)
    first, stop = a.channels * part // parts, a.channels * (part + 1) // parts
    arrange(m, frame.arena + a.y, x.array, x.base, first, stop, whole_array(table), sorting(a.sorting))


@step("x rows width pitch added rectify", y=Operand, splits=True)
def leave_gaps_step(memory, parameters, table, a, frame):
    """y from x (arena), whose rows of `width` elements lie `pitch` apart; some rows a part.

    added : where in the arena that which is added lies, as y does, or NOTHING;  rectify : whether relu follows that
    """
    m, floor = whole_array(memory), ZERO if a.rectify != 0 else NO_FLOOR
    y, (first, stop) = operand(m, frame, a.y), share(a.rows, frame)
    leave_gaps(y.array, y.base, m, frame.arena + a.x, first, stop, a.width, a.pitch, way_to(a.added, a.y.place), floor)


@step("first depth_step row_step column_step x filters depths rows columns shard", y=Operand, splits=True)
def spread_step(memory, parameters, table, a, frame):
    """y[k, first + d*depth_step + p*row_step + q*column_step] from x (arena) [k, d, p, q], a pixel `shard` numbers; some filters a part."""
    m, part, parts = whole_array(memory), frame.part, frame.parts
    y, row = operand(m, frame, a.y), a.columns * a.shard
    first, stop = a.filters * part // parts, a.filters * (part + 1) // parts
    source = frame.arena + a.x + first * a.depths * a.rows * row
    for k in range(first, stop):
        for d in range(a.depths):
            target = y.base + k * y.step + a.first + d * a.depth_step
            for p in range(a.rows):
                spread_columns(y.array, target + p * a.row_step, a.column_step, m, source, a.columns, a.shard)
                source += row


@step("copy_size channels result_size rows width pitch", gather=Gather, x=Operand, y=Operand, sorting=Sorting, splits=True)
def grouped_step(memory, parameters, table, a, frame):
    """Copied, convolved and copied back group by group, in memory of each part's own that stays in L1.

    gather : what `convolution_forward` takes, of copies and results that are `copy_size` and `result_size` elements from part to part
    channels : of x in a group
    rows, width, pitch : of a result, as `leave_gaps_step` has them, which also adds what is added
    """
    m, t, own, sizes = whole_array(memory), whole_array(table), a.gather, values(GatherSizes, a.gather.sizes)
    added = way_to(own.added, a.y.place)
    weight, bias, start, ending = gather_weighing(m, whole_array(parameters), own, 0)
    floor = ending.floor
    if added != 0:
        ending = Ending(ending.array, ending.base, ending.step, ending.scaled, 0, NO_FLOOR)
    part, parts, filters, how = frame.part, frame.parts, sizes.filters, sorting(a.sorting)
    x, y = operand(m, frame, a.x), operand(m, frame, a.y)
    result, copy = frame.arena + own.y.place + part * a.result_size, frame.arena + own.x.place + part * a.copy_size
    for group in range(sizes.groups * part // parts, sizes.groups * (part + 1) // parts):
        arrange(m, copy, x.array, x.base + group * a.channels * x.step, 0, a.channels, t, how)
        # one group of all, which would lie where all results and all copies began so much earlier
        y_of_all = Strided(m, result - group * filters * own.y.step, own.y.step)
        x_of_all = Strided(m, copy - group * sizes.channels * own.x.step, own.x.step)
        gather(y_of_all, x_of_all, weight, bias, t, sizes, start, ending, group, sizes.groups)
        leave_gaps(y.array, y.base + group * filters * y.step, m, result, 0, filters * a.rows, a.width, a.pitch, added, floor)


@step("y shard weight x features filters images bias begin rectify", splits=True)
def linear_dot_step(memory, parameters, table, a, frame):
    """y from x by feature (arena), some filters a part."""
    m, w, part, parts = whole_array(memory), whole_array(parameters), frame.part, frame.parts
    tiles = (a.filters + TILE_FILTERS - 1) // TILE_FILTERS
    linear_dot(
        Strided(m, frame.arena + a.y, a.shard),
        Strided(w, a.weight, a.features),
        Strided(m, frame.arena + a.x, 0),
        Strided(m if a.begin == FROM_BIAS_IN_MEMORY else w, a.bias, 1),
        Taps(whole_array(table), a.images, a.images + a.shard),
        tiles * part // parts * TILE_FILTERS,
        min(a.filters, tiles * (part + 1) // parts * TILE_FILTERS),
        a.begin,
        ZERO if a.rectify != 0 else NO_FLOOR,
    )
