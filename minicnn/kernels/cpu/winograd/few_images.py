"""Winograd's convolution for few images, a lane a tile: the pixels of x are sorted by their remainder modulo m first (see
`few_images.arrange`), so that what neighbouring tiles read through one of their pixels lies side by side.

Everything else is as in `winograd.py`, and so are the sums, bit for bit.  An output tile's pixels are in m vectors a row; of one image, the
zip of them is the row.  Several images lie side by side in every pixel, so that tiles of all of them are columns of one product; there the
m vectors go to m stretches of a row, from which `rows_of_tiles_step` takes pixel after pixel.  Where there are many tiles, a part takes blocks of them through all three stages while they are in cache.  Where there are few, each stage is shared out by
itself: the first along channels, the products along the elements of a tile, the last along filters.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.ending import NO_FLOOR, add_numbers, at_least, way_to
from minicnn.kernels.cpu.convolution.operands import Filters, Rows
from minicnn.kernels.cpu.convolution.product_tile import product
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.lanes.shuffle import zip_high, zip_low
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store, store_first
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Operand, Strided, operand, share
from minicnn.kernels.cpu.winograd.overflow import Weighed, direct, ended, filter_ending, is_finite, write_rows
from minicnn.kernels.cpu.winograd.winograd import (
    Tiling,
    apart,
    four_to_output,
    input_to_four,
    input_to_six,
    six_to_output,
    six_to_two,
    sum_columns,
    transform_columns,
)
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

ZERO = np.float32(0)
WIDTH = TILE_VECTORS * LANES  # tiles that the register tile of the products takes at once


@kernel
def place(vector, row, rows):
    """Where a vector of tiles lies in a matrix of so many rows: what a register tile reads is one stretch of memory."""
    return (vector // TILE_VECTORS * rows + row) * WIDTH + vector % TILE_VECTORS * LANES


class Piece(NamedTuple):
    """Channels or filters first to stop - 1, for `vectors` vectors of tiles from number `begin` on."""

    first: int
    stop: int
    begin: int
    vectors: int


@kernel
def transform_inputs(v, x, table, offsets, channels, piece, side, s_at):
    """v[i, j, c, tile] = (B^T d B)[i, j] for the channels and tiles of a piece.

    v, x : Strided, by element and by channel, in the same memory as the scratch at s_at
    offsets : where the table holds, for each pixel of a tile, how far its vector lies from the first one's
    """
    m = x.array
    for c in range(piece.first, piece.stop):
        for n in range(piece.vectors):
            at = x.base + c * x.step + (piece.begin + n) * LANES
            for i in range(side):
                own, row = offsets + i * side, s_at + i * side * LANES
                d0, d1 = load(m, at + table[own]), load(m, at + table[own + 1])
                d2, d3 = load(m, at + table[own + 2]), load(m, at + table[own + 3])
                if side == 4:
                    t0, t1, t2, t3 = input_to_four(d0, d1, d2, d3)
                else:
                    t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, load(m, at + table[own + 4]), load(m, at + table[own + 5]))
                    store(m, row + 4 * LANES, t4)
                    store(m, row + 5 * LANES, t5)
                store(m, row, t0)
                store(m, row + LANES, t1)
                store(m, row + 2 * LANES, t2)
                store(m, row + 3 * LANES, t3)
            transform_columns(Strided(m, v.base + place(n, c, channels), v.step), side, s_at)


@kernel
def multiply_elements(m, m_rows, v, v_rows, u, first, stop, count, filters, channels):
    """For elements first <= e < stop of a tile: the product of matrices, filters x channels times channels x tiles.

    m, v, u : Strided, by element
    m_rows, v_rows : rows of the matrices that these rows of m and v are part of
    """
    for element in range(first, stop):
        for n in range(0, count, TILE_VECTORS):
            own = Strided(m.array, m.base + element * m.step + place(n, 0, m_rows), WIDTH)
            source = Strided(v.array, v.base + element * v.step + place(n, 0, v_rows), WIDTH)
            product(own, source, min(TILE_VECTORS, count - n), Strided(u.array, u.base + element * u.step, 0), filters, channels)


@kernel
def transform_outputs(y, m, m_rows, piece, side, edge, own, first_filter, stretch, s_at):
    """y[k, i, m*tile + j] = (A^T M A)[i, j], after its FilterEnding, for a piece's filters: row i of all tiles is one row.

    y : Rows;  m : Strided, by element, in the same memory as y and the scratch at s_at
    own : Direct;  first_filter : which of its filters is number 0 here
    stretch : if above 0, y[k, i, j*stretch + tile] is written instead
    Returns the sum of all pixels as they are.
    """
    memory = y.array
    pixels = splat(ZERO)
    for k in range(piece.first, piece.stop):
        end = filter_ending(own, first_filter + k)
        for n in range(piece.vectors):
            sum_columns(Strided(memory, m.base + place(n, k, m_rows), m.step), side, edge, s_at)
            for i in range(edge):
                at = s_at + i * side * LANES
                target = y.base + k * y.step + i * y.row + (piece.begin + n) * (LANES if stretch else LANES * edge)
                m0, m1, m2, m3 = load(memory, at), load(memory, at + LANES), load(memory, at + 2 * LANES), load(memory, at + 3 * LANES)
                if edge == 2:
                    if side == 4:
                        t0, t1 = four_to_output(m0, m1, m2, m3)
                    else:
                        t0, t1 = six_to_two(m0, m1, m2, m3, load(memory, at + 4 * LANES), load(memory, at + 5 * LANES))
                    pixels += t0 + t1
                    t0, t1 = ended(t0, end), ended(t1, end)
                    store(memory, target, t0 if stretch else zip_low(t0, t1))
                    store(memory, target + (stretch or LANES), t1 if stretch else zip_high(t0, t1))
                else:
                    t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(memory, at + 4 * LANES), load(memory, at + 5 * LANES))
                    pixels += (t0 + t1) + (t2 + t3)
                    t0, t1 = ended(t0, end), ended(t1, end)
                    t2, t3 = ended(t2, end), ended(t3, end)
                    if stretch:
                        store(memory, target, t0)
                        store(memory, target + stretch, t1)
                        store(memory, target + 2 * stretch, t2)
                        store(memory, target + 3 * stretch, t3)
                        continue
                    even0, even1, odd0, odd1 = zip_low(t0, t2), zip_high(t0, t2), zip_low(t1, t3), zip_high(t1, t3)
                    store(memory, target, zip_low(even0, odd0))
                    store(memory, target + LANES, zip_high(even0, odd0))
                    store(memory, target + 2 * LANES, zip_low(even1, odd1))
                    store(memory, target + 3 * LANES, zip_high(even1, odd1))
    return pixels


@kernel
def write_filters(y, x, channels, table, offsets, piece, sides, own, weight, first_filter, stretch, s_at):
    """The same tap by tap, for filters of one group, the first of which has the `weight`; `sides` are `side` and `edge`."""
    side, edge = sides
    for k in range(piece.first, piece.stop):
        weights = Filters(weight.array, weight.base + k * weight.step, weight.channel, weight.step)
        end = filter_ending(own, first_filter + k)
        for n in range(piece.begin, piece.begin + piece.vectors):
            rows = Strided(y.array, y.base + k * y.step + n * (LANES if stretch else LANES * edge), y.row)
            source = Strided(x.array, x.base + n * LANES, x.step)
            write_rows(rows, source, weights, own.flip, channels, table, offsets, side, edge, end, stretch, s_at)


# Steps.


class FewTiles(NamedTuple):
    """What these steps know of the layer.

    y, y_filter, y_row, stretch : rows of tiles, and of how many elements their stretches are, 0 if pixels lie side by side;  x, x_channel : sorted pixels;  u : transformed filters, in memory
    vectors : of tiles;  offsets : where the table holds them
    v, m, scratch, part_size : places; scratch, and for `winograd_blocks_step` all of them, `part_size` elements from part to part
    chunk : filters that go through the later stages together
    """

    y: Any
    y_filter: int
    y_row: int
    stretch: int
    x: Any
    x_channel: int
    u: Any
    vectors: int
    offsets: int
    v: Any
    m: Any
    scratch: Any
    part_size: int
    chunk: int


@kernel
def outputs_and_inputs(memory, frame, few):
    """y (Rows) and x (Strided) in the arena."""
    return Rows(memory, frame.arena + few.y, few.y_filter, few.y_row), Strided(memory, frame.arena + few.x, few.x_channel)


@step(few=FewTiles, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_blocks_step(memory, parameters, table, a, frame):
    """All stages, block by block and, after the first, some filters after the others; v, m and scratch are the part's own."""
    m, t, few, arena = whole_array(memory), whole_array(table), values(FewTiles, a.few), frame.arena + frame.part * a.few.part_size
    _, groups, channels, filters, all_filters, side, edge, block = values(Tiling, a.tiling)
    own, (y, x), rows, s_at = (
        direct(m, whole_array(parameters), a.weighed, 0),
        outputs_and_inputs(m, frame, few),
        groups * channels,
        arena + few.scratch,
    )
    v, sums = Strided(m, arena + few.v, apart(rows, block)), Strided(m, arena + few.m, apart(few.chunk, block))
    u_element = all_filters * channels
    first_block, stop_block = share((few.vectors + block - 1) // block, frame)
    for number in range(first_block, stop_block):
        begin = number * block
        count = min(block, few.vectors - begin)
        transform_inputs(v, x, t, few.offsets, rows, Piece(0, rows, begin, count), side, s_at)
        for group in range(groups):
            own_v = Strided(m, v.base + group * channels * WIDTH, v.step)
            own_x = Strided(m, x.base + group * channels * x.step, x.step)
            for k in range(0, filters, few.chunk):
                u = Strided(m, few.u + group * side * side * u_element + k * channels, u_element)
                multiply_elements(sums, few.chunk, own_v, rows, u, 0, side * side, count, min(few.chunk, all_filters - k), channels)
                first = group * filters + k
                own_y, piece = Rows(m, y.base + first * y.step, y.step, y.row), Piece(0, min(few.chunk, filters - k), begin, count)
                pixels = transform_outputs(own_y, sums, few.chunk, piece, side, edge, own, first, few.stretch, s_at)
                if not is_finite(pixels):
                    weight = Filters(
                        own.weight.array, own.weight.base + group * own.w_group + k * own.weight.step, own.weight.channel, own.weight.step
                    )
                    write_filters(own_y, own_x, channels, t, few.offsets, piece, (side, edge), own, weight, first, few.stretch, s_at)


@step(few=FewTiles, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_inputs_step(memory, parameters, table, a, frame):
    """The first stage for some channels of all tiles; here and in the next two there is one group."""
    m, few, channels = whole_array(memory), a.few, a.tiling.channels
    first, stop = share(channels, frame)
    _, x = outputs_and_inputs(m, frame, few)
    v, s_at = Strided(m, frame.arena + few.v, apart(channels, a.tiling.block)), frame.arena + few.scratch + frame.part * few.part_size
    transform_inputs(v, x, whole_array(table), few.offsets, channels, Piece(first, stop, 0, few.vectors), a.tiling.side, s_at)


@step(few=FewTiles, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_products_step(memory, parameters, table, a, frame):
    """The products for some elements of all tiles."""
    m, few, channels, all_filters, block = whole_array(memory), a.few, a.tiling.channels, a.tiling.all_filters, a.tiling.block
    first, stop = share(a.tiling.side * a.tiling.side, frame)
    sums, v = Strided(m, frame.arena + few.m, apart(all_filters, block)), Strided(m, frame.arena + few.v, apart(channels, block))
    u = Strided(m, few.u, all_filters * channels)
    multiply_elements(sums, all_filters, v, channels, u, first, stop, few.vectors, all_filters, channels)


@step(few=FewTiles, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_outputs_step(memory, parameters, table, a, frame):
    """The last stage for some filters of all tiles."""
    m, few, tiling = whole_array(memory), a.few, values(Tiling, a.tiling)
    first, stop = share(tiling.filters, frame)
    own, (y, x) = direct(m, whole_array(parameters), a.weighed, 0), outputs_and_inputs(m, frame, few)
    sums, s_at = (
        Strided(m, frame.arena + few.m, apart(tiling.all_filters, tiling.block)),
        frame.arena + few.scratch + frame.part * few.part_size,
    )
    piece = Piece(first, stop, 0, few.vectors)
    pixels = transform_outputs(y, sums, tiling.all_filters, piece, tiling.side, tiling.edge, own, 0, few.stretch, s_at)
    if not is_finite(pixels):
        sides = tiling.side, tiling.edge
        write_filters(y, x, tiling.channels, whole_array(table), few.offsets, piece, sides, own, own.weight, 0, few.stretch, s_at)


@kernel
def gather_pixels(y, y_at, x, x_at, width, shard, tile, stretch, added, floor):
    """y[j, :shard] = x[j % tile * stretch + j // tile * shard :][:shard] for j < width: a row from its stretches, pixel after pixel.

    added, floor : as `add_numbers` has them
    Whole vectors are stored while what is beyond the pixel is written by the next ones.
    """
    left = width * shard
    for j in range(0, width, tile):
        for i in range(min(tile, width - j)):
            value = load(x, x_at + i * stretch)
            if added != 0:
                value = at_least(floor, value + load(y, y_at + added))
            if left >= LANES:
                store(y, y_at, value)
            else:
                store_first(y, y_at, value, left)
            y_at += shard
            left -= shard
        x_at += shard


@step("rows filters width shard stretch x x_filter x_row x_tile_row tile_rows added rectify", y=Operand, splits=True)
def rows_of_tiles_step(memory, parameters, table, a, frame):
    """Rows of `width` pixels moved to where they belong.

    rows : of a filter
    shard, stretch : images; where there are several, elements of a stretch
    x_tile_row, tile_rows : elements from one row of tiles to the next, rows of one
    added, rectify : as of `leave_gaps_step`
    """
    m, added, floor = whole_array(memory), way_to(a.added, a.y.place), ZERO if a.rectify != 0 else NO_FLOOR
    y = operand(m, frame, a.y)
    first, stop = share(a.rows * a.filters, frame)
    for number in range(first, stop):
        k, p = number // a.rows, number % a.rows
        source = frame.arena + a.x + k * a.x_filter + p % a.tile_rows * a.x_row + p // a.tile_rows * a.x_tile_row
        target = y.base + number * a.width * a.shard
        if a.shard == 1 and added != 0:
            add_numbers(y.array, target, m, source, a.width, added, floor)
        elif a.shard == 1:
            copy_numbers(y.array, target, m, source, a.width)
        else:
            gather_pixels(y.array, target, m, source, a.width, a.shard, a.tile_rows, a.stretch, added, floor)
