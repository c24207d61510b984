"""3x3 filters with fewer multiplications: Winograd's minimal filtering, a lane an image.

An output tile of m x m pixels needs (m+2)^2 multiplications a channel instead of 9 m^2: 16 for 36 with m = 2, 36 for 144 with m = 4.

    Y = A^T [ sum over c of (G g[k,c] G^T) * (B^T d[c] B) ] A            * element by element; d (m+2, m+2) the inputs of the tile

Since lanes are images, the transforms are sums of whole vectors.  For each of the (m+2)^2 elements the sum over channels is a matrix
product, filters x channels times channels x (tiles, images).  A block of tiles goes through all three
stages while it is in cache.  Where a pixel is not finite, `winograd_overflow` writes the block anew.

Winograd, "Arithmetic complexity of computations", 1980.  Lavin, Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.
"""

import numpy as np

from minicnn.kernels.cpu.convolution.product_tile import product
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import NO_FLOOR
from minicnn.kernels.cpu.lanes.vector import LANES, load, select, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.program import ARENA, PART, PARTS
from minicnn.kernels.cpu.winograd.overflow import is_finite, write_tile
from minicnn.kernels.machine_code.compile import kernel, step

_f = np.float32
ZERO, TWO, FOUR, FIVE, EIGHT = _f(0), _f(2), _f(4), _f(5), _f(8)


def elements_apart(rows, block):
    """From one element of the transformed inputs or outputs to the next: whole pages apart, all would share few sets of the cache."""
    return rows * block * LANES + LANES


apart = kernel(elements_apart)


@kernel
def input_to_four(d0, d1, d2, d3):
    """B^T d for m = 2."""
    return d0 - d2, d1 + d2, d2 - d1, d1 - d3


@kernel
def input_to_six(d0, d1, d2, d3, d4, d5):
    """B^T d for m = 4."""
    a, b = d4 - d2 * FOUR, d3 - d1 * FOUR
    c, e = d4 - d2, (d3 - d1) * TWO
    return d0 * FOUR - d2 * FIVE + d4, a + b, a - b, c + e, c - e, d1 * FOUR - d3 * FIVE + d5


@kernel
def four_to_output(m0, m1, m2, m3):
    """A^T m for m = 2."""
    return m0 + m1 + m2, m1 - m2 - m3


@kernel
def six_to_output(m0, m1, m2, m3, m4, m5):
    """A^T m for m = 4."""
    s, d, u, v = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return m0 + s + u, d + v * TWO, s + u * FOUR, d + v * EIGHT + m5


@kernel
def transform_input(v, v_at, v_element, x, x_at, rows, columns, shard, h, w, side, scratch, s_at):
    """v[i, j] = (B^T d B)[i, j] for one channel, tile and vector; d begins at pixel (h, w), pixels outside are zeros."""
    inside = h >= 0 and w >= 0 and h + side <= rows and w + side <= columns
    for i in range(side):
        at = x_at + ((h + i) * columns + w) * shard
        if inside or 0 <= h + i < rows:
            d0 = load(x, at) if inside or 0 <= w < columns else splat(ZERO)
            d1 = load(x, at + shard) if inside or 0 <= w + 1 < columns else splat(ZERO)
            d2 = load(x, at + 2 * shard) if inside or 0 <= w + 2 < columns else splat(ZERO)
            d3 = load(x, at + 3 * shard) if inside or 0 <= w + 3 < columns else splat(ZERO)
            row = s_at + i * side * LANES
            if side == 4:
                t0, t1, t2, t3 = input_to_four(d0, d1, d2, d3)
            else:
                d4 = load(x, at + 4 * shard) if inside or 0 <= w + 4 < columns else splat(ZERO)
                d5 = load(x, at + 5 * shard) if inside or 0 <= w + 5 < columns else splat(ZERO)
                t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, d4, d5)
                store(scratch, row + 4 * LANES, t4)
                store(scratch, row + 5 * LANES, t5)
            store(scratch, row, t0)
            store(scratch, row + LANES, t1)
            store(scratch, row + 2 * LANES, t2)
            store(scratch, row + 3 * LANES, t3)
        else:
            for j in range(side):
                store(scratch, s_at + (i * side + j) * LANES, splat(ZERO))
    transform_columns(v, v_at, v_element, side, scratch, s_at)


@kernel
def transform_columns(v, v_at, v_element, side, scratch, s_at):
    """The second half of an input's transform: v[i, j] = (B^T s)[i, j] for the rows that the first half has left in scratch."""
    row = side * LANES
    for j in range(side):
        at = s_at + j * LANES
        own = v_at + j * v_element
        down = side * v_element
        d0, d1, d2, d3 = load(scratch, at), load(scratch, at + row), load(scratch, at + 2 * row), load(scratch, at + 3 * row)
        if side == 4:
            t0, t1, t2, t3 = input_to_four(d0, d1, d2, d3)
        else:
            t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, load(scratch, at + 4 * row), load(scratch, at + 5 * row))
            store(v, own + 4 * down, t4)
            store(v, own + 5 * down, t5)
        store(v, own, t0)
        store(v, own + down, t1)
        store(v, own + 2 * down, t2)
        store(v, own + 3 * down, t3)


@kernel
def sum_columns(m, m_at, m_element, side, scratch, s_at):
    """The first half of an output's transform: A^T M, left in scratch."""
    row = side * LANES
    for j in range(side):
        at = m_at + j * m_element
        down = side * m_element
        own = s_at + j * LANES
        m0, m1, m2, m3 = load(m, at), load(m, at + down), load(m, at + 2 * down), load(m, at + 3 * down)
        if side == 4:
            t0, t1 = four_to_output(m0, m1, m2, m3)
        else:
            t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(m, at + 4 * down), load(m, at + 5 * down))
            store(scratch, own + 2 * row, t2)
            store(scratch, own + 3 * row, t3)
        store(scratch, own, t0)
        store(scratch, own + row, t1)


@kernel
def transform_output(y, y_at, m, m_at, m_element, out_rows, out_columns, shard, p, q, side, bias, floor, scratch, s_at):
    """The pixels of one filter, tile and vector that lie inside: A^T M A + bias, no less than `floor`; the sum of all as they are."""
    row = side * LANES
    pixels = splat(ZERO)
    sum_columns(m, m_at, m_element, side, scratch, s_at)
    for i in range(min(side - 2, out_rows - p)):
        at = s_at + i * row
        m0, m1, m2, m3 = load(scratch, at), load(scratch, at + LANES), load(scratch, at + 2 * LANES), load(scratch, at + 3 * LANES)
        own = y_at + ((p + i) * out_columns + q) * shard
        left = out_columns - q
        if side == 4:
            t0, t1 = four_to_output(m0, m1, m2, m3)
        else:
            t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(scratch, at + 4 * LANES), load(scratch, at + 5 * LANES))
            pixels += t2 + t3
            if left > 2:
                store(y, own + 2 * shard, floored(t2 + bias, floor))
            if left > 3:
                store(y, own + 3 * shard, floored(t3 + bias, floor))
        pixels += t0 + t1
        store(y, own, floored(t0 + bias, floor))
        if left > 1:
            store(y, own + shard, floored(t1 + bias, floor))
    return pixels


@kernel
def floored(value, floor):
    """No lane below `floor`; NaN stays."""
    return select(value < floor, splat(floor), value)


@kernel
def winograd(
    memory,
    y_at,
    y_plane,
    x_at,
    x_plane,
    u,
    u_at,
    weight,
    own_weight,
    bias,
    b_at,
    with_bias,
    floor,
    sizes,
    before,
    out,
    shard,
    groups,
    channels,
    filters,
    all_filters,
    side,
    block,
    v_at,
    m_at,
    s_at,
    part,
    parts,
):
    """All tiles x vectors of a part, `block` vectors at a time.

    channels, filters : those of one group;  all_filters : those of whole tiles of `product`
    own_weight : where the weights begin, from one filter, channel and group to the next, whether they are flipped
    """
    w_at, w_filter, w_channel, w_group, flip = own_weight
    tile_columns = (out[1] + side - 3) // (side - 2)
    tile_rows = (out[0] + side - 3) // (side - 2)
    vectors = shard // LANES
    works = tile_rows * tile_columns * vectors
    width = block * LANES
    v_element, m_element = apart(groups * channels, block), apart(groups * all_filters, block)
    first, stop = works * part // parts, works * (part + 1) // parts
    for begin in range(first, stop, block):
        count = min(block, stop - begin)
        tile, first_lane = begin // vectors, begin % vectors * LANES
        # vectors innermost: memory is read and written along the rows of tiles, as it can be fetched ahead
        for c in range(groups * channels):
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for n in range(count):
                transform_input(
                    memory,
                    v_at + c * width + n * LANES,
                    v_element,
                    memory,
                    x_at + c * x_plane + lane,
                    sizes[0],
                    sizes[1],
                    shard,
                    tile_row * (side - 2) - before[0],
                    tile_column * (side - 2) - before[1],
                    side,
                    memory,
                    s_at,
                )
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)
        whole = (count + TILE_VECTORS - 1) // TILE_VECTORS * TILE_VECTORS
        for element in range(side * side):
            for group in range(groups):
                product(
                    memory,
                    m_at + element * m_element + group * all_filters * width,
                    width,
                    memory,
                    v_at + element * v_element + group * channels * width,
                    width,
                    whole,
                    u,
                    u_at + (element + group * side * side) * all_filters * channels,
                    all_filters,
                    channels,
                )
        pixels = splat(ZERO)
        for k in range(groups * filters):
            own = m_at + (k // filters * all_filters + k % filters) * width
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for n in range(count):
                pixels += transform_output(
                    memory,
                    y_at + k * y_plane + lane,
                    memory,
                    own + n * LANES,
                    m_element,
                    out[0],
                    out[1],
                    shard,
                    tile_row * (side - 2),
                    tile_column * (side - 2),
                    side,
                    bias[b_at + k] if with_bias else ZERO,
                    floor,
                    memory,
                    s_at,
                )
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)
        if is_finite(pixels):
            continue
        for k in range(groups * filters):
            group = k // filters
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for _ in range(count):
                write_tile(
                    memory,
                    y_at + k * y_plane + lane,
                    memory,
                    x_at + group * channels * x_plane + lane,
                    x_plane,
                    weight,
                    w_at + group * w_group + k % filters * w_filter,
                    w_channel,
                    channels,
                    flip,
                    sizes,
                    before,
                    out,
                    shard,
                    tile_row * (side - 2),
                    tile_column * (side - 2),
                    side - 2,
                    bias[b_at + k] if with_bias else ZERO,
                    floor,
                )
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)


@kernel
def next_vector(tile_row, tile_column, lane, tile_columns, shard):
    """The tile and the first lane of the vector that follows."""
    lane += LANES
    if lane == shard:
        lane = 0
        tile_column += 1
        if tile_column == tile_columns:
            tile_column = 0
            tile_row += 1
    return tile_row, tile_column, lane


# A step.  Weights and bias are parameters, or, for a single call, the bias lies in memory.


@step(splits=True)
def winograd_step(memory, parameters, table, a, frame):
    """a: y, its plane, x, its plane, u (in memory), bias, with bias, bias in memory, rectify, two sizes, two paddings, two outs, shard,
    groups, channels and filters of a group, filters of whole tiles, side, block, v, m and scratch of one part, from part to part;
    weight, from filter to filter, from channel to channel, from group to group, flip."""
    m, arena = whole_array(memory), frame[ARENA]
    scratch = arena + a[22] + frame[PART] * a[25]
    bias = m if a[7] != 0 else whole_array(parameters)
    winograd(
        m,
        arena + a[0],
        a[1],
        arena + a[2],
        a[3],
        m,
        a[4],
        whole_array(parameters),
        (a[26], a[27], a[28], a[29], a[30] != 0),
        bias,
        a[5],
        a[6] != 0,
        ZERO if a[8] != 0 else NO_FLOOR,
        (a[9], a[10]),
        (a[11], a[12]),
        (a[13], a[14]),
        a[15],
        a[16],
        a[17],
        a[18],
        a[19],
        a[20],
        a[21],
        scratch,
        scratch + a[23],
        scratch + a[24],
        frame[PART],
        frame[PARTS],
    )
