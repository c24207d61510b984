"""3x3 and 5x5 filters with fewer multiplications: Winograd's minimal filtering, a lane an image.

An output tile of m x m pixels, its edge, reads side x side inputs through a filter of r x r taps, side = m + r - 1.  It needs side^2
multiplications a channel instead of m^2 r^2:

    F(2x2, 3x3)    16 for  36
    F(4x4, 3x3)    36 for 144
    F(2x2, 5x5)    36 for 100

    Y = A^T [ sum over c of (G g[k,c] G^T) * (B^T d[c] B) ] A            * element by element; d (side, side) the inputs of the tile

Along one axis this is a product of two polynomials, of m and of r coefficients, read backwards.  The product has side coefficients and is
known by its values at side points a[n], the last of which is infinity: there the value is the highest coefficient.

    A^T[i, n] = a[n]^i                                        i < m      at infinity 0 .. 0 1
    G[n, j]   = a[n]^j / product over l != n of (a[n] - a[l])    j < r      at infinity 0 .. 0 1
    B^T[n]    = coefficients of the product over l != n of (z - a[l])       at infinity of all (z - a[l]), none of them infinite

with 0, 1, -1 where the side is 4 (and its first and last row signed so that G has ones there), and 0, 1, -1, 2, -2 where it is 6.  B
knows only the points: filters of 5x5 with m = 2 share their inputs' transform with those of 3x3 with m = 4.

Since lanes are images, the transforms are sums of whole vectors.  For each of the side^2 elements the sum over channels is a matrix
product, filters x channels times channels x (tiles, images).  A block of tiles goes through all three
stages while it is in cache.  Where a pixel is not finite, `winograd_overflow` writes the block anew.

Winograd, "Arithmetic complexity of computations", 1980.  Lavin, Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.
Barabasz and others, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", 2020: which points.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.ending import way_to
from minicnn.kernels.cpu.convolution.operands import Filters
from minicnn.kernels.cpu.convolution.product_tile import product
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES, load, splat, store
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided
from minicnn.kernels.cpu.winograd.overflow import Weighed, add_tile, direct, ended, filter_ending, is_finite, write_tile
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import values

_f = np.float32
ZERO, TWO, FOUR, FIVE, EIGHT = _f(0), _f(2), _f(4), _f(5), _f(8)


def elements_apart(rows, block):
    """From one element of the transformed inputs or outputs to the next: whole pages apart, all would share few sets of the cache."""
    return rows * block * LANES + LANES


apart = kernel(elements_apart)


@kernel
def input_to_four(d0, d1, d2, d3):
    """B^T d for tiles of 4x4 inputs."""
    return d0 - d2, d1 + d2, d2 - d1, d1 - d3


@kernel
def input_to_six(d0, d1, d2, d3, d4, d5):
    """B^T d for tiles of 6x6 inputs."""
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
def six_to_two(m0, m1, m2, m3, m4, m5):
    """A^T m for m = 2 and filters of 5x5."""
    return m0 + (m1 + m2) + (m3 + m4), (m1 - m2) + (m3 - m4) * TWO + m5


@kernel
def transform_input(v, x_at, rows, columns, shard, h, w, side, s_at):
    """v[i, j] = (B^T d B)[i, j] for one channel, tile and vector; d begins at pixel (h, w), pixels outside are zeros.

    v : Strided, by element; x and the scratch lie in the same memory
    """
    m = v.array
    inside = h >= 0 and w >= 0 and h + side <= rows and w + side <= columns
    for i in range(side):
        at = x_at + ((h + i) * columns + w) * shard
        if inside or 0 <= h + i < rows:
            d0 = load(m, at) if inside or 0 <= w < columns else splat(ZERO)
            d1 = load(m, at + shard) if inside or 0 <= w + 1 < columns else splat(ZERO)
            d2 = load(m, at + 2 * shard) if inside or 0 <= w + 2 < columns else splat(ZERO)
            d3 = load(m, at + 3 * shard) if inside or 0 <= w + 3 < columns else splat(ZERO)
            row = s_at + i * side * LANES
            if side == 4:
                t0, t1, t2, t3 = input_to_four(d0, d1, d2, d3)
            else:
                d4 = load(m, at + 4 * shard) if inside or 0 <= w + 4 < columns else splat(ZERO)
                d5 = load(m, at + 5 * shard) if inside or 0 <= w + 5 < columns else splat(ZERO)
                t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, d4, d5)
                store(m, row + 4 * LANES, t4)
                store(m, row + 5 * LANES, t5)
            store(m, row, t0)
            store(m, row + LANES, t1)
            store(m, row + 2 * LANES, t2)
            store(m, row + 3 * LANES, t3)
        else:
            for j in range(side):
                store(m, s_at + (i * side + j) * LANES, splat(ZERO))
    transform_columns(v, side, s_at)


@kernel
def transform_columns(v, side, s_at):
    """The second half of an input's transform: v[i, j] = (B^T s)[i, j] for the rows that the first half has left in scratch."""
    m, row = v.array, side * LANES
    for j in range(side):
        at = s_at + j * LANES
        own = v.base + j * v.step
        down = side * v.step
        d0, d1, d2, d3 = load(m, at), load(m, at + row), load(m, at + 2 * row), load(m, at + 3 * row)
        if side == 4:
            t0, t1, t2, t3 = input_to_four(d0, d1, d2, d3)
        else:
            t0, t1, t2, t3, t4, t5 = input_to_six(d0, d1, d2, d3, load(m, at + 4 * row), load(m, at + 5 * row))
            store(m, own + 4 * down, t4)
            store(m, own + 5 * down, t5)
        store(m, own, t0)
        store(m, own + down, t1)
        store(m, own + 2 * down, t2)
        store(m, own + 3 * down, t3)


@kernel
def sum_columns(m, side, edge, s_at):
    """The first half of an output's transform: A^T M, left in scratch; m is Strided, by element."""
    row = side * LANES
    for j in range(side):
        at = m.base + j * m.step
        down = side * m.step
        own = s_at + j * LANES
        m0, m1, m2, m3 = load(m.array, at), load(m.array, at + down), load(m.array, at + 2 * down), load(m.array, at + 3 * down)
        if side == 4:
            t0, t1 = four_to_output(m0, m1, m2, m3)
        elif edge == 2:
            t0, t1 = six_to_two(m0, m1, m2, m3, load(m.array, at + 4 * down), load(m.array, at + 5 * down))
        else:
            t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(m.array, at + 4 * down), load(m.array, at + 5 * down))
            store(m.array, own + 2 * row, t2)
            store(m.array, own + 3 * row, t3)
        store(m.array, own, t0)
        store(m.array, own + row, t1)


@kernel
def transform_output(y_at, m, rows, columns, shard, p, q, side, edge, end, s_at):
    """The pixels of one filter, tile and vector that lie inside: A^T M A, after their FilterEnding but for what is added;
    returned is the sum of all as they are.

    m : Strided, by element; y and the scratch lie in the same memory
    """
    y, row = m.array, side * LANES
    pixels = splat(ZERO)
    sum_columns(m, side, edge, s_at)
    for i in range(min(edge, rows.out - p)):
        at = s_at + i * row
        m0, m1, m2, m3 = load(y, at), load(y, at + LANES), load(y, at + 2 * LANES), load(y, at + 3 * LANES)
        own = y_at + ((p + i) * columns.out + q) * shard
        left = columns.out - q
        if side == 4:
            t0, t1 = four_to_output(m0, m1, m2, m3)
        elif edge == 2:
            t0, t1 = six_to_two(m0, m1, m2, m3, load(y, at + 4 * LANES), load(y, at + 5 * LANES))
        else:
            t0, t1, t2, t3 = six_to_output(m0, m1, m2, m3, load(y, at + 4 * LANES), load(y, at + 5 * LANES))
            pixels += t2 + t3
            if left > 2:
                store(y, own + 2 * shard, ended(t2, end))
            if left > 3:
                store(y, own + 3 * shard, ended(t3, end))
        pixels += t0 + t1
        store(y, own, ended(t0, end))
        if left > 1:
            store(y, own + shard, ended(t1, end))
    return pixels


class Tiling(NamedTuple):
    """Tiles of a layer, and how they are worked on.

    channels, filters : those of one group;  all_filters : those of whole tiles of `product`
    side, edge : pixels of a tile's inputs and of its outputs along an axis
    block : vectors of tiles that go through all stages together
    """

    shard: int
    groups: int
    channels: int
    filters: int
    all_filters: int
    side: int
    edge: int
    block: int


@kernel
def winograd(y, x, u_at, own, rows, columns, tiling, v_at, m_at, s_at, part, parts):
    """All tiles x vectors of a part, `block` vectors at a time.

    y, x : Strided, by filter and by channel, in the memory that u, v, m and the scratch lie in
    own : Direct
    """
    memory = y.array
    shard, groups, channels, filters, all_filters, side, edge, block = tiling
    tile_columns = tiles_along(columns, edge)
    tile_rows = tiles_along(rows, edge)
    vectors = shard // LANES
    works = tile_rows * tile_columns * vectors
    width = block * LANES
    v_element, m_element = apart(groups * channels, block), apart(groups * all_filters, block)
    unit = part_unit(works, parts)
    units = (works + unit - 1) // unit
    first, stop = units * part // parts * unit, min(works, units * (part + 1) // parts * unit)
    for begin in range(first, stop, block):
        count = min(block, stop - begin)
        tile, first_lane = begin // vectors, begin % vectors * LANES
        # vectors innermost: memory is read and written along the rows of tiles, as it can be fetched ahead
        for c in range(groups * channels):
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for n in range(count):
                v = Strided(memory, v_at + c * width + n * LANES, v_element)
                h, w = tile_row * edge - rows.before, tile_column * edge - columns.before
                transform_input(v, x.base + c * x.step + lane, rows.size, columns.size, shard, h, w, side, s_at)
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)
        for element in range(side * side):
            for group in range(groups):
                m = Strided(memory, m_at + element * m_element + group * all_filters * width, width)
                v = Strided(memory, v_at + element * v_element + group * channels * width, width)
                u = Strided(memory, u_at + (element + group * side * side) * all_filters * channels, 0)
                product(m, v, count, u, all_filters, channels)
        pixels = splat(ZERO)
        for k in range(groups * filters):
            m_filter = m_at + (k // filters * all_filters + k % filters) * width
            end = filter_ending(own, k)
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for n in range(count):
                m, y_at = Strided(memory, m_filter + n * LANES, m_element), y.base + k * y.step + lane
                p, q = tile_row * edge, tile_column * edge
                pixels += transform_output(y_at, m, rows, columns, shard, p, q, side, edge, end, s_at)
                if end.added != 0:
                    add_tile(memory, y_at, rows, columns, shard, (p, q), edge, end)
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)
        if is_finite(pixels):
            continue
        for k in range(groups * filters):
            group, weight = k // filters, own.weight
            w_at = weight.base + group * own.w_group + k % filters * weight.step
            weights = Filters(weight.array, w_at, weight.channel, weight.step)
            end = filter_ending(own, k)
            tile_row, tile_column, lane = tile // tile_columns, tile % tile_columns, first_lane
            for _ in range(count):
                y_at, source = y.base + k * y.step + lane, Strided(memory, x.base + group * channels * x.step + lane, x.step)
                corner = (tile_row * edge, tile_column * edge)
                write_tile(y_at, source, weights, own.flip, channels, rows, columns, shard, corner, side, edge, end)
                tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, shard)


@kernel
def tiles_along(axis, edge):
    """Tiles of a row, or of a column."""
    return (axis.out + edge - 1) // edge


@kernel
def part_unit(works, parts):
    """Vectors that are not parted: those of a tile of the products, unless few parts had any; two read the filters as often as they must."""
    return TILE_VECTORS if 2 * works >= TILE_VECTORS * parts else 2 if 2 * works >= parts else 1


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


@step("y y_plane x x_plane u v m scratch part_size", weighed=Weighed, axes=ThreeAxes, tiling=Tiling, splits=True)
def winograd_step(memory, parameters, table, a, frame):
    """y from x (arena) and u (memory); v, m and scratch (arena) are the part's own, `part_size` elements from part to part."""
    m, arena = whole_array(memory), frame.arena
    own, part_size = direct(m, whole_array(parameters), a.weighed, way_to(a.weighed.added, a.y)), frame.part * a.part_size
    y, x = Strided(m, arena + a.y, a.y_plane), Strided(m, arena + a.x, a.x_plane)
    _, rows, columns = three_axes(a.axes)
    v_at, m_at, s_at = arena + a.v + part_size, arena + a.m + part_size, arena + a.scratch + part_size
    winograd(y, x, a.u, own, rows, columns, values(Tiling, a.tiling), v_at, m_at, s_at, frame.part, frame.parts)
