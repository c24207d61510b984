"""Winograd's three stages one after the other over all tiles, each shared out by itself: the first along channels, the products along the
elements of a tile, the last along filters.

For few tiles, or filters that outweigh the tiles: the transformed filters of an element are then read once, not once for each block of
tiles.  A lane is an image as in `winograd.py`, and so are the sums, bit for bit; matrices lie as in `few_images.py`.

16 images, two threads, block by block and stage by stage, ms: AlexNet's 384 channels 13x13, 256 filters 26 and 16, VGG's 512 channels 28x28
160 and 108, 14x14 73 and 32; but 64 channels 112x112 39 and 71.
"""

from typing import Any, NamedTuple

from minicnn.kernels.cpu.convolution.axes import ThreeAxes, three_axes
from minicnn.kernels.cpu.convolution.ending import way_to
from minicnn.kernels.cpu.convolution.operands import Filters
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import Strided, share
from minicnn.kernels.cpu.winograd.few_images import WIDTH, multiply_elements, place
from minicnn.kernels.cpu.winograd.overflow import Weighed, add_tile, direct, filter_ending, is_finite, write_tile
from minicnn.kernels.cpu.winograd.winograd import Tiling, apart, next_vector, tiles_along, transform_input, transform_output
from minicnn.kernels.machine_code.compile import step
from minicnn.kernels.machine_code.records import values


class Stages(NamedTuple):
    """What these steps know of the layer; `tiling.block` is the number of all vectors, rounded up to whole register tiles.

    y, y_plane, x, x_plane : by filter and by channel;  u : transformed filters, in memory
    v, m : transformed inputs and outputs;  scratch : of a part, `scratch_size` elements from part to part
    vectors : tiles times vectors of images
    """

    y: Any
    y_plane: int
    x: Any
    x_plane: int
    u: int
    v: Any
    m: Any
    scratch: Any
    scratch_size: int
    vectors: int


@step(stages=Stages, axes=ThreeAxes, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_all_inputs_step(memory, parameters, table, a, frame):
    """v from x for some channels of all groups."""
    m, own, tiling = whole_array(memory), values(Stages, a.stages), values(Tiling, a.tiling)
    _, rows, columns = three_axes(a.axes)
    side, edge, channels = tiling.side, tiling.edge, tiling.groups * tiling.channels
    tile_columns = tiles_along(columns, edge)
    s_at, element = frame.arena + own.scratch + frame.part * own.scratch_size, apart(channels, tiling.block)
    first, stop = share(channels, frame)
    for c in range(first, stop):
        tile_row, tile_column, lane = 0, 0, 0
        for n in range(own.vectors):
            v = Strided(m, frame.arena + own.v + place(n, c, channels), element)
            h, w = tile_row * edge - rows.before, tile_column * edge - columns.before
            transform_input(v, frame.arena + own.x + c * own.x_plane + lane, rows.size, columns.size, tiling.shard, h, w, side, s_at)
            tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, tiling.shard)


@step(stages=Stages, axes=ThreeAxes, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_all_products_step(memory, parameters, table, a, frame):
    """m from v and u for some elements of a tile."""
    m, own, tiling = whole_array(memory), values(Stages, a.stages), values(Tiling, a.tiling)
    groups, channels, filters = tiling.groups, tiling.channels, tiling.all_filters
    elements = tiling.side * tiling.side
    v_element, m_element = apart(groups * channels, tiling.block), apart(groups * filters, tiling.block)
    first, stop = share(elements, frame)
    for group in range(groups):
        sums = Strided(m, frame.arena + own.m + group * filters * WIDTH, m_element)
        v = Strided(m, frame.arena + own.v + group * channels * WIDTH, v_element)
        u = Strided(m, own.u + group * elements * filters * channels, filters * channels)
        multiply_elements(sums, groups * filters, v, groups * channels, u, first, stop, tiling.block, filters, channels)


@step(stages=Stages, axes=ThreeAxes, tiling=Tiling, weighed=Weighed, splits=True)
def winograd_all_outputs_step(memory, parameters, table, a, frame):
    """y from m for some filters of all groups; those with a pixel that is not finite once more, tap by tap."""
    m, own, tiling = whole_array(memory), values(Stages, a.stages), values(Tiling, a.tiling)
    _, rows, columns = three_axes(a.axes)
    weighed, filters = direct(m, whole_array(parameters), a.weighed, way_to(a.weighed.added, own.y)), tiling.filters
    side, edge = tiling.side, tiling.edge
    tile_columns = tiles_along(columns, edge)
    all_filters = tiling.groups * tiling.all_filters
    s_at, element = frame.arena + own.scratch + frame.part * own.scratch_size, apart(all_filters, tiling.block)
    first, stop = share(tiling.groups * filters, frame)
    for k in range(first, stop):
        group = k // filters
        end = filter_ending(weighed, k)
        row, y_at = group * tiling.all_filters + k % filters, frame.arena + own.y + k * own.y_plane
        finite = True
        tile_row, tile_column, lane = 0, 0, 0
        for n in range(own.vectors):
            sums, p, q = Strided(m, frame.arena + own.m + place(n, row, all_filters), element), tile_row * edge, tile_column * edge
            pixels = transform_output(y_at + lane, sums, rows, columns, tiling.shard, p, q, side, edge, end, s_at)
            if end.added != 0:
                add_tile(m, y_at + lane, rows, columns, tiling.shard, (p, q), edge, end)
            finite = finite and is_finite(pixels)
            tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, tiling.shard)
        if finite:
            continue
        weight = weighed.weight
        own_weights = Filters(weight.array, weight.base + group * weighed.w_group + k % filters * weight.step, weight.channel, weight.step)
        tile_row, tile_column, lane = 0, 0, 0
        for _ in range(own.vectors):
            source = Strided(m, frame.arena + own.x + group * tiling.channels * own.x_plane + lane, own.x_plane)
            corner = (tile_row * edge, tile_column * edge)
            write_tile(
                y_at + lane,
                source,
                own_weights,
                weighed.flip,
                tiling.channels,
                rows,
                columns,
                tiling.shard,
                corner,
                side,
                edge,
                end,
            )
            tile_row, tile_column, lane = next_vector(tile_row, tile_column, lane, tile_columns, tiling.shard)
