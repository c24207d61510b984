"""The weight gradient of 3x3 filters with fewer multiplications: back through Winograd's tiles, a lane a filter.

A tile's output is Y = A^T [(G g G^T) * (B^T d B)] A, so that its gradient dY leads back to

    dg[k,c] = G^T [ sum over tiles and images of (A dY[k] A^T) * (B^T d[c] B) ] G        * element by element

with the matrices of `winograd.py`: 16 multiplications for 36 with tiles of 2x2, 36 for 144 with 4x4.  This is F(3x3, 2x2) and F(3x3, 4x4)
of Lavin, Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.  For each of the (m+2)^2 elements the sum is a
product of matrices, channels x (tiles, images) times (tiles, images) x filters, which the gather tile adds up as in
`convolution/weight_gradient.py`: the numbers of the transformed x are its weights, one at a time, the filters its lanes.

    v        (element, channel, pair)             transformed inputs, a pair being a tile and an image
    d        (element, strip, pair, filter)       transformed gradients; dy is turned before, filters side by side
    sums     (element, strip, channel, filter)    what is added up, chunk by chunk
    products (channel, tap, filter)               the gradient

Rounding against float64, normal numbers, the largest error relative to the largest gradient: 16 images of 64 channels 28x28 4e-6 directly,
8e-7 in tiles of 2x2, 7e-6 in tiles of 4x4; 64 images of 256 channels 14x14 1.5e-6, 1e-6 and 7e-6.

Two threads, 64 images, directly and in tiles of 4x4, ms: AlexNet's third layer 72 and 42, VGG's conv3-2 826 and 314, its conv5-2 180 and 90,
ResNet-50's 128 channels 28x28 73 and 33.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.ending import plain
from minicnn.kernels.cpu.convolution.operands import Filters, Left, Planes, Rows, Taps
from minicnn.kernels.cpu.convolution.tiles import FROM_OLD, TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import ONE, gather_tiles
from minicnn.kernels.cpu.convolution.weight_gradient import turn_line
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, multiply_add, splat, store, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided
from minicnn.kernels.cpu.winograd.overflow import is_finite
from minicnn.kernels.cpu.winograd.winograd import input_to_four, input_to_six, transform_columns, transform_input
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

_f = np.float32
ZERO, TWO, FOUR, EIGHT, HALF = _f(0), _f(2), _f(4), _f(8), _f(0.5)
QUARTER, SIXTH, TWELFTH, TWENTY_FOURTH = _f(1 / 4), _f(1 / 6), _f(1 / 12), _f(1 / 24)
STRIP = TILE_VECTORS * LANES  # filters that the register tile takes at once


@kernel
def gradient_to_four(d0, d1):
    """A d for m = 2."""
    return d0, d0 + d1, d0 - d1, splat(ZERO) - d1


@kernel
def gradient_to_six(d0, d1, d2, d3):
    """A d for m = 4."""
    even, odd = d0 + d2, d1 + d3
    wide, narrow = d0 + d2 * FOUR, d1 * TWO + d3 * EIGHT
    return d0, even + odd, even - odd, wide + narrow, wide - narrow, d3


@kernel
def four_to_filter(u0, u1, u2, u3):
    """G^T u for m = 2."""
    outer = (u1 + u2) * HALF
    return u0 + outer, (u1 - u2) * HALF, outer + u3


@kernel
def six_to_filter(u0, u1, u2, u3, u4, u5):
    """G^T u for m = 4."""
    inner, wide = (u1 + u2) * SIXTH, u3 + u4
    return u0 * QUARTER - inner + wide * TWENTY_FOURTH, (u2 - u1) * SIXTH + (u3 - u4) * TWELFTH, wide * SIXTH - inner + u5


class Cut(NamedTuple):
    """How the work is cut.

    block : channels of a unit;  strips : strips of filters of a unit
    chunk : tiles of a chunk
    stretches : of tiles, each with a sum of its own
    """

    block: int
    strips: int
    chunk: int
    stretches: int


class Layer(NamedTuple):
    """Images of a shard, groups, channels and filters of a group, whether filters are turned by half a turn, pixels of a tile's side."""

    shard: int
    groups: int
    channels: int
    filters: int
    flip: bool
    side: int


class Scratch(NamedTuple):
    """Where a part's own numbers lie, and how far elements are apart."""

    sums: Any
    v: Any
    d: Any
    turned: Any
    square: Any
    sorted: Any
    sums_element: int
    v_element: int
    d_element: int


@kernel
def turn_tiles(turned, dy, rows, columns, shard, p, q, edge, count):
    """turned[i, j, n, lane] = dy[lane, p + i, q + j, n] for `count` tiles of a row of tiles and LANES filters; zeros outside.

    turned : Strided, by pixel and image;  dy : Rows, by filter and by row
    """
    wide = count * edge * shard
    inside = min(wide, (columns.out - q) * shard)
    for i in range(edge):
        own = Strided(turned.array, turned.base + i * wide * LANES, LANES)
        line = inside if p + i < rows.out else 0
        if line > 0:
            turn_line(own, Strided(dy.array, dy.base + (p + i) * dy.row + q * shard, dy.step), LANES, line)
        for at in range(line, wide):
            store(own.array, own.base + at * LANES, splat(ZERO))


@kernel
def transform_gradients(d, turned, shard, edge, count, s_at):
    """d[i, j, pair, lane] = (A dY A^T)[i, j] for all images of `count` tiles and LANES filters.

    d : Strided, by element, pairs STRIP apart;  turned : where `turn_tiles` has left the tiles, in the memory of d and the scratch
    """
    m, side = d.array, edge + 2
    down = count * edge * shard * LANES
    for n in range(count * shard):
        first = turned + (n // shard * edge * shard + n % shard) * LANES
        for j in range(edge):
            at, own = first + j * shard * LANES, s_at + j * LANES
            if edge == 2:
                t0, t1, t2, t3 = gradient_to_four(load(m, at), load(m, at + down))
            else:
                t0, t1, t2, t3, t4, t5 = gradient_to_six(load(m, at), load(m, at + down), load(m, at + 2 * down), load(m, at + 3 * down))
                store(m, own + 4 * edge * LANES, t4)
                store(m, own + 5 * edge * LANES, t5)
            store(m, own, t0)
            store(m, own + edge * LANES, t1)
            store(m, own + 2 * edge * LANES, t2)
            store(m, own + 3 * edge * LANES, t3)
        for i in range(side):
            at, own = s_at + i * edge * LANES, d.base + i * side * d.step + n * STRIP
            if edge == 2:
                t0, t1, t2, t3 = gradient_to_four(load(m, at), load(m, at + LANES))
            else:
                t0, t1, t2, t3, t4, t5 = gradient_to_six(load(m, at), load(m, at + LANES), load(m, at + 2 * LANES), load(m, at + 3 * LANES))
                store(m, own + 4 * d.step, t4)
                store(m, own + 5 * d.step, t5)
            store(m, own, t0)
            store(m, own + d.step, t1)
            store(m, own + 2 * d.step, t2)
            store(m, own + 3 * d.step, t3)


@kernel
def sort_pixels(m, s_at, line, x, rows, columns, shard, h, w, side, count):
    """What `count` tiles of a row of tiles read of one channel, sorted by the column's remainder: (row, remainder, tile, image).

    x : where the channel begins, in the same memory;  (h, w) is the first tile's first pixel;  outside are zeros
    Whole vectors are written, what they hold too much of is overwritten by the next pixel; `line` has room for the last.
    """
    edge = side - 2
    for i in range(side):
        inside = 0 <= h + i < rows.size
        source, target = x + ((h + i) * columns.size + w) * shard, s_at + i * edge * line
        for j in range(count * edge + 2):
            own = target + j % edge * line + j // edge * shard
            found = inside and 0 <= w + j < columns.size
            for n in range(0, shard, LANES):
                store(m, own + n, load(m, source + j * shard + n) if found else splat(ZERO))


@kernel
def transform_sorted(v, s_at, line, shard, side, lanes, scratch):
    """v[i, j, lane] = (B^T d B)[i, j] for one channel and all pairs of what `sort_pixels` has left; whole vectors are written."""
    m, edge = v.array, side - 2
    for n in range(0, lanes, LANES):
        for i in range(side):
            at, row = s_at + i * edge * line + n, scratch + i * side * LANES
            d0, d1 = load(m, at), load(m, at + line)
            if side == 4:
                t0, t1, t2, t3 = input_to_four(d0, d1, load(m, at + shard), load(m, at + line + shard))
            else:
                d2, d3 = load(m, at + 2 * line), load(m, at + 3 * line)
                t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, load(m, at + shard), load(m, at + line + shard))
                store(m, row + 4 * LANES, t4)
                store(m, row + 5 * LANES, t5)
            store(m, row, t0)
            store(m, row + LANES, t1)
            store(m, row + 2 * LANES, t2)
            store(m, row + 3 * LANES, t3)
        transform_columns(Strided(m, v.base + n, v.step), side, scratch)


@kernel
def tiles_in_row(tile, stop, tile_columns, most):
    """How many tiles from this one on are in its row of tiles, before `stop`, and no more than `most`."""
    return min(stop - tile, tile_columns - tile % tile_columns, most)


@kernel
def write_taps(y, sums, side, flip, s_at):
    """y[tap] = (G^T U G)[tap] for one channel and LANES filters; the sum of all taps.

    y : Strided, by tap;  sums : Strided, by element; in one memory with the scratch
    """
    m, found = sums.array, splat(ZERO)
    down = side * sums.step
    for j in range(side):
        at, own = sums.base + j * sums.step, s_at + j * LANES
        u0, u1, u2, u3 = load(m, at), load(m, at + down), load(m, at + 2 * down), load(m, at + 3 * down)
        if side == 4:
            t0, t1, t2 = four_to_filter(u0, u1, u2, u3)
        else:
            t0, t1, t2 = six_to_filter(u0, u1, u2, u3, load(m, at + 4 * down), load(m, at + 5 * down))
        store(m, own, t0)
        store(m, own + side * LANES, t1)
        store(m, own + 2 * side * LANES, t2)
    for r in range(3):
        at = s_at + r * side * LANES
        u0, u1, u2, u3 = load(m, at), load(m, at + LANES), load(m, at + 2 * LANES), load(m, at + 3 * LANES)
        if side == 4:
            t0, t1, t2 = four_to_filter(u0, u1, u2, u3)
        else:
            t0, t1, t2 = six_to_filter(u0, u1, u2, u3, load(m, at + 4 * LANES), load(m, at + 5 * LANES))
        first, on = (8 - 3 * r, -1) if flip else (3 * r, 1)
        store(m, y.base + first * y.step, t0)
        store(m, y.base + (first + on) * y.step, t1)
        store(m, y.base + (first + 2 * on) * y.step, t2)
        found += t0 + t1 + t2
    return found


@kernel
def write_directly(y, dy, x, rows, columns, shard, flip, first, stop, edge):
    """y[tap] for one channel and filter from the tiles first to stop - 1, tap by tap; taps outside are left out.

    y : Strided, by tap;  dy : Rows of the filter;  x : where the channel begins; in one memory
    """
    m, tile_columns = dy.array, (columns.out + edge - 1) // edge
    for r in range(3):
        for s in range(3):
            found = splat(ZERO)
            for tile in range(first, stop):
                p, q = tile // tile_columns * edge, tile % tile_columns * edge
                for i in range(p, min(p + edge, rows.out)):
                    for j in range(q, min(q + edge, columns.out)):
                        h, w = i + r - rows.before, j + s - columns.before
                        if 0 <= h < rows.size and 0 <= w < columns.size:
                            for n in range(0, shard, LANES):
                                left = min(LANES, shard - n)
                                pixel = load_first(m, x + (h * columns.size + w) * shard + n, left)
                                found = multiply_add(load_first(m, dy.base + i * dy.row + j * shard + n, left), pixel, found)
            tap = 8 - 3 * r - s if flip else 3 * r + s
            m[y.base + tap * y.step] = total(found)


@kernel
def sum_tiles(products, dy, x, layer, rows, columns, cut, own, row, stretch_size, table, pairs, part, parts):
    """The gradients of some channels and strips of filters, from some tiles.

    products : where they go: (stretch, channel, tap, filter), filters `row` apart
    dy : Rows, by filter and by row;  x : Strided, by channel; in one memory with everything else
    own : Scratch;  pairs : where the table holds (pair * STRIP, pair) for every pair of a chunk
    """
    m, side = dy.array, layer.side
    shard, channels, filters = layer.shard, layer.channels, layer.filters
    edge = side - 2
    tile_columns = (columns.out + edge - 1) // edge
    tiles = (rows.out + edge - 1) // edge * tile_columns
    wide = cut.strips * STRIP
    blocks, bands = (channels + cut.block - 1) // cut.block, (filters + wide - 1) // wide
    units = layer.groups * blocks * bands * cut.stretches
    v_row, s_strip, d_strip = cut.chunk * shard, cut.block * STRIP, cut.chunk * shard * STRIP
    for unit in range(units * part // parts, units * (part + 1) // parts):
        stretch, group = unit % cut.stretches, unit // (cut.stretches * bands * blocks)
        c, k = unit // (cut.stretches * bands) % blocks * cut.block, unit // cut.stretches % bands * wide
        some, own_filters = min(cut.block, channels - c), min(wide, filters - k)
        strips = (own_filters + STRIP - 1) // STRIP
        x_at = x.base + (group * channels + c) * x.step
        dy_at = dy.base + (group * filters + k) * dy.step
        for element in range(side * side):
            for strip in range(strips):
                at = own.sums + element * own.sums_element + strip * s_strip
                for lane in range(0, some * STRIP, LANES):
                    store(m, at + lane, splat(ZERO))
        begin, end = tiles * stretch // cut.stretches, tiles * (stretch + 1) // cut.stretches
        for first in range(begin, end, cut.chunk):
            stop = min(first + cut.chunk, end)
            for channel in range(some):
                source, tile = x_at + channel * x.step, first
                while tile < stop:
                    count = 1 if shard % LANES == 0 else tiles_in_row(tile, stop, tile_columns, cut.chunk)
                    h, w = tile // tile_columns * edge - rows.before, tile % tile_columns * edge - columns.before
                    v = Strided(m, own.v + channel * v_row + (tile - first) * shard, own.v_element)
                    if shard % LANES == 0:
                        for n in range(0, shard, LANES):
                            moved = Strided(m, v.base + n, v.step)
                            transform_input(moved, source + n, rows.size, columns.size, shard, h, w, side, own.square)
                    else:
                        line = (count + 1) * shard + LANES
                        sort_pixels(m, own.sorted, line, source, rows, columns, shard, h, w, side, count)
                        transform_sorted(v, own.sorted, line, shard, side, count * shard, own.square)
                    tile += count
            tile = first
            while tile < stop:
                count = tiles_in_row(tile, stop, tile_columns, max(1, LANES // shard))
                p, q = tile // tile_columns * edge, tile % tile_columns * edge
                for number in range(0, own_filters, LANES):
                    lane = min(number, filters - k - LANES)
                    gradients = Rows(m, dy_at + lane * dy.step, dy.step, dy.row)
                    turn_tiles(Strided(m, own.turned, LANES), gradients, rows, columns, shard, p, q, edge, count)
                    if lane < number:  # fewer filters are left: those before them make a vector
                        shift_lanes(m, own.turned, edge * edge * count * shard, number - lane)
                    d_at = own.d + number // STRIP * d_strip + (tile - first) * shard * STRIP + number % STRIP
                    transform_gradients(Strided(m, d_at, own.d_element), own.turned, shard, edge, count, own.square)
                tile += count
            some_pairs = Taps(table, pairs, pairs + (stop - first) * shard)
            for element in range(side * side):
                for strip in range(strips):
                    gather_tiles(
                        Planes(m, own.sums + element * own.sums_element + strip * s_strip, STRIP, LANES),
                        Planes(m, own.d + element * own.d_element + strip * d_strip, 0, LANES),
                        Filters(m, own.v + element * own.v_element, 0, v_row),
                        some_pairs,
                        ONE,
                        Left(some, min(STRIP, (own_filters - strip * STRIP + LANES - 1) // LANES * LANES), LANES),
                        FROM_OLD,
                        Strided(m, 0, 0),
                        plain(m),
                    )
        for channel in range(some):
            target = products + stretch * stretch_size + (group * channels + c + channel) * 9 * row + k
            for lane in range(0, own_filters, LANES):
                at = own.sums + lane // STRIP * s_strip + channel * STRIP + lane % STRIP
                found = write_taps(Strided(m, target + lane, row), Strided(m, at, own.sums_element), side, layer.flip, own.square)
                if not is_finite(found):
                    for own_filter in range(lane, min(lane + LANES, own_filters)):
                        gradients = Rows(m, dy_at + own_filter * dy.step, dy.step, dy.row)
                        write_directly(
                            Strided(m, target + own_filter, row),
                            gradients,
                            x_at + channel * x.step,
                            rows,
                            columns,
                            shard,
                            layer.flip,
                            begin,
                            end,
                            edge,
                        )


@kernel
def shift_lanes(m, at, count, lanes):
    """Move the last lanes of `count` vectors to the front."""
    for n in range(count):
        for lane in range(LANES - lanes):
            m[at + n * LANES + lane] = m[at + n * LANES + lane + lanes]


# Steps.


@step(
    "products row stretch_size dy dy_plane dy_row x x_plane pairs part_size",
    layer=Layer,
    axes=ThreeAxes,
    cut=Cut,
    scratch=Scratch,
    splits=True,
)
def winograd_weight_step(memory, parameters, table, a, frame):
    """Everything lies in the arena; each part has `part_size` elements of scratch of its own."""
    m, arena = whole_array(memory), frame.arena
    _, rows, columns = three_axes(a.axes)
    own, part = values(Scratch, a.scratch), arena + frame.part * a.part_size
    sum_tiles(
        arena + a.products,
        Rows(m, arena + a.dy, a.dy_plane, a.dy_row),
        Strided(m, arena + a.x, a.x_plane),
        values(Layer, a.layer),
        rows,
        columns,
        values(Cut, a.cut),
        Scratch(part + own[0], part + own[1], part + own[2], part + own[3], part + own[4], part + own[5], *own[6:]),
        row=a.row,
        stretch_size=a.stretch_size,
        table=whole_array(table),
        pairs=a.pairs,
        part=frame.part,
        parts=frame.parts,
    )
