"""The weight gradient of wide layers, a lane a filter.

    dweight[k, c, r] = sum over positions p and images n of dy[k, p, n] * x[c, p*stride + r*dilation - pad, n]

Activations lie with images in the lanes, and summed that way every number of the gradient is a sum of lanes at the end, paid for again at
every row of positions.  Here a chunk of dy is turned first, filters side by side, and the gather tile walks over (position, image) pairs
as its taps: the numbers of x are its weights, one at a time, and nothing is summed across lanes.  AlexNet's third layer, 64 images, one
thread: 133 to 76 ms; its first, one image: 47 to 2.4.

    turned     (pair, filter)                a chunk of dy for one strip of filters; it stays in L1 while all taps pass over it
    products   (channel, tap, filter)        the gradient while it is added up; turned back it goes to its slot
"""

import numpy as np

from minicnn.kernels.cpu.convolution.axes import BEFORE, DILATION, OUT, SIZE, STRIDE, TAPS, three_axes
from minicnn.kernels.cpu.convolution.tiles import (
    FEW_FILTERS,
    FEW_VECTORS,
    FROM_OLD,
    ROW_FILTERS,
    ROW_TAPS,
    TILE_FILTERS,
    gather_tile,
    gather_tile_few_filters,
    gather_tile_few_of_both,
    gather_tile_few_vectors,
    gather_tile_row,
)
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ACCUMULATE, ARENA, PART, PARTS, SLOT
from minicnn.kernels.index import output_range, weight_tap
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)

positions_inside = kernel(output_range)
tap_of_weight = kernel(weight_tap)


@kernel
def turn_line(y, y_at, pitch, dy, dy_at, dy_plane, filters, first, size):
    """y[first + i, k] = dy[k, i] for i < size: squares in registers where there are enough of both, the last ones overlapping."""
    if filters >= LANES and size >= LANES:
        for block in range(0, filters, LANES):
            k = min(block, filters - LANES)
            for begin in range(0, size, LANES):
                i = min(begin, size - LANES)
                transpose_square(y, y_at + (first + i) * pitch + k, pitch, dy, dy_at + k * dy_plane + i, dy_plane)
    else:
        for k in range(filters):
            for i in range(size):
                y[y_at + (first + i) * pitch + k] = dy[dy_at + k * dy_plane + i]


@kernel
def turn_chunk(y, y_at, pitch, dy, dy_at, dy_plane, dy_row, dy_column, shard, filters, lines, columns):
    """y[(line, column, image), k] = dy[k, line, column, image]."""
    for line in range(lines):
        if dy_column == shard:
            turn_line(y, y_at, pitch, dy, dy_at + line * dy_row, dy_plane, filters, line * columns * shard, columns * shard)
        else:
            for q in range(columns):
                turn_line(y, y_at, pitch, dy, dy_at + line * dy_row + q * dy_column, dy_plane, filters, (line * columns + q) * shard, shard)


@kernel
def add_products(y, y_at, y_row, rows, width, dy, dy_at, dy_row, x, x_at, x_row, x_filter, table, pairs, count, lines):
    """y[row, lane] += the sum over `lines` lines of `count` pairs of x[row, pair] * dy[pair, lane], `width` lanes."""
    k = 0
    while k < rows:
        own, at, left = y_at + k * y_row, x_at + k * x_filter, rows - k
        if left <= FEW_FILTERS:
            if width <= FEW_VECTORS * LANES:
                gather_tile_few_of_both(
                    y,
                    own,
                    y_row,
                    LANES,
                    dy,
                    dy_at,
                    dy_row,
                    LANES,
                    x,
                    at,
                    x_row,
                    x_filter,
                    table,
                    pairs,
                    pairs + count,
                    lines,
                    left,
                    width,
                    LANES,
                    FROM_OLD,
                    y,
                    0,
                    0,
                    NO_FLOOR,
                )
            else:
                gather_tile_few_filters(
                    y,
                    own,
                    y_row,
                    LANES,
                    dy,
                    dy_at,
                    dy_row,
                    LANES,
                    x,
                    at,
                    x_row,
                    x_filter,
                    table,
                    pairs,
                    pairs + count,
                    lines,
                    left,
                    width,
                    LANES,
                    FROM_OLD,
                    y,
                    0,
                    0,
                    NO_FLOOR,
                )
            k += FEW_FILTERS
        else:
            if width <= FEW_VECTORS * LANES:
                gather_tile_few_vectors(
                    y,
                    own,
                    y_row,
                    LANES,
                    dy,
                    dy_at,
                    dy_row,
                    LANES,
                    x,
                    at,
                    x_row,
                    x_filter,
                    table,
                    pairs,
                    pairs + count,
                    lines,
                    left,
                    width,
                    LANES,
                    FROM_OLD,
                    y,
                    0,
                    0,
                    NO_FLOOR,
                )
            else:
                gather_tile(
                    y,
                    own,
                    y_row,
                    LANES,
                    dy,
                    dy_at,
                    dy_row,
                    LANES,
                    x,
                    at,
                    x_row,
                    x_filter,
                    table,
                    pairs,
                    pairs + count,
                    lines,
                    left,
                    width,
                    LANES,
                    FROM_OLD,
                    y,
                    0,
                    0,
                    NO_FLOOR,
                )
            k += TILE_FILTERS


@kernel
def sum_products(
    products,
    p_at,
    turned,
    t_at,
    dy,
    dy_at,
    dy_plane,
    dy_steps,
    x,
    x_at,
    x_plane,
    shard,
    groups,
    channels,
    filters,
    depth,
    rows,
    columns,
    flip,
    pitch,
    block,
    line_block,
    column_block,
    by_column,
    table,
    pairs,
    part,
    parts,
):
    """All products of some channels and strips of filters.

    channels, filters : those of one group
    dy_steps : elements from one position to the next along each axis
    pitch : filters of a strip
    block : channels whose pixels and products stay in cache
    line_block, column_block : positions of a chunk
    by_column : whether the rows of a tile are taps of a row of the filter; else they are channels
    pairs : where the table holds (pair * pitch, its place in a row of x) for every pair of a chunk
    """
    strips = (filters + pitch - 1) // pitch
    blocks = (channels + block - 1) // block
    taps = depth[TAPS] * rows[TAPS] * columns[TAPS]
    row = strips * pitch
    x_row = rows[STRIDE] * columns[SIZE] * shard
    units = groups * blocks * strips
    for unit in range(units * part // parts, units * (part + 1) // parts):
        group, strip = unit // (blocks * strips), unit % strips
        c = unit // strips % blocks * block
        some, own_filters = min(block, channels - c), min(pitch, filters - strip * pitch)
        width = (own_filters + LANES - 1) // LANES * LANES
        own = p_at + (group * channels + c) * taps * row + strip * pitch
        for line in range(some * taps):
            for lane in range(0, width, LANES):
                store(products, own + line * row + lane, splat(ZERO))
        x_group = x_at + (group * channels + c) * x_plane
        dy_group = dy_at + (group * filters + strip * pitch) * dy_plane
        for o in range(depth[OUT]):
            for p in range(0, rows[OUT], line_block):
                lines = min(line_block, rows[OUT] - p)
                for q in range(0, columns[OUT], column_block):
                    wide = min(column_block, columns[OUT] - q)
                    chunk = dy_group + o * dy_steps[0] + p * dy_steps[1] + q * dy_steps[2]
                    turn_chunk(turned, t_at, pitch, dy, chunk, dy_plane, dy_steps[1], dy_steps[2], shard, own_filters, lines, wide)
                    for t in range(depth[TAPS]):
                        d = o * depth[STRIDE] + t * depth[DILATION] - depth[BEFORE]
                        if d < 0 or d >= depth[SIZE]:
                            continue
                        for r in range(rows[TAPS]):
                            first_p, stop_p = positions_inside(r, rows[SIZE], rows[OUT], rows[STRIDE], rows[DILATION], rows[BEFORE])
                            first_p, stop_p = max(first_p, p), min(stop_p, p + lines)
                            if first_p >= stop_p:
                                continue
                            h = first_p * rows[STRIDE] + r * rows[DILATION] - rows[BEFORE]
                            source = x_group + (d * rows[SIZE] + h) * columns[SIZE] * shard
                            tap = (tap_of_weight(t, depth[TAPS], flip) * rows[TAPS] + tap_of_weight(r, rows[TAPS], flip)) * columns[TAPS]
                            for s in range(1 if by_column else columns[TAPS]):
                                first_q, stop_q = positions_inside(
                                    s, columns[SIZE], columns[OUT], columns[STRIDE], columns[DILATION], columns[BEFORE]
                                )
                                first_q, stop_q = max(first_q, q), min(stop_q, q + wide)
                                if first_q >= stop_q:
                                    continue
                                w = first_q * columns[STRIDE] + s * columns[DILATION] - columns[BEFORE]
                                target = own + (tap + tap_of_weight(s, columns[TAPS], flip)) * row
                                gradients = t_at + ((first_p - p) * wide + first_q - q) * shard * pitch
                                if by_column:
                                    for n in range(some):
                                        add_products(
                                            products,
                                            target + n * taps * row,
                                            -row if flip else row,
                                            columns[TAPS],
                                            width,
                                            turned,
                                            gradients,
                                            wide * shard * pitch,
                                            x,
                                            source + n * x_plane + w * shard,
                                            x_row,
                                            columns[DILATION] * shard,
                                            table,
                                            pairs,
                                            (stop_q - first_q) * shard,
                                            stop_p - first_p,
                                        )
                                else:
                                    add_products(
                                        products,
                                        target,
                                        taps * row,
                                        some,
                                        width,
                                        turned,
                                        gradients,
                                        wide * shard * pitch,
                                        x,
                                        source + w * shard,
                                        x_row,
                                        x_plane,
                                        table,
                                        pairs,
                                        (stop_q - first_q) * shard,
                                        stop_p - first_p,
                                    )


@kernel
def sum_products_by_row(
    products,
    p_at,
    turned,
    t_at,
    dy,
    dy_at,
    dy_plane,
    dy_row,
    x,
    x_at,
    x_plane,
    shard,
    groups,
    channels,
    filters,
    rows,
    columns,
    flip,
    column_block,
    table,
    pairs,
    part,
    parts,
):
    """All products of some groups, for filters that fill one vector alone and are three taps wide: the vectors of a tile are the taps of a
    row, each with dy as many positions earlier, so that a number of x serves all three.

    column_block : pixels of a chunk; dy is turned for the positions that read them, zeros beyond the ends
    pairs : where the table holds (pair * LANES, pair) for every pair of a chunk
    """
    taps, reach = rows[TAPS] * ROW_TAPS, (ROW_TAPS - 1) * columns[DILATION]
    for group in range(groups * part // parts, groups * (part + 1) // parts):
        own = p_at + group * channels * taps * LANES
        for lane in range(0, channels * taps * LANES, LANES):
            store(products, own + lane, splat(ZERO))
        for p in range(rows[OUT]):
            for w in range(0, columns[SIZE], column_block):
                wide = min(column_block, columns[SIZE] - w)
                first = w + columns[BEFORE] - reach
                begin, end = max(0, first), min(columns[OUT], first + wide + reach)
                for lane in range(0, (wide + reach) * shard * LANES, LANES):
                    if not begin - first <= lane // (shard * LANES) < end - first:
                        store(turned, t_at + lane, splat(ZERO))
                if begin < end:
                    turn_line(
                        turned,
                        t_at,
                        LANES,
                        dy,
                        dy_at + group * filters * dy_plane + p * dy_row + begin * shard,
                        dy_plane,
                        filters,
                        (begin - first) * shard,
                        (end - begin) * shard,
                    )
                for r in range(rows[TAPS]):
                    h = p * rows[STRIDE] + r * rows[DILATION] - rows[BEFORE]
                    if h < 0 or h >= rows[SIZE]:
                        continue
                    source = x_at + group * channels * x_plane + (h * columns[SIZE] + w) * shard
                    target = own + (tap_of_weight(r, rows[TAPS], flip) * ROW_TAPS + tap_of_weight(0, ROW_TAPS, flip)) * LANES
                    for c in range(0, channels, ROW_FILTERS):
                        gather_tile_row(
                            products,
                            target + c * taps * LANES,
                            taps * LANES,
                            -LANES if flip else LANES,
                            turned,
                            t_at + reach * shard * LANES,
                            0,
                            -columns[DILATION] * shard * LANES,
                            x,
                            source + c * x_plane,
                            0,
                            x_plane,
                            table,
                            pairs,
                            pairs + wide * shard,
                            1,
                            channels - c,
                            ROW_TAPS * LANES,
                            LANES,
                            FROM_OLD,
                            products,
                            0,
                            0,
                            NO_FLOOR,
                        )


@kernel
def turn_back(dweight, w_at, w_filter, products, p_at, groups, size, filters, row, square, s_at, accumulate, part, parts):
    """dweight[k, i] (+)= products[i, k] for the `size` weights of each filter."""
    strips = (filters + LANES - 1) // LANES
    for unit in range(groups * strips * part // parts, groups * strips * (part + 1) // parts):
        group, k = unit // strips, unit % strips * LANES
        some = min(LANES, filters - k)
        whole = size // LANES * LANES
        own = w_at + (group * filters + k) * w_filter
        source = p_at + group * size * row + k
        for i in range(0, whole, LANES):
            transpose_square(square, s_at, LANES, products, source + i * row, row)
            for j in range(some):
                value = load(square, s_at + j * LANES)
                store(dweight, own + j * w_filter + i, value + load(dweight, own + j * w_filter + i) if accumulate else value)
        for i in range(whole, size):
            for j in range(some):
                old = dweight[own + j * w_filter + i] if accumulate else ZERO
                dweight[own + j * w_filter + i] = old + products[source + i * row + j]


# Steps, one after the other.


@step(splits=True)
def sum_products_step(memory, parameters, table, a, frame):
    """a: products, turned, elements of it from part to part, dy, its plane, its three steps, x, its plane, shard, groups, channels and
    filters of a group, flip, pitch, block, line block, column block, by column, pairs, three axes."""
    m, arena = whole_array(memory), frame[ARENA]
    depth, rows, columns = three_axes(a, 21)
    sum_products(
        m,
        arena + a[0],
        m,
        arena + a[1] + frame[PART] * a[2],
        m,
        arena + a[3],
        a[4],
        (a[5], a[6], a[7]),
        m,
        arena + a[8],
        a[9],
        a[10],
        a[11],
        a[12],
        a[13],
        depth,
        rows,
        columns,
        a[14] != 0,
        a[15],
        a[16],
        a[17],
        a[18],
        a[19] != 0,
        whole_array(table),
        a[20],
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def sum_products_by_row_step(memory, parameters, table, a, frame):
    """a: products, turned, elements of it from part to part, dy, its plane, its row, x, its plane, shard, groups, channels and filters of a
    group, flip, column block, pairs, three axes."""
    m, arena = whole_array(memory), frame[ARENA]
    _, rows, columns = three_axes(a, 15)
    sum_products_by_row(
        m,
        arena + a[0],
        m,
        arena + a[1] + frame[PART] * a[2],
        m,
        arena + a[3],
        a[4],
        a[5],
        m,
        arena + a[6],
        a[7],
        a[8],
        a[9],
        a[10],
        a[11],
        rows,
        columns,
        a[12] != 0,
        a[13],
        whole_array(table),
        a[14],
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def turn_back_step(memory, parameters, table, a, frame):
    """a: dweight, its filter, products, groups, weights of a filter, filters of a group, a row of products, squares: one for each part."""
    m, arena = whole_array(memory), frame[ARENA]
    turn_back(
        m,
        frame[SLOT] + a[0],
        a[1],
        m,
        arena + a[2],
        a[3],
        a[4],
        a[5],
        a[6],
        m,
        arena + a[7] + frame[PART] * LANES * LANES,
        frame[ACCUMULATE] != 0,
        frame[PART],
        frame[PARTS],
    )
