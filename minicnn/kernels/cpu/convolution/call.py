"""Convolution of any kind on a user's float32 arrays, ordinary, tiled and unshared: all three passes, each by the way that serves it best.

The first that fits is taken: blocks of a long axis; filter by filter; depthwise; unshared of few images; Winograd; the direct way.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution import depthwise_call
from minicnn.kernels.cpu.convolution.blocks import input_blocks, long_axis, output_blocks
from minicnn.kernels.cpu.convolution.exchange_call import exchanged
from minicnn.kernels.cpu.convolution.few_images_lowering import append_few_images_forward
from minicnn.kernels.cpu.convolution.lowering import (
    append_convolution_backward_input,
    append_convolution_backward_weight,
    append_convolution_forward,
)
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.convolution.remainders import combinations, reads_everything, remainders_pay
from minicnn.kernels.cpu.convolution.ways import (
    cut_out,
    fills_lanes,
    goes_by_turns,
    goes_in_place,
    halo,
    is_narrow,
    place_on,
    reads_forward,
    settled,
    taken,
    turns,
    winograd_tile,
    with_axis,
)
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.call import PARTS, Stage, call
from minicnn.kernels.cpu.unshared import call as unshared_call
from minicnn.kernels.cpu.unshared.lowering import append_tiled_backward_input, serves_few, serves_rows
from minicnn.kernels.cpu.winograd import call as winograd_call

Axes = tuple[Axis, ...]


def forward(
    y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    axes: Axes,
    groups: int,
    flip: bool,
    tiles: tuple[int, ...] | None = None,
    direct: bool = False,
) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (K, *tile, C/G, *taps) and bias (K,) or (K, *tile); never by Winograd if `direct`."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.out for axis in axes], axes, tile)
    if n is not None:
        for block in output_blocks(axes[n], tile[n]):
            if not block.axis.size and prod(tile) == 1:
                y[place_on(n, block.output)] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
                continue
            part = np.empty((*y.shape[: n + 2], block.axis.out, *y.shape[n + 3 :]), y.dtype)
            forward(part, cut_out(x, n, block.input), weight, bias, with_axis(axes, n, block.axis), groups, flip, tiles, direct)
            y[place_on(n, block.output)] = part
        return
    if goes_by_turns(axes, tile, len(x)):
        for turn in turns(axes, tile):
            # one bias a filter, or one for each filter of the tile
            own = bias if bias is None or bias.ndim == 1 else np.ascontiguousarray(bias[turn.filter])
            if prod(axis.size for axis in turn.axes):
                part = np.empty((*y.shape[:2], *(axis.out for axis in turn.axes)), y.dtype)
                forward(part, taken(x, turn.input), np.ascontiguousarray(weight[turn.filter]), own, turn.axes, groups, flip, direct=direct)
                y[turn.output] = part
            else:
                y[turn.output] = 0 if own is None else own.reshape(-1, *(1,) * len(axes))
        return
    axes = settled(axes)
    if depthwise_call.serves(axes, x.shape[1], y.shape[1], groups) and prod(tile) == 1:
        depthwise_call.forward(y, x, weight, bias, axes, flip)
        return
    if len(x) < LANES and serves_few(axes, tile, len(x)):
        unshared_call.forward(y, x, weight, bias, axes, groups, tile)
        return
    if bias is not None and bias.size != len(weight) * prod(tile):
        bias = np.repeat(bias, prod(tile))  # one for each filter of the tile
    narrow = is_narrow(len(x), axes, tile)
    m = 0 if direct or prod(tile) > 1 else winograd_tile(axes, x.shape[1], y.shape[1], groups, len(x))
    if m:
        winograd_call.forward(y, x, weight, bias, axes, groups, flip, m)
        return

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(y.shape[1:]) * prod(weight.shape[-1 - len(axes) :])
        if stage.shard == 1:  # images that can be read where they lie
            append_few_images_forward(
                stage.program,
                stage.outside(1, y.shape[1:]),
                stage.outside(0, x.shape[1:]),
                axes,
                groups,
                flip,
                0,
                None if bias is None else 0,
                False,
                True,
            )
            return
        value = stage.load(0, x.shape[1:], [] if narrow else halo(axes, x.shape[1]))
        stage.cut()
        result = stage.new(y.shape[1:])
        append_convolution_forward(
            stage.program, result, value, axes, groups, tile, flip, 0, None if bias is None else 0, bias_in_memory=True
        )
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("convolution", axes, groups, tile, flip, x.shape[1], y.shape[1], bias is not None)
    call(
        key,
        build,
        len(x),
        [x, y],
        weight=weight,
        bias=bias,
        whole=prod(tile) > 1,
        narrow=narrow,
        single=len(x) > 1 and goes_in_place(axes, tile, groups),
    )


def backward_input(
    dx: np.ndarray,
    dy: np.ndarray,
    weight: np.ndarray,
    axes: Axes,
    groups: int,
    flip: bool,
    tiles: tuple[int, ...] | None = None,
    bias: np.ndarray | None = None,
) -> None:
    """dx (N, C, *in) from dy (N, K, *out), and bias (C,) where this is a transposed convolution."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.size for axis in axes], axes, tile)
    if n is not None:
        for block in input_blocks(axes[n], tile[n]):
            if not block.axis.out:
                dx[place_on(n, block.input)] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
                continue
            part = np.empty((*dx.shape[: n + 2], block.axis.size, *dx.shape[n + 3 :]), dx.dtype)
            backward_input(part, cut_out(dy, n, block.output), weight, with_axis(axes, n, block.axis), groups, flip, tiles, bias)
            dx[place_on(n, block.input)] = part
        return
    if goes_by_turns(axes, tile, len(dy)):
        dx[...] = 0
        for turn in turns(axes, tile):
            part = np.empty((*dx.shape[:2], *(axis.size for axis in turn.axes)), dx.dtype)
            if part.size:
                backward_input(part, taken(dy, turn.output), np.ascontiguousarray(weight[turn.filter]), turn.axes, groups, flip)
                dx[turn.input] += part
        return
    axes = settled(axes)
    if depthwise_call.serves(axes, dx.shape[1], dy.shape[1], groups) and prod(tile) == 1:
        depthwise_call.backward_input(dx, dy, weight, bias, axes, flip)
        return
    if serves_few(axes, tile, len(dy)) and serves_rows(len(dy), len(weight) // groups):
        unshared_call.backward_input(dx, dy, weight, axes, groups, tile)
        return
    if prod(tile) == 1 and (reads_forward(axes, len(dy)) or goes_in_place(axes, tile, groups)):
        taps = [axis.taps for axis in axes]
        forward(dx, dy, exchanged(weight, groups, [np.arange(prod(taps)).reshape(taps)]), bias, reversed_axes(axes), groups, not flip)
        return
    if prod(tile) == 1 and remainders_pay(axes, dx.shape[:2], dy.shape[1], groups):
        _backward_by_remainder(dx, dy, weight, bias, axes, groups, flip)
        return
    narrow = is_narrow(len(dy), axes, tile)
    m = 0 if prod(tile) > 1 else winograd_tile(reversed_axes(axes), dy.shape[1], dx.shape[1], groups, len(dy))
    if m:
        winograd_call.forward(dx, dy, weight, bias, reversed_axes(axes), groups, not flip, m, exchanged=True)
        return

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(weight.shape[-1 - len(axes) :])
        gradient = stage.load(0, dy.shape[1:])
        stage.cut()
        result = stage.new(dx.shape[1:])
        if prod(tile) > 1:
            append_tiled_backward_input(stage.program, result, gradient, axes, groups, tile, flip, 0, PARTS)
        else:
            append_convolution_backward_input(
                stage.program, result, gradient, axes, groups, tile, flip, 0, None if bias is None else 0, bias_in_memory=True
            )
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("convolution backward input", axes, groups, tile, flip, dx.shape[1], dy.shape[1], bias is not None)
    call(key, build, len(dy), [dy, dx], weight=weight, bias=bias, whole=prod(tile) > 1, narrow=narrow)


def _backward_by_remainder(
    dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int, flip: bool
) -> None:
    """dx as convolutions of dy with stride 1, one for all remainders that have equally many taps along each axis."""
    channels, all_of = dx.shape[1] // groups, (slice(None), slice(None))
    every = dx.reshape(len(dx), groups, channels, *dx.shape[2:])
    if not all(map(reads_everything, axes)):
        dx[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
    for some in combinations(axes, flip):
        sets = len(some.taps)
        filters = exchanged(weight, groups, some.taps)
        biases = None if bias is None else np.repeat(bias.reshape(groups, 1, channels), sets, axis=1).ravel()
        gradient = taken(dy, (*all_of, *some.input))
        part = np.empty((len(dx), len(filters), *(axis.out for axis in some.axes)), dx.dtype)
        for n in range(len(dx)):
            forward(part[n : n + 1], gradient[n : n + 1], filters, biases, some.axes, groups, True)
        parts = part.reshape(len(dx), groups, sets, channels, *part.shape[2:])
        for n, (source, target) in enumerate(zip(some.sources, some.targets, strict=True)):
            every[(*all_of, slice(None), *target)] = parts[:, :, n][(*all_of, slice(None), *source)]


def backward_weight(
    dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int, flip: bool, tiles: tuple[int, ...] | None = None
) -> None:
    """dweight (K, *tile, C/G, *taps) from dy (N, K, *out) and x (N, C, *in)."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.out for axis in axes], axes, tile)
    if n is not None:
        dweight[...] = 0
        for block in output_blocks(axes[n], tile[n]):
            if not block.axis.size:
                continue
            part = np.empty_like(dweight)
            backward_weight(
                part, cut_out(dy, n, block.output), cut_out(x, n, block.input), with_axis(axes, n, block.axis), groups, flip, tiles
            )
            dweight += part
        return
    if goes_by_turns(axes, tile, len(dy)):
        for turn in turns(axes, tile):
            part = np.zeros((len(dweight), *dweight.shape[1 + len(axes) :]), dweight.dtype)
            if prod(axis.size for axis in turn.axes):
                backward_weight(part, taken(dy, turn.output), taken(x, turn.input), turn.axes, groups, flip)
            dweight[turn.filter] = part
        return
    axes = settled(axes)
    if depthwise_call.serves(axes, x.shape[1], dy.shape[1], groups) and prod(tile) == 1 and fills_lanes(axes[-1].out, len(dy)):
        depthwise_call.backward_weight(dweight, dy, x, axes, flip)
        return
    if serves_few(axes, tile, len(dy)):
        unshared_call.backward_weight(dweight, dy, x, axes, groups, tile)
        return
    narrow = is_narrow(len(dy), axes, tile)

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(dweight.shape[-1 - len(axes) :])
        gradient = stage.load(0, dy.shape[1:])
        value = stage.load(1, x.shape[1:], halo(axes, x.shape[1]))
        stage.cut()
        append_convolution_backward_weight(stage.program, 0, gradient, value, axes, groups, tile, flip, PARTS, stage.cut)
        stage.cut()

    call(
        ("convolution backward weight", axes, groups, tile, flip, x.shape[1], dy.shape[1]),
        build,
        len(dy),
        [dy, x],
        gradient=dweight,
        whole=prod(tile) > 1,
        narrow=narrow,
    )
