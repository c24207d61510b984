"""Winograd's convolution for few images, a lane a tile: the pixels of x are sorted by their remainder modulo m first (see
`few_images.arrange`), so that what neighbouring tiles read through one of their pixels lies side by side.

Everything else is as in `winograd.py`.  An output tile's pixels are in m vectors a row; the zip of them is the row.  Where there are
many tiles, a part takes blocks of them through all three stages while they are in cache.  Where there are few, each stage is shared out by
itself: the first along channels, the products along the elements of a tile, the last along filters.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.product_tile import product
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.lanes.shuffle import zip_high, zip_low
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import floats_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, FIRST, PART, PARTS
from minicnn.kernels.cpu.winograd.overflow import is_finite, write_rows
from minicnn.kernels.cpu.winograd.winograd import (
    apart,
    floored,
    four_to_output,
    input_to_four,
    input_to_six,
    six_to_output,
    sum_columns,
    transform_columns,
)
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)
WIDTH = TILE_VECTORS * LANES  # tiles that the register tile of the products takes at once


@kernel
def place(vector, row, rows):
    """Where a vector of tiles lies in a matrix of so many rows: what a register tile reads is one stretch of memory."""
    return (vector // TILE_VECTORS * rows + row) * WIDTH + vector % TILE_VECTORS * LANES


@kernel
def transform_inputs(m, v_at, v_element, x_at, x_channel, table, offsets, channels, first, stop, begin, count, side, s_at):
    """v[i, j, c, tile] = (B^T d B)[i, j] for channels first <= c < stop and the vectors of tiles begin .. begin + count.

    offsets : where the table holds, for each pixel of a tile, how far its vector lies from the first one's
    """
    for c in range(first, stop):
        for n in range(count):
            at, target = x_at + c * x_channel + (begin + n) * LANES, v_at + place(n, c, channels)
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
            transform_columns(m, target, v_element, side, m, s_at)


@kernel
def multiply_elements(m, m_at, m_element, m_rows, v_at, v_element, v_rows, u_at, u_element, first, stop, count, filters, channels):
    """For elements first <= e < stop of a tile: the product of matrices, filters x channels times channels x tiles.

    m_rows, v_rows : rows of the matrices that these rows of m and v are part of
    """
    for element in range(first, stop):
        for n in range(0, count, TILE_VECTORS):
            product(
                m,
                m_at + element * m_element + place(n, 0, m_rows),
                WIDTH,
                m,
                v_at + element * v_element + place(n, 0, v_rows),
                WIDTH,
                TILE_VECTORS,
                m,
                u_at + element * u_element,
                filters,
                channels,
            )


@kernel
def transform_outputs(
    y, y_at, y_filter, y_row, m, m_at, m_element, m_rows, first, stop, begin, count, side, bias, b_at, with_bias, floor, s_at
):
    """y[k, i, m*tile + j] = (A^T M A)[i, j] + bias, no less than `floor`, for filters first <= k < stop: row i of all tiles is one row.

    Returns the sum of all pixels as they are.
    """
    edge = side - 2
    pixels = splat(ZERO)
    for k in range(first, stop):
        start = bias[b_at + k] if with_bias else ZERO
        for n in range(count):
            sum_columns(m, m_at + place(n, k, m_rows), m_element, side, m, s_at)
            for i in range(edge):
                at = s_at + i * side * LANES
                target = y_at + k * y_filter + i * y_row + (begin + n) * LANES * edge
                m0, m1, m2, m3 = load(m, at), load(m, at + LANES), load(m, at + 2 * LANES), load(m, at + 3 * LANES)
                if side == 4:
                    t0, t1 = four_to_output(m0, m1, m2, m3)
                    pixels += t0 + t1
                    t0, t1 = floored(t0 + start, floor), floored(t1 + start, floor)
                    store(y, target, zip_low(t0, t1))
                    store(y, target + LANES, zip_high(t0, t1))
                else:
                    t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(m, at + 4 * LANES), load(m, at + 5 * LANES))
                    pixels += (t0 + t1) + (t2 + t3)
                    t0, t1 = floored(t0 + start, floor), floored(t1 + start, floor)
                    t2, t3 = floored(t2 + start, floor), floored(t3 + start, floor)
                    even0, even1, odd0, odd1 = zip_low(t0, t2), zip_high(t0, t2), zip_low(t1, t3), zip_high(t1, t3)
                    store(y, target, zip_low(even0, odd0))
                    store(y, target + LANES, zip_high(even0, odd0))
                    store(y, target + 2 * LANES, zip_low(even1, odd1))
                    store(y, target + 3 * LANES, zip_high(even1, odd1))
    return pixels


@kernel
def write_filters(
    m,
    y_at,
    y_filter,
    y_row,
    x_at,
    x_channel,
    channels,
    weight,
    own_weight,
    table,
    offsets,
    first,
    stop,
    begin,
    count,
    side,
    bias,
    b_at,
    with_bias,
    floor,
    s_at,
):
    """The same tap by tap, for filters first <= k < stop of one group; own_weight as in `winograd`, for that group."""
    w_at, w_filter, w_channel, flip = own_weight
    for k in range(first, stop):
        start = bias[b_at + k] if with_bias else ZERO
        for n in range(begin, begin + count):
            write_rows(
                m,
                y_at + k * y_filter + n * LANES * (side - 2),
                y_row,
                x_at + n * LANES,
                x_channel,
                weight,
                w_at + k * w_filter,
                w_channel,
                channels,
                flip,
                table,
                offsets,
                side,
                start,
                floor,
                s_at,
            )


# Steps.  All take the same arguments: y (rows of tiles), its filter, its row, x (sorted), its channel, u (in memory), groups, channels and
# filters of a group, those of whole tiles, side, vectors of tiles, where the table holds the offsets, v, m and scratch, elements of scratch
# from part to part, bias, with bias, bias in memory, rectify, vectors of a block, filters of a chunk; weight, from filter to filter, from
# channel to channel, from group to group, flip.


@step(splits=True)
def winograd_blocks_step(memory, parameters, table, a, frame):
    """All stages, block by block and, after the first, some filters after the others; v, m and scratch are the part's own, a[16] long."""
    arena, t = frame[ARENA], whole_array(table)
    m = whole_array(memory)
    groups, channels, filters, all_filters, side, vectors, block, chunk = a[6], a[7], a[8], a[9], a[10], a[11], a[21], a[22]
    own = frame[PART] * a[16]
    v_at, m_at, s_at = arena + a[13] + own, arena + a[14] + own, arena + a[15] + own
    v_element, m_element, u_element = apart(groups * channels, block), apart(chunk, block), all_filters * channels
    bias = m if a[19] != 0 else whole_array(parameters)
    blocks = (vectors + block - 1) // block
    for number in range(blocks * frame[PART] // frame[PARTS], blocks * (frame[PART] + 1) // frame[PARTS]):
        begin = number * block
        count = min(block, vectors - begin)
        rows = groups * channels
        transform_inputs(m, v_at, v_element, arena + a[3], a[4], t, a[12], rows, 0, rows, begin, count, side, s_at)
        for group in range(groups):
            for k in range(0, filters, chunk):
                multiply_elements(
                    m,
                    m_at,
                    m_element,
                    chunk,
                    v_at + group * channels * WIDTH,
                    v_element,
                    rows,
                    a[5] + group * side * side * u_element + k * channels,
                    u_element,
                    0,
                    side * side,
                    count,
                    min(chunk, all_filters - k),
                    channels,
                )
                first = group * filters + k
                floor, stop = ZERO if a[20] != 0 else NO_FLOOR, min(chunk, filters - k)
                pixels = transform_outputs(
                    m,
                    arena + a[0] + first * a[1],
                    a[1],
                    a[2],
                    m,
                    m_at,
                    m_element,
                    chunk,
                    0,
                    stop,
                    begin,
                    count,
                    side,
                    bias,
                    a[17] + first,
                    a[18] != 0,
                    floor,
                    s_at,
                )
                if not is_finite(pixels):
                    write_filters(
                        m,
                        arena + a[0] + first * a[1],
                        a[1],
                        a[2],
                        arena + a[3] + group * channels * a[4],
                        a[4],
                        channels,
                        whole_array(parameters),
                        (a[23] + group * a[26] + k * a[24], a[24], a[25], a[27] != 0),
                        t,
                        a[12],
                        0,
                        stop,
                        begin,
                        count,
                        side,
                        bias,
                        a[17] + first,
                        a[18] != 0,
                        floor,
                        s_at,
                    )


@step(splits=True)
def winograd_inputs_step(memory, parameters, table, a, frame):
    """The first stage for some channels of all tiles; here and in the next two there is one group."""
    arena, part, parts, channels = frame[ARENA], frame[PART], frame[PARTS], a[7]
    transform_inputs(
        whole_array(memory),
        arena + a[13],
        apart(channels, a[21]),
        arena + a[3],
        a[4],
        whole_array(table),
        a[12],
        channels,
        channels * part // parts,
        channels * (part + 1) // parts,
        0,
        a[11],
        a[10],
        arena + a[15] + part * a[16],
    )


@step(splits=True)
def winograd_products_step(memory, parameters, table, a, frame):
    """The products for some elements of all tiles."""
    arena, part, parts, channels, all_filters = frame[ARENA], frame[PART], frame[PARTS], a[7], a[9]
    elements = a[10] * a[10]
    multiply_elements(
        whole_array(memory),
        arena + a[14],
        apart(all_filters, a[21]),
        all_filters,
        arena + a[13],
        apart(channels, a[21]),
        channels,
        a[5],
        all_filters * channels,
        elements * part // parts,
        elements * (part + 1) // parts,
        a[11],
        all_filters,
        channels,
    )


@step(splits=True)
def winograd_outputs_step(memory, parameters, table, a, frame):
    """The last stage for some filters of all tiles."""
    m, arena, part, parts, filters, all_filters = whole_array(memory), frame[ARENA], frame[PART], frame[PARTS], a[8], a[9]
    bias = m if a[19] != 0 else whole_array(parameters)
    first, stop, floor = filters * part // parts, filters * (part + 1) // parts, ZERO if a[20] != 0 else NO_FLOOR
    s_at = arena + a[15] + part * a[16]
    pixels = transform_outputs(
        m,
        arena + a[0],
        a[1],
        a[2],
        m,
        arena + a[14],
        apart(all_filters, a[21]),
        all_filters,
        first,
        stop,
        0,
        a[11],
        a[10],
        bias,
        a[17],
        a[18] != 0,
        floor,
        s_at,
    )
    if not is_finite(pixels):
        write_filters(
            m,
            arena + a[0],
            a[1],
            a[2],
            arena + a[3],
            a[4],
            a[7],
            whole_array(parameters),
            (a[23], a[24], a[25], a[27] != 0),
            whole_array(table),
            a[12],
            first,
            stop,
            0,
            a[11],
            a[10],
            bias,
            a[17],
            a[18] != 0,
            floor,
            s_at,
        )


@step(splits=True)
def rows_of_tiles_step(memory, parameters, table, a, frame):
    """Rows moved to where they belong.  a: y, its field, elements of an image, rows of a filter, filters, elements of a row; x, its filter,
    its row, elements from one row of tiles to the next; rows of a tile."""
    m, arena = whole_array(memory), frame[ARENA]
    y, y_at = (whole_array(floats_at(frame[a[1]])), frame[FIRST] * a[2]) if a[1] != 0 else (m, arena + a[0])
    for number in range(a[3] * a[4] * frame[PART] // frame[PARTS], a[3] * a[4] * (frame[PART] + 1) // frame[PARTS]):
        k, p = number // a[3], number % a[3]
        copy_numbers(y, y_at + number * a[5], m, arena + a[6] + k * a[7] + p % a[10] * a[8] + p // a[10] * a[9], a[5])
