"""Winograd's convolution as steps: filters transformed first, then blocks of tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.product_tile import padded_filters
from minicnn.kernels.cpu.convolution.tiles import TILE_VECTORS
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, Program, padded
from minicnn.kernels.cpu.winograd.filters import TURNED_ROWS, winograd_filters_step
from minicnn.kernels.cpu.winograd.winograd import elements_apart, winograd_step

BLOCK_BYTES = 512 * 1024  # transformed inputs and outputs of a block: half of L2
MOST_VECTORS = 16  # of a block
FILTER_PARTS = 8  # of the filters' transform


class Filters(NamedTuple):
    """Filters transformed for tiles of m x m, and the weights they were made from.

    place : where in memory they lie
    weight : an offset into the parameters
    filter_step, channel_step, group_step : from one filter, channel and group to the next
    """

    m: int
    place: int
    weight: int
    filter_step: int
    channel_step: int
    group_step: int
    flip: bool

    @property
    def weights(self) -> tuple[int, ...]:
        """The weights as the steps take them."""
        return self[2:]


def append_winograd_filters(
    program: Program,
    common: Callable[[int], int],
    weight: int,
    channels: int,
    filters: int,
    groups: int,
    m: int,
    flip: bool,
    exchanged: bool = False,
    parts: int = FILTER_PARTS,
) -> Filters:
    """The weights (an offset into the parameters) of all groups, transformed for tiles of m x m.

    common : gives room in memory that all shards share
    channels, filters : those of one group, as the convolution will use them
    exchanged : the weights lie as (channels, filters, 3, 3), for a convolution that leads back
    """
    side, all_filters = m + 2, padded_filters(filters)
    place = common(side * side * groups * all_filters * channels)
    own = Filters(m, place, weight, *((9, 9 * filters) if exchanged else (9 * channels, 9)), 9 * channels * filters, flip)
    scratch = (LANES + TURNED_ROWS + 3 * side) * LANES
    program.step(
        winograd_filters_step,
        place,
        weight,
        own.filter_step,
        own.channel_step,
        own.group_step,
        groups,
        channels,
        filters,
        all_filters,
        side,
        flip,
        common(scratch * parts),
        scratch,
    )
    return own


def append_winograd(
    program: Program,
    y: Activation,
    x: Activation,
    axes: Sequence[Axis],
    groups: int,
    own: Filters,
    bias: int | None,
    rectify: bool = False,
    bias_in_memory: bool = False,
    parts: int = 1,
) -> None:
    """y = conv(x, weight) + bias, and then relu if `rectify`, with filters from `append_winograd_filters`."""
    side, channels, filters = own.m + 2, x.map.channels, y.map.channels
    all_filters = padded_filters(filters // groups)
    bytes_a_vector = 4 * LANES * side * side * (channels + groups * all_filters)
    block = min(MOST_VECTORS, max(1, BLOCK_BYTES // bytes_a_vector // TILE_VECTORS) * TILE_VECTORS)
    v_size = padded(side * side * elements_apart(channels, block))
    m_size = padded(side * side * elements_apart(groups * all_filters, block))
    pitch = v_size + m_size + padded(side * side * LANES)
    rows, columns = axes
    program.step(
        winograd_step,
        y.place,
        y.map.plane,
        x.place,
        x.map.plane,
        own.place,
        bias or 0,
        bias is not None,
        bias_in_memory,
        rectify,
        rows.size,
        columns.size,
        rows.before,
        columns.before,
        rows.out,
        columns.out,
        x.map.shard,
        groups,
        channels // groups,
        filters // groups,
        all_filters,
        side,
        block,
        Place(program.buffer(pitch * parts)),
        v_size,
        v_size + m_size,
        pitch,
        *own.weights,
    )
