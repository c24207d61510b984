"""The weight gradient of wide layers, a lane a filter.

    dweight[k, c, r] = sum over positions p and images n of dy[k, p, n] * x[c, p*stride + r*dilation - pad, n]

Activations lie with images in the lanes, and summed that way every number of the gradient is a sum of lanes at the end, paid for again at
every row of positions.  Here a chunk of dy is turned first, filters side by side, and the gather tile walks over (position, image) pairs
as its taps: the numbers of x are its weights, one at a time, and nothing is summed across lanes.  AlexNet's third layer, 64 images, one
thread: 133 to 76 ms; its first, one image: 47 to 2.4.

    turned     (pair, filter)                a chunk of dy for one strip of filters; it stays in L1 while all taps pass over it
    products   (channel, tap, filter)        the gradient while it is added up; turned back it goes to its slot
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.ending import plain
from minicnn.kernels.cpu.convolution.operands import Filters, Left, Planes, Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, ROW_FILTERS, ROW_TAPS, gather_tile_row
from minicnn.kernels.cpu.convolution.walks import gather_tiles
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Operand, Strided, operand
from minicnn.kernels.index import output_range, weight_tap
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)

positions_inside = kernel(output_range)
tap_of_weight = kernel(weight_tap)


class Sizes(NamedTuple):
    """Images of a shard, groups, channels and filters of a group, and whether filters are turned by half a turn."""

    shard: int
    groups: int
    channels: int
    filters: int
    flip: bool


class Chunks(NamedTuple):
    """How the work is cut.

    block : channels whose pixels and products stay in cache
    lines, columns : positions of a chunk
    by_column : whether the rows of a tile are taps of a row of the filter; else they are channels
    """

    block: int
    lines: int
    columns: int
    by_column: bool


@kernel
def turn_line(y, dy, filters, size):
    """y[i, k] = dy[k, i] for i < size: squares in registers where there are enough of both, the last ones overlapping."""
    if filters >= LANES and size >= LANES:
        for block in range(0, filters, LANES):
            k = min(block, filters - LANES)
            for begin in range(0, size, LANES):
                i = min(begin, size - LANES)
                transpose_square(y.array, y.base + i * y.step + k, y.step, dy.array, dy.base + k * dy.step + i, dy.step)
    else:
        for k in range(filters):
            for i in range(size):
                y.array[y.base + i * y.step + k] = dy.array[dy.base + k * dy.step + i]


@kernel
def turn_chunk(y, dy, dy_row, dy_column, shard, filters, lines, columns):
    """y[(line, column, image), k] = dy[k, line, column, image]."""
    for line in range(lines):
        at = dy.base + line * dy_row
        if dy_column == shard:
            own = Strided(y.array, y.base + line * columns * shard * y.step, y.step)
            turn_line(own, Strided(dy.array, at, dy.step), filters, columns * shard)
        else:
            for q in range(columns):
                own = Strided(y.array, y.base + (line * columns + q) * shard * y.step, y.step)
                turn_line(own, Strided(dy.array, at + q * dy_column, dy.step), filters, shard)


@kernel
def add_products(y, dy, x, taps, rows, lines, width):
    """y[row, lane] += the sum over `lines` lines and some pairs of x[row, line, pair] * dy[line, pair, lane], `width` lanes.

    y, dy : Strided;  x : Filters;  taps : Taps, the pairs
    """
    gather_tiles(
        Planes(y.array, y.base, y.step, LANES),
        Planes(dy.array, dy.base, dy.step, LANES),
        x,
        taps,
        lines,
        Left(rows, width, LANES),
        FROM_OLD,
        Strided(y.array, 0, 0),
        plain(y.array),
    )


@kernel
def sum_products(products, turned, dy, dy_steps, x, sizes, axes, chunks, table, pairs, part, parts):
    """All products of some channels and strips of filters.

    turned : Strided, by (position, image): the filters of a strip
    dy, x : Strided, by filter and by channel
    dy_steps : elements from one position to the next along each axis
    pairs : where the table holds (pair * filters of a strip, its place in a row of x) for every pair of a chunk
    """
    depth, rows, columns = axes
    shard, channels, filters, pitch = sizes.shard, sizes.channels, sizes.filters, turned.step
    block, by_column, flip = chunks.block, chunks.by_column, sizes.flip
    strips = (filters + pitch - 1) // pitch
    blocks = (channels + block - 1) // block
    taps = depth.taps * rows.taps * columns.taps
    row = strips * pitch
    x_row = rows.stride * columns.size * shard
    units = sizes.groups * blocks * strips
    for unit in range(units * part // parts, units * (part + 1) // parts):
        group, strip = unit // (blocks * strips), unit % strips
        c = unit // strips % blocks * block
        some, own_filters = min(block, channels - c), min(pitch, filters - strip * pitch)
        width = (own_filters + LANES - 1) // LANES * LANES
        own = products.base + (group * channels + c) * taps * row + strip * pitch
        for line in range(some * taps):
            for lane in range(0, width, LANES):
                store(products.array, own + line * row + lane, splat(ZERO))
        x_group = x.base + (group * channels + c) * x.step
        dy_group = dy.base + (group * filters + strip * pitch) * dy.step
        for o in range(depth.out):
            for p in range(0, rows.out, chunks.lines):
                lines = min(chunks.lines, rows.out - p)
                for q in range(0, columns.out, chunks.columns):
                    wide = min(chunks.columns, columns.out - q)
                    chunk = dy_group + o * dy_steps[0] + p * dy_steps[1] + q * dy_steps[2]
                    some_dy = Strided(dy.array, chunk, dy.step)
                    turn_chunk(turned, some_dy, dy_steps[1], dy_steps[2], shard, own_filters, lines, wide)
                    for t in range(depth.taps):
                        d = o * depth.stride + t * depth.dilation - depth.before
                        if d < 0 or d >= depth.size:
                            continue
                        for r in range(rows.taps):
                            first_p, stop_p = positions_inside(r, rows.size, rows.out, rows.stride, rows.dilation, rows.before)
                            first_p, stop_p = max(first_p, p), min(stop_p, p + lines)
                            if first_p >= stop_p:
                                continue
                            h = first_p * rows.stride + r * rows.dilation - rows.before
                            source = x_group + (d * rows.size + h) * columns.size * shard
                            tap = (tap_of_weight(t, depth.taps, flip) * rows.taps + tap_of_weight(r, rows.taps, flip)) * columns.taps
                            for s in range(1 if by_column else columns.taps):
                                first_q, stop_q = positions_inside(
                                    s, columns.size, columns.out, columns.stride, columns.dilation, columns.before
                                )
                                first_q, stop_q = max(first_q, q), min(stop_q, q + wide)
                                if first_q >= stop_q:
                                    continue
                                w = first_q * columns.stride + s * columns.dilation - columns.before
                                target = own + (tap + tap_of_weight(s, columns.taps, flip)) * row
                                chunk_at = turned.base + ((first_p - p) * wide + first_q - q) * shard * pitch
                                gradients = Strided(turned.array, chunk_at, wide * shard * pitch)
                                some_pairs = Taps(table, pairs, pairs + (stop_q - first_q) * shard)
                                if by_column:
                                    for n in range(some):
                                        add_products(
                                            Strided(products.array, target + n * taps * row, -row if flip else row),
                                            gradients,
                                            Filters(x.array, source + n * x.step + w * shard, x_row, columns.dilation * shard),
                                            some_pairs,
                                            columns.taps,
                                            stop_p - first_p,
                                            width,
                                        )
                                else:
                                    add_products(
                                        Strided(products.array, target, taps * row),
                                        gradients,
                                        Filters(x.array, source + w * shard, x_row, x.step),
                                        some_pairs,
                                        some,
                                        stop_p - first_p,
                                        width,
                                    )


@kernel
def sum_products_by_row(products, turned, dy, x, sizes, rows, columns, column_block, table, pairs, part, parts):
    """All products of some rows of positions, for filters that fill one vector alone and are three taps wide: the vectors of a tile are the
    taps of a row, each with dy as many positions earlier, so that a number of x serves all three.

    dy : Rows;  x : Strided, by channel
    column_block : pixels of a chunk; dy is turned for the positions that read them, zeros beyond the ends
    pairs : where the table holds (pair * LANES, pair) for every pair of a chunk
    """
    shard, channels, filters, flip = sizes.shard, sizes.channels, sizes.filters, sizes.flip
    taps, reach = rows.taps * ROW_TAPS, (ROW_TAPS - 1) * columns.dilation
    for group in range(sizes.groups):
        own = products.base + group * channels * taps * LANES
        for lane in range(0, channels * taps * LANES, LANES):
            store(products.array, own + lane, splat(ZERO))
        for p in range(rows.out * part // parts, rows.out * (part + 1) // parts):
            for w in range(0, columns.size, column_block):
                wide = min(column_block, columns.size - w)
                first = w + columns.before - reach
                begin, end = max(0, first), min(columns.out, first + wide + reach)
                for lane in range(0, (wide + reach) * shard * LANES, LANES):
                    if not begin - first <= lane // (shard * LANES) < end - first:
                        store(turned.array, turned.base + lane, splat(ZERO))
                if begin < end:
                    ends = Strided(turned.array, turned.base + (begin - first) * shard * LANES, LANES)
                    line = Strided(dy.array, dy.base + group * filters * dy.step + p * dy.row + begin * shard, dy.step)
                    turn_line(ends, line, filters, (end - begin) * shard)
                for r in range(rows.taps):
                    h = p * rows.stride + r * rows.dilation - rows.before
                    if h < 0 or h >= rows.size:
                        continue
                    source = x.base + group * channels * x.step + (h * columns.size + w) * shard
                    target = own + (tap_of_weight(r, rows.taps, flip) * ROW_TAPS + tap_of_weight(0, ROW_TAPS, flip)) * LANES
                    for c in range(0, channels, ROW_FILTERS):
                        gather_tile_row(
                            Planes(products.array, target + c * taps * LANES, taps * LANES, -LANES if flip else LANES),
                            Planes(turned.array, turned.base + reach * shard * LANES, 0, -columns.dilation * shard * LANES),
                            Filters(x.array, source + c * x.step, 0, x.step),
                            Taps(table, pairs, pairs + wide * shard),
                            1,
                            Left(channels - c, ROW_TAPS * LANES, LANES),
                            FROM_OLD,
                            Strided(products.array, 0, 0),
                            plain(products.array),
                        )


@kernel
def turn_back(dweight, products, copies, copy_size, groups, size, filters, square, accumulate, part, parts):
    """dweight[k, i] (+)= products[i, k] for the `size` weights of each filter; all Strided, `square` room for LANES x LANES.

    copies : of all products, `copy_size` apart, to be added in their order; the sum stays in the first
    """
    strips = (filters + LANES - 1) // LANES
    for unit in range(groups * strips * part // parts, groups * strips * (part + 1) // parts):
        group, k = unit // strips, unit % strips * LANES
        some = min(LANES, filters - k)
        whole = size // LANES * LANES
        own = dweight.base + (group * filters + k) * dweight.step
        source = products.base + group * size * products.step + k
        if copies > 1:
            for i in range(source, source + size * products.step, products.step):
                value = load(products.array, i)
                for copy in range(1, copies):
                    value += load(products.array, i + copy * copy_size)
                store(products.array, i, value)
        for i in range(0, whole, LANES):
            transpose_square(square.array, square.base, LANES, products.array, source + i * products.step, products.step)
            for j in range(some):
                value, at = load(square.array, square.base + j * LANES), own + j * dweight.step + i
                store(dweight.array, at, value + load(dweight.array, at) if accumulate else value)
        for i in range(whole, size):
            for j in range(some):
                at = own + j * dweight.step + i
                old = dweight.array[at] if accumulate else ZERO
                dweight.array[at] = old + products.array[source + i * products.step + j]


# Steps, one after the other.


@step(
    "products turned turned_size step_d step_h step_w shard groups channels filters flip"
    " pitch block line_block column_block by_column pairs",
    dy=Operand,
    x=Operand,
    axes=ThreeAxes,
    splits=True,
)
def sum_products_step(memory, parameters, table, a, frame):
    """dy and x lie in the arena, or are an image of a user's arrays; each part has `turned_size` elements of its own."""
    m = whole_array(memory)
    axes = three_axes(a.axes)
    sum_products(
        Strided(m, frame.arena + a.products, 0),
        Strided(m, frame.arena + a.turned + frame.part * a.turned_size, a.pitch),
        operand(m, frame, a.dy),
        (a.step_d, a.step_h, a.step_w),
        operand(m, frame, a.x),
        Sizes(a.shard, a.groups, a.channels, a.filters, a.flip != 0),
        axes,
        Chunks(a.block, a.line_block, a.column_block, a.by_column != 0),
        whole_array(table),
        a.pairs,
        frame.part,
        frame.parts,
    )


@step(
    "products copy_size turned turned_size dy dy_plane dy_row x x_plane shard groups channels filters flip column_block pairs",
    axes=ThreeAxes,
    splits=True,
)
def sum_products_by_row_step(memory, parameters, table, a, frame):
    """Everything lies in the arena; each part has `turned_size` elements of its own, and products `copy_size` further on."""
    m = whole_array(memory)
    _, rows, columns = three_axes(a.axes)
    sum_products_by_row(
        Strided(m, frame.arena + a.products + frame.part * a.copy_size, 0),
        Strided(m, frame.arena + a.turned + frame.part * a.turned_size, LANES),
        Rows(m, frame.arena + a.dy, a.dy_plane, a.dy_row),
        Strided(m, frame.arena + a.x, a.x_plane),
        Sizes(a.shard, a.groups, a.channels, a.filters, a.flip != 0),
        rows,
        columns,
        a.column_block,
        whole_array(table),
        a.pairs,
        frame.part,
        frame.parts,
    )


@step("dweight w_filter products copies copy_size groups size filters row squares", splits=True)
def turn_back_step(memory, parameters, table, a, frame):
    """dweight (slot) from products (arena), by way of a square (arena) for each part."""
    m = whole_array(memory)
    turn_back(
        Strided(m, frame.slot + a.dweight, a.w_filter),
        Strided(m, frame.arena + a.products, a.row),
        a.copies,
        a.copy_size,
        a.groups,
        a.size,
        a.filters,
        Strided(m, frame.arena + a.squares + frame.part * LANES * LANES, LANES),
        frame.accumulate != 0,
        frame.part,
        frame.parts,
    )
