"""Winograd's convolution of few images as steps: pixels sorted, tiles computed in blocks or stage by stage, rows moved to their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import prod

from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu.convolution.choice import FEW_GAIN, Choice, cheapest, cycles_of_few, tiles_for
from minicnn.kernels.cpu.convolution.ending import NOTHING
from minicnn.kernels.cpu.convolution.few_images_lowering import Arrangement, append_arranged, line_of, row_vectors, three_axes
from minicnn.kernels.cpu.convolution.product_tile import padded_filters
from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS, TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation, Outside
from minicnn.kernels.cpu.program.operands import Parameter, Scaling
from minicnn.kernels.cpu.program.program import Place, Program, padded
from minicnn.kernels.cpu.winograd.few_images import (
    FewTiles,
    rows_of_tiles_step,
    winograd_blocks_step,
    winograd_inputs_step,
    winograd_outputs_step,
    winograd_products_step,
)
from minicnn.kernels.cpu.winograd.lowering import TransformedFilters
from minicnn.kernels.cpu.winograd.winograd import Tiling, elements_apart

MANY_BLOCKS = 8  # that are shared evenly enough
CHUNK_BYTES = 192 * 1024  # transformed outputs that wait in cache, beside the inputs, for the last stage


def tile_axes(axes: Sequence[Axis], m: int) -> tuple[Axis, ...]:
    """The convolution that reads what tiles of m x m need: a position is a tile, a tap one of the pixels of its inputs."""
    return tuple(axis._replace(taps=m + axis.taps - 1, stride=m, out=-(-axis.out // m)) for axis in axes)


def tile_vectors(axes: Sequence[Axis], m: int, shard: int) -> int:
    """Vectors of tiles of images that lie side by side, rows of tiles joined."""
    rows, columns = tile_axes(axes, m)
    return -(-((rows.out - 1) * line_of(columns).joined_length + columns.out) * shard // LANES)


def choose_few(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, images: int, shard: int = 1, kept: bool = False) -> Choice:
    """Choose between this and the direct way for so many images, of which `shard` lie side by side.

    kept : whether transformed filters are kept from call to call
    """
    return cheapest(_cycles(axes, channels, filters, groups, images, shard, kept), FEW_GAIN)


@lru_cache(REMEMBERED)
def _cycles(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, images: int, shard: int, kept: bool) -> Mapping[str, float]:
    vectors = {tile: tile_vectors(axes, tile.edge, shard) for tile in tiles_for(axes)}
    taps = prod(axis.taps for axis in axes)
    return cycles_of_few(taps, channels, filters, groups, row_vectors(axes, shard), vectors, images, shard, kept)


def append_winograd_few(
    program: Program,
    y: Activation | Outside,
    x: Activation | Outside,
    axes: Sequence[Axis],
    groups: int,
    own: TransformedFilters,
    bias: Parameter | Scaling | None,
    rectify: bool,
    added: Activation | None = None,
) -> None:
    """y = conv(x, weight) + bias (+ `added`) of images too few for a vector, and then relu if `rectify`, with filters from `append_winograd_filters`."""
    m, side, channels, filters, shard = own.m, own.side, x.map.channels, y.map.channels, x.map.shard
    all_filters, parts = padded_filters(filters // groups), max(1, program.step_parts)
    tiles = three_axes(tile_axes(axes, m))
    lie = Arrangement(tuple(map(line_of, tiles)), True, shard)  # type: ignore[arg-type]
    vectors = tile_vectors(axes, m, shard)
    offsets = program.constant([lie.offset(tiles, (0, i, j)) for i, j in product(range(side), repeat=2)])
    arranged = append_arranged(program, x, tiles, lie)
    y_row, stretch = vectors * LANES * m, vectors * LANES if shard > 1 else 0
    rows = program.buffer(filters * m * y_row)

    block, filter_bytes = TILE_VECTORS, 4 * TILE_VECTORS * LANES * side * side
    chunk = min(all_filters, max(1, CHUNK_BYTES // (filter_bytes * TILE_FILTERS)) * TILE_FILTERS)
    by_block = groups > 1 or -(-vectors // block) >= MANY_BLOCKS
    if not by_block:
        block, chunk = -(-vectors // TILE_VECTORS) * TILE_VECTORS, all_filters
    v_size = padded(side * side * elements_apart(channels, block))
    m_size = padded(side * side * elements_apart(chunk, block))
    s_size = padded(side * side * LANES)
    pitch = v_size + m_size + s_size if by_block else s_size
    memory = program.buffer(pitch * parts if by_block else v_size + m_size + s_size * parts)
    few = FewTiles(
        y=Place(rows),
        y_filter=m * y_row,
        y_row=y_row,
        stretch=stretch,
        x=arranged.place,
        x_channel=arranged.map.plane,
        u=own.place,
        vectors=vectors,
        offsets=offsets,
        v=Place(memory),
        m=Place(memory, v_size),
        scratch=Place(memory, v_size + m_size),
        part_size=pitch,
        chunk=chunk,
    )
    tiling = Tiling(shard, groups, channels // groups, filters // groups, all_filters, side, m, block)
    weighed = own.weighed(bias, rectify and not added)
    for kernel in (winograd_blocks_step,) if by_block else (winograd_inputs_step, winograd_products_step, winograd_outputs_step):
        program.step(kernel, few=few, tiling=tiling, weighed=weighed)
    height, width = (axis.out for axis in axes)
    program.step(
        rows_of_tiles_step,
        y=y.operand,
        rows=height,
        filters=filters,
        width=width,
        shard=shard,
        stretch=stretch,
        x=Place(rows),
        x_filter=m * y_row,
        x_row=y_row,
        x_tile_row=lie.row if stretch else lie.row * m,
        tile_rows=m,
        added=added.place if added else NOTHING,
        rectify=rectify,
    )
