"""Winograd's convolution as steps: filters transformed first, then blocks of tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import step_axes
from minicnn.kernels.cpu.convolution.ending import NOTHING
from minicnn.kernels.cpu.convolution.gather import bias_choice
from minicnn.kernels.cpu.convolution.product_tile import padded_filters
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.operands import Parameter, Scaling
from minicnn.kernels.cpu.program.program import Argument, Place, Program, padded
from minicnn.kernels.cpu.winograd.filters import NOT_KEPT, TURNED_ROWS, winograd_filters_step
from minicnn.kernels.cpu.winograd.overflow import Weighed
from minicnn.kernels.cpu.winograd.stages import (
    Stages,
    winograd_all_inputs_step,
    winograd_all_outputs_step,
    winograd_all_products_step,
)
from minicnn.kernels.cpu.winograd.winograd import Tiling, elements_apart, winograd_step

BLOCK_BYTES = 512 * 1024  # transformed inputs and outputs of a block: half of L2
MOST_VECTORS = 16  # of a block
MANY_BLOCKS = 8  # that parts share evenly enough
HEAVY = 128  # floats of transformed inputs and outputs that are carried between stages, for each of the filters that are not read again
FILTER_PARTS = 8  # of the filters' transform


class TransformedFilters(NamedTuple):
    """Filters transformed for tiles of m x m, and the weights they were made from.

    taps : of a filter along an axis
    place : where in memory they lie
    weight : an offset into the parameters
    filter_step, channel_step, group_step : from one filter, channel and group to the next
    """

    m: int
    taps: int
    place: Argument
    weight: int
    filter_step: int
    channel_step: int
    group_step: int
    flip: bool

    @property
    def side(self) -> int:
        """Pixels of a tile's inputs along an axis."""
        return self.m + self.taps - 1

    def weighed(self, bias: Parameter | Scaling | None, rectify: bool, added: Activation | None = None) -> Weighed:
        """The weights, with a bias and what is added, as the steps take them."""
        own = self.weight, self.filter_step, self.channel_step, self.group_step, self.flip
        return Weighed(*own, bias.offset if bias else 0, bias_choice(bias), added.place if added else NOTHING, rectify)


def append_winograd_filters(
    program: Program,
    common: Callable[[int], Argument],
    weight: int,
    channels: int,
    filters: int,
    groups: int,
    m: int,
    taps: int,
    flip: bool,
    exchanged: bool = False,
    keep: Callable[[int], Argument] | None = None,
    parts: int = FILTER_PARTS,
) -> TransformedFilters:
    """The weights (an offset into the parameters) of all groups, transformed for tiles of m x m.

    common : gives room in memory that all shards share
    channels, filters : those of one group, as the convolution will use them
    taps : of a filter along an axis
    exchanged : the weights lie as (channels, filters, taps, taps), for a convolution that leads back
    keep : gives room in memory that stays from call to call, where it does
    """
    side, area, all_filters = m + taps - 1, taps * taps, padded_filters(filters)
    lasting = None if exchanged else keep
    place = (lasting or common)(side * side * groups * all_filters * channels)
    steps = (area, area * filters) if exchanged else (area * channels, area)
    own = TransformedFilters(m, taps, place, weight, *steps, area * channels * filters, flip)
    scratch = (LANES + TURNED_ROWS + taps * side) * LANES
    program.step(
        winograd_filters_step,
        u=place,
        weight=weight,
        w_filter=own.filter_step,
        w_channel=own.channel_step,
        w_group=own.group_step,
        groups=groups,
        channels=channels,
        filters=filters,
        all_filters=all_filters,
        side=side,
        taps=taps,
        flip=flip,
        scratch=common(scratch * parts),
        scratch_size=scratch,
        known=lasting(area * channels * filters * groups) if lasting else NOT_KEPT,
    )
    return own


def append_winograd(
    program: Program,
    y: Activation,
    x: Activation,
    axes: Sequence[Axis],
    groups: int,
    own: TransformedFilters,
    bias: Parameter | Scaling | None,
    rectify: bool,
    parts: int,
    added: Activation | None = None,
) -> None:
    """y = conv(x, weight) + bias (+ `added`), and then relu if `rectify`, with filters from `append_winograd_filters`."""
    side, channels, filters, shard = own.side, x.map.channels, y.map.channels, x.map.shard
    all_filters = padded_filters(filters // groups)
    weighed, sizes = own.weighed(bias, rectify, added), (shard, groups, channels // groups, filters // groups, all_filters, side, own.m)
    vectors = prod(-(-axis.out // own.m) for axis in axes) * shard // LANES
    bytes_a_vector = 4 * LANES * side * side * (channels + groups * all_filters)
    block = min(MOST_VECTORS, max(1, BLOCK_BYTES // bytes_a_vector // TILE_VECTORS) * TILE_VECTORS)
    few_blocks, heavy = vectors < MANY_BLOCKS * block, channels // groups * all_filters >= HEAVY * (channels // groups + all_filters)
    if parts > 1 and (few_blocks or heavy):
        tiling = Tiling(*sizes, -(-vectors // TILE_VECTORS) * TILE_VECTORS)
        _append_stages(program, y, x, axes, own.place, weighed, tiling, vectors, parts)
        return
    v_size = padded(side * side * elements_apart(channels, block))
    m_size = padded(side * side * elements_apart(groups * all_filters, block))
    pitch = v_size + m_size + padded(side * side * LANES)
    memory = program.buffer(pitch * parts)
    program.step(
        winograd_step,
        y=y.place,
        y_plane=y.map.plane,
        x=x.place,
        x_plane=x.map.plane,
        u=own.place,
        v=Place(memory),
        m=Place(memory, v_size),
        scratch=Place(memory, v_size + m_size),
        part_size=pitch,
        weighed=weighed,
        axes=step_axes(axes),
        tiling=Tiling(*sizes, block),
    )


def _append_stages(
    program: Program,
    y: Activation,
    x: Activation,
    axes: Sequence[Axis],
    u: Any,  # a place, of the parameters or of filters made just in time
    weighed: Weighed,
    tiling: Tiling,
    vectors: int,
    parts: int,
) -> None:
    """The same where parts of it run at once, stage by stage."""
    elements, scratch = tiling.side**2, padded(tiling.side**2 * LANES)
    v_size = elements * elements_apart(tiling.groups * tiling.channels, tiling.block)
    m_size = elements * elements_apart(tiling.groups * tiling.all_filters, tiling.block)
    v, m = program.buffer(v_size), program.buffer(m_size)
    stages = Stages(
        y=y.place,
        y_plane=y.map.plane,
        x=x.place,
        x_plane=x.map.plane,
        u=u,
        v=Place(v),
        m=Place(m),
        scratch=Place(program.buffer(scratch * parts)),
        scratch_size=scratch,
        vectors=vectors,
    )
    for kernel in (winograd_all_inputs_step, winograd_all_products_step, winograd_all_outputs_step):
        program.step(kernel, stages=stages, weighed=weighed, axes=step_axes(axes), tiling=tiling)
        program.cut()
