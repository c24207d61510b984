"""The weight gradient of wide layers as steps: chunks that fit the first-level cache, blocks of channels that fit the second."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import step_axes, with_halo
from minicnn.kernels.cpu.convolution.problem import Problem
from minicnn.kernels.cpu.convolution.tiles import ROW_FILTERS, ROW_TAPS, TILE_FILTERS, TILE_VECTORS
from minicnn.kernels.cpu.convolution.weight_gradient import sum_products_by_row_step, sum_products_step, turn_back_step
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation, Outside
from minicnn.kernels.cpu.program.program import Place, Program

FEWEST_FILTERS = 3 * LANES // 2  # of a group; fewer leave lanes of a tile two vectors wide empty
CHUNK_BYTES = 32 * 1024  # turned gradients: two thirds of L1
BLOCK_BYTES = 512 * 1024  # pixels and products of a block of channels: half of L2
FEWEST_OF_ONE = 3 * LANES // 4  # the same for tiles that need one vector
STRIP = TILE_VECTORS * LANES


def fill_lanes(filters: int) -> bool:
    """Whether the filters of a group fill the lanes of a tile."""
    return filters >= FEWEST_FILTERS


def fill_one_vector(axes: Sequence[Axis], channels: int, filters: int) -> bool:
    """Whether the filters of a group fill one vector, and are rows of three taps that move by one position at a time."""
    return (
        len(axes) == 2
        and axes[1].taps == ROW_TAPS
        and axes[1].stride == 1
        and FEWEST_OF_ONE <= filters <= LANES
        and channels >= ROW_FILTERS
    )


def append_filter_lanes(program: Program, dweight: int, dy: Activation | Outside, x: Activation | Outside, problem: Problem) -> None:
    """dweight (offset into the slot) from dy and x; a tiled convolution as one of greater stride for each filter of the tile."""
    axes, groups, tiles, parts = problem.axes, problem.groups, problem.tile, program.parts
    channels, filters, shard = x.map.channels // groups, dy.map.channels // groups, dy.map.shard
    taps = prod(axis.taps for axis in axes)
    pitch = min(STRIP, -(-filters // LANES) * LANES)
    strips = -(-filters // pitch)
    products = program.buffer(x.map.channels * taps * strips * pitch)
    squares = program.buffer(LANES * LANES * parts)
    pairs = max(1, CHUNK_BYTES // (4 * pitch))
    for offsets in product(*(range(tile) for tile in tiles)):
        own_axes = with_halo([_turn_of(axis, tile, first) for axis, tile, first in zip(axes, tiles, offsets, strict=True)], x.map.halo)
        if any(axis.out == 0 for axis in own_axes):
            continue
        columns, rows = ([*own_axes[::-1], Axis(1, 1, 1, 1, 0, 0, 1)])[:2]
        column_block = max(1, min(columns.out, pairs // shard))
        line_block = max(1, min(rows.out, pairs // (column_block * shard))) if column_block == columns.out else 1
        listed = [n for i in range(column_block * shard) for n in (i * pitch, i // shard * columns.stride * shard + i % shard)]
        by_column = channels < TILE_FILTERS <= columns.taps + 1 and _inside(columns)
        channel_bytes = 4 * (taps * pitch + rows.taps * min(columns.size * shard, 4 * pairs))
        blocks = -(-channels * channel_bytes // BLOCK_BYTES)
        if parts > 1:
            blocks = max(blocks, -(-parts // (groups * strips)))
        rounded = 1 if by_column else TILE_FILTERS
        block = max(1, -(-channels // (blocks * rounded)) * rounded)
        steps = [tile * stride for tile, stride in zip(tiles, dy.map.strides, strict=True)]
        step_d, step_h, step_w = [0] * (3 - len(axes)) + steps
        first = sum(offset * stride for offset, stride in zip(offsets, dy.map.strides, strict=True))
        turned = line_block * column_block * shard * pitch
        program.step(
            sum_products_step,
            products=Place(products),
            turned=Place(program.buffer(turned * parts)),
            turned_size=turned,
            dy=dy.operand._replace(place=Place(dy.buffer, dy.offset + first) if isinstance(dy, Activation) else first),
            x=x.operand,
            step_d=step_d,
            step_h=step_h,
            step_w=step_w,
            shard=shard,
            groups=groups,
            channels=channels,
            filters=filters,
            flip=problem.flip,
            pitch=pitch,
            block=block,
            line_block=line_block,
            column_block=column_block,
            by_column=by_column,
            pairs=program.constant(listed) // 2,
            axes=step_axes(own_axes),
        )
        program.cut()
        tile = 0
        for offset, size in zip(offsets, tiles, strict=True):
            tile = tile * size + offset
        size = channels * taps
        program.step(
            turn_back_step,
            dweight=dweight + tile * size,
            w_filter=prod(tiles) * size,
            products=Place(products),
            copies=1,
            copy_size=0,
            groups=groups,
            size=size,
            filters=filters,
            row=strips * pitch,
            squares=Place(squares),
        )
        program.cut()


def append_by_row(program: Program, dweight: int, dy: Activation, x: Activation, problem: Problem) -> None:
    """dweight (offset into the slot) from dy and x, neither with a halo, as `fill_one_vector` says."""
    axes, groups, parts = problem.axes, problem.groups, program.parts
    channels, filters, shard = x.map.channels // groups, dy.map.channels // groups, dy.map.shard
    rows, columns = axes
    size = channels * rows.taps * columns.taps
    copy_size = groups * size * LANES
    products = program.buffer(copy_size * parts)
    block = max(1, min(columns.size, CHUNK_BYTES // (4 * LANES * shard)))
    turned = (block + columns.extent - 1) * shard * LANES
    pairs = program.constant([n for i in range(block * shard) for n in (i * LANES, i)]) // 2
    program.step(
        sum_products_by_row_step,
        products=Place(products),
        copy_size=copy_size,
        turned=Place(program.buffer(turned * parts)),
        turned_size=turned,
        dy=dy.place,
        dy_plane=dy.map.plane,
        dy_row=dy.map.strides[0],
        x=x.place,
        x_plane=x.map.plane,
        shard=shard,
        groups=groups,
        channels=channels,
        filters=filters,
        flip=problem.flip,
        column_block=block,
        pairs=pairs,
        axes=step_axes(axes),
    )
    program.cut()
    program.step(
        turn_back_step,
        dweight=dweight,
        w_filter=size,
        products=Place(products),
        copies=parts,
        copy_size=copy_size,
        groups=groups,
        size=size,
        filters=filters,
        row=LANES,
        squares=Place(program.buffer(LANES * LANES * parts)),
    )
    program.cut()


def _turn_of(axis: Axis, tile: int, first: int) -> Axis:
    """The axis of the positions first, first + tile, ... alone."""
    return axis._replace(stride=axis.stride * tile, before=axis.before - first * axis.stride, out=-(-(axis.out - first) // tile))


def _inside(axis: Axis) -> bool:
    """Whether every tap of every position lies inside."""
    return axis.before <= 0 and (axis.out - 1) * axis.stride + axis.extent - axis.before <= axis.size
