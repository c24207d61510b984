"""Convolution of any kind, and the linear layer, as steps: tables from the index map, cache blocks from the sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.assembly.activation import Activation
from minicnn.kernels.cpu.assembly.weight_gradient import append_by_row, append_filter_lanes, serves_by_row, serves_filter_lanes
from minicnn.kernels.cpu.convolution import convolution_backward_bias, convolution_backward_weight, convolution_forward
from minicnn.kernels.cpu.feature_map import FeatureMap
from minicnn.kernels.cpu.few_images import arrange_step, linear_dot_step
from minicnn.kernels.cpu.linear import linear_step_backward_weight, transpose_step
from minicnn.kernels.cpu.maps import GatherTables, Read, Weights, backward_reads, forward_reads, gather_tables, reduce_groups
from minicnn.kernels.cpu.program import CACHE_LINE, Place, Program
from minicnn.kernels.cpu.tiles import TILE_FILTERS
from minicnn.kernels.cpu.vector import LANES

BLOCK_TAPS = 64            # taps of one channel block where a channel has a single tap
INPUT_BYTES = 256 * 1024   # inputs of one tile beyond which channels go in blocks
BLOCK_BYTES = 48 * 1024    # inputs of one tile of a channel block: about L1
OUTPUT_BYTES = 256 * 1024  # partial sums that wait while channel blocks pass
LONG_ROW = 3               # vectors of a row beyond which rows are walked one by one
GRADIENT_BYTES = 128 * 1024   # output gradients that stay in cache while all taps pass over them
TILE_BYTES = 4 * LANES * 4
FILTER_BYTES = 256 * 1024     # filters that pass over all runs of few images before the next


def _largest_divisor(number: int, limit: int) -> int:
    return max(d for d in range(1, min(number, limit) + 1) if number % d == 0)


def append_gather(program: Program, tables: GatherTables, y: Activation, x: Activation, groups: int, channels: int, filters: int,
                  weight: int, w_channel: int, w_filter: int, w_group: int, bias: int | None, b_filter: int, rectify: bool,
                  bias_in_memory: bool = False, filter_block: int | None = None) -> None:
    """All runs of the tables as one step; what comes after `filters` are offsets and steps of the weights and the bias, in elements."""
    taps, x_channel = tables.taps, x.map.plane
    group_channels = channels
    if len(taps) == 1 and channels > 1:
        # one tap a channel: walk the channels as taps, because the inner loop is the cheap one
        inner = _largest_divisor(channels, BLOCK_TAPS)
        (x_tap, w_tap), = taps
        taps = [(x_tap + c * x_channel, w_tap + c * w_channel) for c in range(inner)]
        runs = [(*run[:3], 0, inner, *run[5:]) if run[4] > run[3] else run for run in tables.runs]
        group_channels, x_channel, w_channel = channels // inner, x_channel * inner, w_channel * inner
    else:
        runs = tables.runs
    most = max((run[4] - run[3] for run in runs), default=0)
    channel_block, run_block = max(1, group_channels), max(1, len(runs))
    if filter_block is None and group_channels * most * TILE_BYTES > INPUT_BYTES:
        channel_block = max(1, BLOCK_BYTES // max(1, most * TILE_BYTES))
        lanes = max(run[2] for run in runs)
        run_block = max(1, OUTPUT_BYTES // (filters * lanes * 4))
    program.step(
        convolution_forward, y.map.plane, x_channel, w_channel, w_filter, program.constant([n for run in runs for n in run]), len(runs),
        program.constant([n for tap in taps for n in tap]) // 2, groups, group_channels, filters, channel_block, run_block,
        bias is not None, bias or 0, b_filter, rectify, weight, y.place, x.place, w_group,
        bias_in_memory, filter_block or filters)


def append_convolution_forward(program: Program, y: Activation, x: Activation, axes: Sequence[Axis], groups: int, tiles: Sequence[int],
                               flip: bool, weight: int, bias: int | None, rectify: bool = False, bias_in_memory: bool = False) -> None:
    """y = conv(x, weight) + bias, and then relu if `rectify`.

    axes : the geometry, one Axis per spatial axis
    tiles : filters that take turns per axis, all 1 for ordinary convolution
    weight, bias : offsets into the parameters (the bias: into memory if `bias_in_memory`); None without a bias
    """
    if x.map.shard % LANES and prod(tiles) == 1:
        _append_few_images_forward(program, y, x, axes, groups, flip, weight, bias, rectify, bias_in_memory)
        return
    channels, filters = x.map.channels // groups, y.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], tiles, flip)
    reads = [forward_reads(n, axis, weights, halo) for n, (axis, halo) in enumerate(zip(axes, x.map.halo, strict=True))]
    steps = [prod(tiles[n + 1:]) for n in range(len(axes))]
    biases = [[p % tile * step for p in range(axis.out)] for axis, tile, step in zip(axes, tiles, steps, strict=True)]
    tables = gather_tables(reads, y.map, x.map, biases if prod(tiles) > 1 and bias is not None else None)
    append_gather(program, tables, y, x, groups, channels, filters, weight, weights.channel, weights.filter, filters * weights.filter,
                  bias,
                  prod(tiles), rectify, bias_in_memory)


def _append_few_images_forward(program: Program, y: Activation, x: Activation, axes: Sequence[Axis], groups: int, flip: bool, weight: int,
                               bias: int | None, rectify: bool, bias_in_memory: bool) -> None:
    """The same for a shard that does not fill a vector: lanes run over columns and images together.

    x is first copied between its padding, columns sorted by their remainder modulo the stride, so that every position reads alike and
    neighbours read neighbours.  A vector then holds a row, or a piece of one; a tile, pieces of several rows.
    """
    shard, stride = x.map.shard, axes[-1].stride
    widths = [axis.before + axis.size + axis.after for axis in axes]
    columns = -(-widths[-1] // stride)   # of one remainder
    pitches = [columns * stride * shard * prod(widths[n + 1:-1]) for n in range(len(axes) - 1)]
    plane = columns * stride * shard * prod(widths[:-1])
    arranged = program.buffer(x.map.channels * plane, permanent=any(axis.before or axis.after for axis in axes))
    ones = 3 - len(axes)
    program.step(arrange_step, Place(arranged), x.place, x.map.channels, shard, *(1,) * ones, *x.map.sizes, *(0,) * ones,
                 *(axis.before for axis in axes), *(1,) * ones, *widths[:-1], columns, stride)
    channels, filters = x.map.channels // groups, y.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], flip=flip)
    taps: list[Read] = []
    for tap in product(*(range(axis.taps) for axis in axes)):
        leading = sum(r * axis.dilation * pitch for r, axis, pitch in zip(tap, axes, pitches, strict=False))
        quotient, remainder = divmod(tap[-1] * axes[-1].dilation, stride)
        taps.append((leading + (remainder * columns + quotient) * shard,
                     sum(weights.offset(n, 0, r, axis.taps) for n, (r, axis) in enumerate(zip(tap, axes, strict=True)))))
    runs: list[tuple[int, ...]] = []
    lanes = axes[-1].out * shard
    *outer, last_outer = [range(axis.out) for axis in axes[:-1]] or [range(1)]
    x_row = pitches[-1] * axes[-2].stride if pitches else 0
    if x_row == lanes:   # rows that follow one another without a gap in both maps, as with 1x1 filters, are one long row
        lanes, last_outer = lanes * len(last_outer), range(1)
    for position in product(*outer):
        y_at = sum(p * stride_y for p, stride_y in zip(position, y.map.strides, strict=False))
        x_at = sum(p * axis.stride * pitch for p, axis, pitch in zip(position, axes, pitches, strict=False))
        if lanes > LONG_ROW * LANES:
            runs += [(y_at + p * lanes, x_at + p * x_row, lanes, 0, len(taps), 0, 0, LANES, LANES, LANES) for p in last_outer]
        else:
            runs += [(y_at + lane, x_at + lane, len(last_outer) * LANES, 0, len(taps), 0, 0, lanes, x_row, min(LANES, lanes - lane))
                     for lane in range(0, lanes, LANES)]
    filter_bytes = 4 * channels * prod(axis.taps for axis in axes)
    filter_block = max(TILE_FILTERS, FILTER_BYTES // max(1, filter_bytes) // TILE_FILTERS * TILE_FILTERS)
    source = Activation(arranged, FeatureMap(x.map.channels, (plane // shard,), shard))
    append_gather(program, GatherTables(runs, taps), y, source, groups, channels, filters, weight, weights.channel, weights.filter,
                  filters * weights.filter, bias, 1, rectify, bias_in_memory, filter_block=filter_block)


def append_convolution_backward_input(program: Program, dx: Activation, dy: Activation, axes: Sequence[Axis], groups: int,
                                      tiles: Sequence[int], flip: bool, weight: int, bias: int | None = None,
                                      bias_in_memory: bool = False) -> None:
    """dx from dy: the same map read backwards, inputs taking the place of filters; plus bias (C,) for a transposed convolution."""
    channels, filters = dx.map.channels // groups, dy.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], tiles, flip)
    tables = gather_tables([backward_reads(n, axis, weights) for n, axis in enumerate(axes)], dx.map, dy.map)
    append_gather(program, tables, dx, dy, groups, filters, channels, weight, weights.filter, weights.channel, filters * weights.filter,
                  bias, 1, False, bias_in_memory)


def append_convolution_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation, axes: Sequence[Axis], groups: int,
                                       tiles: Sequence[int], flip: bool, parts: int = 1,
                                       cut: Callable[[], None] | None = None) -> None:
    """dweight (offset into the slot) from dy and x."""
    if serves_filter_lanes(dy, groups):
        append_filter_lanes(program, dweight, dy, x, axes, groups, tiles, flip, parts, cut)
        return
    if serves_by_row(dy, x, axes, groups, tiles):
        append_by_row(program, dweight, dy, x, axes, groups, flip, parts, cut)
        return
    channels, filters = x.map.channels // groups, dy.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], tiles, flip)
    row_bytes = 4 * filters * dy.map.shard * (dy.map.sizes[-1] if dy.map.sizes else 1)
    rows = max(1, GRADIENT_BYTES // row_bytes)
    listed: list[int] = []
    found = reduce_groups(axes, weights, channels, x.map, dy.map, rows)
    for group in found:
        entries = program.constant([n for entry in group.entries for n in entry]) // 2
        ranges = program.constant([n for each in group.ranges for n in each])
        listed += [entries, len(group.entries), ranges, len(group.ranges)]
    program.step(convolution_backward_weight, dweight, weights.filter, dy.map.plane, x.map.plane, program.constant([len(found), *listed]),
                 groups, channels, filters, dy.place, x.place)


def append_bias_gradient(program: Program, dbias: int, dy: Activation, tiles: Sequence[int] = ()) -> None:
    """dbias (offset into the slot): dy summed over the positions and images that share a bias."""
    shard = dy.map.shard
    if prod(tiles) == 1:
        rows = [(0, dy.map.plane, 0)]
    else:
        strides = [prod(tiles[n + 1:]) for n in range(len(tiles))]
        rows = []
        for pixel in range(dy.map.pixels):
            rest, bias = pixel, 0
            for size, tile, stride in reversed(list(zip(dy.map.sizes, tiles, strides, strict=True))):
                rest, p = divmod(rest, size)
                bias += p % tile * stride
            rows.append((pixel * shard, shard, bias))
    program.step(convolution_backward_bias, dbias, prod(tiles), dy.map.plane, dy.map.channels,
                 program.constant([n for row in rows for n in row]),
                 len(rows), dy.place)


def append_linear_forward(program: Program, y: Activation, x: Activation, weight: int, bias: int | None, rectify: bool = False,
                          bias_in_memory: bool = False) -> None:
    """y = weight @ x + bias: a convolution with one position and one tap a feature."""
    features, shard = x.map.channels, x.map.shard
    if shard % LANES:
        by_feature = program.buffer(features * shard)
        program.step(transpose_step, Place(by_feature), features, x.place, features, shard)
        images = program.constant([n for image in range(shard) for n in (image * features, image)]) // 2
        program.step(linear_dot_step, y.place, shard, weight, Place(by_feature), features, y.map.channels, images, bias is not None,
                     bias or 0, rectify, bias_in_memory)
        return
    append_gather(program, _one_position(shard), y, x, 1, features, y.map.channels, weight, 1, features, 0, bias, 1, rectify,
                  bias_in_memory)


def append_linear_backward_input(program: Program, dx: Activation, dy: Activation, weight: int) -> None:
    """dx = weight.T @ dy."""
    features = dx.map.channels
    append_gather(program, _one_position(dx.map.shard), dx, dy, 1, dy.map.channels, features, weight, features, 1, 0, None, 0, False)


def append_linear_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation) -> None:
    """dweight (offset into the slot) from dy and x, by way of a transposed copy of x."""
    features, shard = x.map.channels, x.map.shard
    row = -(-features // CACHE_LINE) * CACHE_LINE
    by_feature = program.buffer(row * shard)
    program.step(transpose_step, Place(by_feature), row, x.place, features, shard)
    images: list[Read] = [(n * row, n) for n in range(shard)]
    program.step(linear_step_backward_weight, dweight, dy.place, Place(by_feature), row, features, dy.map.channels, shard,
                 program.constant([n for image in images for n in image]) // 2)


def _one_position(shard: int) -> GatherTables:
    return GatherTables([(0, 0, shard, 0, 1, 0, 0, LANES, LANES, LANES)], [(0, 0)])
