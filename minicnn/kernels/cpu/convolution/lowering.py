"""Convolution of any kind, and the linear layer, as steps: tables from the index map, cache blocks from the sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from minicnn.kernels.cpu.convolution.few_images import linear_dot_step
from minicnn.kernels.cpu.convolution.gather import Weighing, append_gather, bias_choice
from minicnn.kernels.cpu.convolution.linear import linear_step_backward_input_few, linear_step_backward_weight, transpose_step
from minicnn.kernels.cpu.convolution.maps import GatherTables, Read, Weights, backward_reads, forward_reads, gather_tables, reduce_groups
from minicnn.kernels.cpu.convolution.problem import Operands, Problem
from minicnn.kernels.cpu.convolution.tiles import FEW_VECTORS
from minicnn.kernels.cpu.convolution.walks import convolution_backward_bias, convolution_backward_weight
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.operands import Parameter
from minicnn.kernels.cpu.program.program import CACHE_LINE, Place, Program

GRADIENT_BYTES = 128 * 1024  # output gradients that stay in cache while all taps pass over them


def append_convolution_forward(program: Program, y: Activation, x: Activation, problem: Problem, operands: Operands) -> None:
    """y = conv(x, weight) + bias, and then what the operands say."""
    axes, groups, tiles, (weight, bias, rectify, _, added) = problem.axes, problem.groups, problem.tile, operands
    channels, filters = x.map.channels // groups, y.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], problem.tile, problem.flip)
    reads = [forward_reads(n, axis, weights, halo) for n, (axis, halo) in enumerate(zip(axes, x.map.halo, strict=True))]
    steps = [prod(tiles[n + 1 :]) for n in range(len(axes))]
    biases = [[p % tile * step for p in range(axis.out)] for axis, tile, step in zip(axes, tiles, steps, strict=True)]
    tables = gather_tables(reads, y.map, x.map, biases if prod(tiles) > 1 and bias is not None else None)
    weighing = Weighing(weight, weights.channel, weights.filter, filters * weights.filter, bias, prod(tiles), rectify, added)
    append_gather(program, tables, y, x, (groups, channels, filters), weighing)


def append_convolution_backward_input(program: Program, dx: Activation, dy: Activation, problem: Problem, operands: Operands) -> None:
    """dx from dy: the same map read backwards, inputs taking the place of filters; plus bias (C,) for a transposed convolution."""
    axes, groups, (weight, bias, *_) = problem.axes, problem.groups, operands
    channels, filters = dx.map.channels // groups, dy.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], problem.tile, problem.flip)
    tables = gather_tables([backward_reads(n, axis, weights) for n, axis in enumerate(axes)], dx.map, dy.map)
    weighing = Weighing(weight, weights.filter, weights.channel, filters * weights.filter, bias, 1)
    append_gather(program, tables, dx, dy, (groups, filters, channels), weighing)


def append_convolution_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation, problem: Problem) -> None:
    """dweight (offset into the slot) from dy and x."""
    axes, groups = problem.axes, problem.groups
    channels, filters = x.map.channels // groups, dy.map.channels // groups
    weights = Weights.of(channels, [axis.taps for axis in axes], problem.tile, problem.flip)
    row_bytes = 4 * filters * dy.map.shard * (dy.map.sizes[-1] if dy.map.sizes else 1)
    rows = max(1, GRADIENT_BYTES // row_bytes)
    listed: list[int] = []
    found = reduce_groups(axes, weights, channels, x.map, dy.map, rows)
    for group in found:
        entries = program.constant([n for entry in group.entries for n in entry]) // 2
        ranges = program.constant([n for each in group.ranges for n in each])
        listed += [entries, len(group.entries), ranges, len(group.ranges)]
    program.step(
        convolution_backward_weight,
        dweight=dweight,
        w_filter=weights.filter,
        dy=dy.place,
        dy_filter=dy.map.plane,
        x=x.place,
        x_channel=x.map.plane,
        lists=program.constant([len(found), *listed]),
        groups=groups,
        channels=channels,
        filters=filters,
    )


def append_bias_gradient(program: Program, dbias: int, dy: Activation, tiles: Sequence[int] = ()) -> None:
    """dbias (offset into the slot): dy summed over the positions and images that share a bias."""
    shard = dy.map.shard
    if prod(tiles) == 1:
        rows = [(0, dy.map.plane, 0)]
    else:
        strides = [prod(tiles[n + 1 :]) for n in range(len(tiles))]
        rows = []
        for pixel in range(dy.map.pixels):
            rest, bias = pixel, 0
            for size, tile, stride in reversed(list(zip(dy.map.sizes, tiles, strides, strict=True))):
                rest, p = divmod(rest, size)
                bias += p % tile * stride
            rows.append((pixel * shard, shard, bias))
    program.step(
        convolution_backward_bias,
        dbias=dbias,
        b_filter=prod(tiles),
        dy=dy.place,
        dy_filter=dy.map.plane,
        filters=dy.map.channels,
        rows=program.constant([n for row in rows for n in row]),
        row_count=len(rows),
    )


def append_linear_forward(
    program: Program,
    y: Activation,
    x: Activation,
    weight: int,
    bias: Parameter | None,
    rectify: bool = False,
    by_feature: bool | None = None,
) -> None:
    """y = weight @ x + bias: a convolution with one position and one tap a feature.

    by_feature : sums over lanes that are features, in another order than where a lane is an image; by default where images fill no vector
    """
    features, shard = x.map.channels, x.map.shard
    if shard % LANES if by_feature is None else by_feature:
        turned = x.place  # a single image lies by feature as it is
        if shard > 1:
            turned = Place(program.buffer(features * shard))
            program.step(transpose_step, y=turned, y_row=features, x=x.place, rows=features, columns=shard)
        images = program.constant([n for image in range(shard) for n in (image * features, image)]) // 2
        program.step(
            linear_dot_step,
            y=y.place,
            shard=shard,
            weight=weight,
            x=turned,
            features=features,
            filters=y.map.channels,
            images=images,
            bias=bias.offset if bias else 0,
            begin=bias_choice(bias),
            rectify=rectify,
        )
        return
    weighing = Weighing(weight, 1, features, 0, bias, 1, rectify)
    # few images: rows of weights are read to their end; 4,096 rows of 9,216 for 16 and 64 images: 14.8 and 11.6 ms, 22.8 and 23.7
    block = y.map.channels if shard <= FEW_VECTORS * LANES else None
    append_gather(program, _one_position(shard), y, x, (1, features, y.map.channels), weighing, block)


def append_linear_backward_input(program: Program, dx: Activation, dy: Activation, weight: int) -> None:
    """dx = weight.T @ dy."""
    features, shard = dx.map.channels, dx.map.shard
    if shard < LANES:
        row = -(-features // CACHE_LINE) * CACHE_LINE
        sums = Place(program.buffer(row * shard)) if shard > 1 else dx.place
        program.step(
            linear_step_backward_input_few,
            dx=dx.place,
            dy=dy.place,
            weight=weight,
            features=features,
            filters=dy.map.channels,
            shard=shard,
            sums=sums,
            row=row,
        )
        return
    append_gather(program, _one_position(dx.map.shard), dx, dy, (1, dy.map.channels, features), Weighing(weight, features, 1))


def append_linear_backward_weight(program: Program, dweight: int, dy: Activation, x: Activation) -> None:
    """dweight (offset into the slot) from dy and x, by way of a transposed copy of x."""
    features, shard = x.map.channels, x.map.shard
    row = -(-features // CACHE_LINE) * CACHE_LINE
    by_feature = program.buffer(row * shard)
    program.step(transpose_step, y=Place(by_feature), y_row=row, x=x.place, rows=features, columns=shard)
    images: list[Read] = [(n * row, n) for n in range(shard)]
    program.step(
        linear_step_backward_weight,
        dweight=dweight,
        dy=dy.place,
        x=Place(by_feature),
        features=features,
        filters=dy.map.channels,
        shard=shard,
        taps=program.constant([n for image in images for n in image]) // 2,
    )


def _one_position(shard: int) -> GatherTables:
    return GatherTables([(0, 0, shard, 0, 1, 0, 0, LANES, LANES, LANES)], [(0, 0)])
