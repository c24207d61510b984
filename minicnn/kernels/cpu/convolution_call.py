"""Convolution of any kind on a user's float32 arrays: ordinary, tiled, unshared and transposed, all three passes.

Most of it is choosing: how wide a shard is, whether padding is stored, which step serves, whether a long axis goes in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu import depthwise_call, winograd_call
from minicnn.kernels.cpu.assembly.convolution import (
    append_convolution_backward_input,
    append_convolution_backward_weight,
    append_convolution_forward,
)
from minicnn.kernels.cpu.assembly.few_images import append_few_images_forward
from minicnn.kernels.cpu.assembly.unshared import (
    append_call_backward_input,
    append_call_backward_weight,
    append_call_forward,
    append_tiled_backward_input,
    serves_few,
    serves_rows,
)
from minicnn.kernels.cpu.blocks import input_blocks, long_axis, output_blocks, positions_of_turn
from minicnn.kernels.cpu.call import PARTS, WHOLE_SHARD, Stage, call
from minicnn.kernels.cpu.exchange_call import exchanged
from minicnn.kernels.cpu.maps import reversed_axes
from minicnn.kernels.cpu.program import EXTRA
from minicnn.kernels.cpu.remainders import combinations, reads_everything, remainders_pay
from minicnn.kernels.cpu.tiles import TILE_TAPS
from minicnn.kernels.cpu.vector import LANES

Axes = tuple[Axis, ...]

MOST_TAPS = 1 << 21
MANY_READS = 1 << 14   # entries of a table beyond which storing the padding is better than listing what each border position reads


def serves(axes: Axes) -> bool:
    """Whether the taps can be listed in tables: all but filters of millions of taps, most of which then lie outside the input."""
    return prod(axis.taps for axis in axes) <= MOST_TAPS


@lru_cache(REMEMBERED)
def _settled(axes: Axes) -> Axes:
    """The same axes without settings that mean nothing: the stride of a single position, the dilation of a single tap."""
    return tuple(axis._replace(stride=1 if axis.out == 1 else axis.stride, dilation=1 if axis.taps == 1 else axis.dilation)
                 for axis in axes)


@lru_cache(REMEMBERED)
def _padding_fits(axes: Axes) -> bool:
    """Whether x between its padding is not much more than x and y."""
    return prod(a.before + a.size + a.after for a in axes) <= 8 * (prod(a.size for a in axes) + prod(a.out for a in axes))


def _halo(axes: Axes, channels: int) -> list[tuple[int, int]]:
    """A halo pays where channels alone cannot fill the taps of a tile of the weight gradient, and where border positions, each with a
    list of reads of its own, are many; else borders are left out."""
    short = channels < TILE_TAPS and max(max(a.before, a.after) for a in axes) <= max(a.taps for a in axes)
    reads = prod(a.taps * min(a.out, 1 + -(-a.before // a.stride) + -(-a.after // a.stride)) for a in axes)
    return [(a.before, a.after) for a in axes] if (short or reads > MANY_READS) and _padding_fits(axes) else []


def _narrow(images: int, axes: Axes, tile: tuple[int, ...]) -> bool:
    """Whether images too few to fill a vector stand side by side with no gap between pixels: lanes then run over columns as well."""
    return images < LANES and prod(tile) == 1 and _padding_fits(axes)


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int, flip: bool,
            tiles: tuple[int, ...] | None = None, direct: bool = False) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (K, *tile, C/G, *taps) and bias (K,) or (K, *tile); never by Winograd if `direct`."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.out for axis in axes], tile)
    if n is not None:
        for block in output_blocks(axes[n], tile[n]):
            if not block.axis.size and prod(tile) == 1:
                y[_place(n, block.output)] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
                continue
            part = np.empty((*y.shape[:n + 2], block.axis.out, *y.shape[n + 3:]), y.dtype)
            forward(part, _cut(x, n, block.input), weight, bias, _with(axes, n, block.axis), groups, flip, tiles, direct)
            y[_place(n, block.output)] = part
        return
    if _goes_by_turns(axes, tile, len(x)):
        for turn in _turns(axes, tile):
            # one bias a filter, or one for each filter of the tile
            own = bias if bias is None or bias.ndim == 1 else np.ascontiguousarray(bias[turn.filter])
            if prod(axis.size for axis in turn.axes):
                part = np.empty((*y.shape[:2], *(axis.out for axis in turn.axes)), y.dtype)
                forward(part, _taken(x, turn.input), np.ascontiguousarray(weight[turn.filter]), own, turn.axes, groups, flip, direct=direct)
                y[turn.output] = part
            else:
                y[turn.output] = 0 if own is None else own.reshape(-1, *(1,) * len(axes))
        return
    axes = _settled(axes)
    if depthwise_call.serves(axes, x.shape[1], y.shape[1], groups) and prod(tile) == 1:
        depthwise_call.forward(y, x, weight, bias, axes, flip)
        return
    if len(x) < LANES and serves_few(axes, tile, len(x)):
        _forward_few(y, x, weight, bias, axes, groups, tile)
        return
    if bias is not None and bias.size != len(weight) * prod(tile):
        bias = np.repeat(bias, prod(tile))   # one for each filter of the tile
    narrow = _narrow(len(x), axes, tile)
    m = 0 if direct or prod(tile) > 1 else _winograd_tile(axes, x.shape[1], y.shape[1], groups, len(x))
    if m:
        winograd_call.forward(y, x, weight, bias, axes, groups, flip, m)
        return

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(y.shape[1:]) * prod(weight.shape[-1 - len(axes):])
        if stage.shard == 1:   # an image that lies as the steps want it
            append_few_images_forward(stage.program, stage.outside(1, y.shape[1:]), stage.outside(0, x.shape[1:]), axes, groups, flip, 0,
                                      None if bias is None else 0, False, True)
            return
        value = stage.load(0, x.shape[1:], [] if narrow else _halo(axes, x.shape[1]))
        stage.cut()
        result = stage.new(y.shape[1:])
        append_convolution_forward(stage.program, result, value, axes, groups, tile, flip, 0, None if bias is None else 0,
                                   bias_in_memory=True)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("convolution", axes, groups, tile, flip, x.shape[1], y.shape[1], bias is not None)
    call(key, build, len(x), [x, y], weight=weight, bias=bias, whole=prod(tile) > 1, narrow=narrow)


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int, flip: bool,
                   tiles: tuple[int, ...] | None = None, bias: np.ndarray | None = None) -> None:
    """dx (N, C, *in) from dy (N, K, *out), and bias (C,) where this is a transposed convolution."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.size for axis in axes], tile)
    if n is not None:
        for block in input_blocks(axes[n], tile[n]):
            if not block.axis.out:
                dx[_place(n, block.input)] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
                continue
            part = np.empty((*dx.shape[:n + 2], block.axis.size, *dx.shape[n + 3:]), dx.dtype)
            backward_input(part, _cut(dy, n, block.output), weight, _with(axes, n, block.axis), groups, flip, tiles, bias)
            dx[_place(n, block.input)] = part
        return
    if _goes_by_turns(axes, tile, len(dy)):
        dx[...] = 0
        for turn in _turns(axes, tile):
            part = np.empty((*dx.shape[:2], *(axis.size for axis in turn.axes)), dx.dtype)
            if part.size:
                backward_input(part, _taken(dy, turn.output), np.ascontiguousarray(weight[turn.filter]), turn.axes, groups, flip)
                dx[turn.input] += part
        return
    axes = _settled(axes)
    if depthwise_call.serves(axes, dx.shape[1], dy.shape[1], groups) and prod(tile) == 1:
        depthwise_call.backward_input(dx, dy, weight, bias, axes, flip)
        return
    if serves_few(axes, tile, len(dy)) and serves_rows(len(dy), len(weight) // groups):
        _backward_input_few(dx, dy, weight, axes, groups, tile)
        return
    if prod(tile) == 1 and _reads_forward(axes, len(dy)):
        taps = [axis.taps for axis in axes]
        forward(dx, dy, exchanged(weight, groups, [np.arange(prod(taps)).reshape(taps)]), bias, reversed_axes(axes), groups, not flip)
        return
    if prod(tile) == 1 and remainders_pay(axes, dx.shape[:2], dy.shape[1], groups):
        _backward_by_remainder(dx, dy, weight, bias, axes, groups, flip)
        return
    narrow = _narrow(len(dy), axes, tile)
    m = 0 if prod(tile) > 1 else _winograd_tile(reversed_axes(axes), dy.shape[1], dx.shape[1], groups, len(dy))
    if m:
        winograd_call.forward(dx, dy, weight, bias, reversed_axes(axes), groups, not flip, m, exchanged=True)
        return

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(weight.shape[-1 - len(axes):])
        gradient = stage.load(0, dy.shape[1:])
        stage.cut()
        result = stage.new(dx.shape[1:])
        if prod(tile) > 1:
            append_tiled_backward_input(stage.program, result, gradient, axes, groups, tile, 0, PARTS)
        else:
            append_convolution_backward_input(stage.program, result, gradient, axes, groups, tile, flip, 0, None if bias is None else 0,
                                              bias_in_memory=True)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("convolution backward input", axes, groups, tile, flip, dx.shape[1], dy.shape[1], bias is not None)
    call(key, build, len(dy), [dy, dx], weight=weight, bias=bias, whole=prod(tile) > 1, narrow=narrow)


class Turn(NamedTuple):
    """The positions that share one filter of a tile: the convolution they make, and where everything lies in the whole."""

    axes: Axes
    filter: tuple[slice | int, ...]
    input: tuple[slice, ...]
    output: tuple[slice, ...]


def _goes_by_turns(axes: Axes, tile: tuple[int, ...], images: int) -> bool:
    """Whether a tiled convolution is better computed filter by filter: for few images, whose lanes are columns, if each has work enough."""
    uses = prod(axis.out // each for axis, each in zip(axes, tile, strict=True))
    return images < LANES and prod(tile) > 1 and uses >= LANES and _padding_fits(axes)


def _fills_lanes(columns: int, images: int) -> bool:
    """Whether lanes are better columns than images: 64 images of 1024 planes 7x7 take 8.9 ms, not 6.4; of 32 planes 112x112, 24, not 52."""
    return images < LANES or 2 * columns >= LANES


def _turns(axes: Axes, tile: tuple[int, ...]) -> Iterator[Turn]:
    """One for each filter of the tile."""
    for place in product(*(range(each) for each in tile)):
        blocks = [positions_of_turn(axis, each, first) for axis, each, first in zip(axes, tile, place, strict=True)]
        all_of = (slice(None), slice(None))
        yield Turn(tuple(block.axis for block in blocks), (slice(None), *place), (*all_of, *(block.input for block in blocks)),
                   (*all_of, *(block.output for block in blocks)))


def _taken(array: np.ndarray, where: tuple[slice, ...]) -> np.ndarray:
    return np.ascontiguousarray(array[where])


@lru_cache(REMEMBERED)
def _reads_forward(axes: Axes, images: int) -> bool:
    """Whether the input gradient is better computed as a convolution of dy: with stride 1, for few images or large filters."""
    reads = prod(axis.taps * min(axis.size, 2 * axis.extent + 1) for axis in axes)
    return (all(axis.stride == 1 and 0 <= axis.before < axis.extent for axis in axes) and (images < LANES or reads > MANY_READS)
            and _padding_fits(reversed_axes(axes)))


def _backward_by_remainder(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int,
                           flip: bool) -> None:
    """dx as convolutions of dy with stride 1, one for all remainders that have equally many taps along each axis."""
    channels, all_of = dx.shape[1] // groups, (slice(None), slice(None))
    every = dx.reshape(len(dx), groups, channels, *dx.shape[2:])
    if not all(map(reads_everything, axes)):
        dx[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
    for some in combinations(axes, flip):
        sets = len(some.taps)
        filters = exchanged(weight, groups, some.taps)
        biases = None if bias is None else np.repeat(bias.reshape(groups, 1, channels), sets, axis=1).ravel()
        gradient = _taken(dy, (*all_of, *some.input))
        part = np.empty((len(dx), len(filters), *(axis.out for axis in some.axes)), dx.dtype)
        for n in range(len(dx)):
            forward(part[n:n + 1], gradient[n:n + 1], filters, biases, some.axes, groups, True)
        parts = part.reshape(len(dx), groups, sets, channels, *part.shape[2:])
        for n, (source, target) in enumerate(zip(some.sources, some.targets, strict=True)):
            every[(*all_of, slice(None), *target)] = parts[:, :, n][(*all_of, slice(None), *source)]


def _winograd_tile(axes: Axes, channels: int, filters: int, groups: int, images: int) -> int:
    """Output pixels of Winograd's tiles along an axis where that way is the faster one; else 0."""
    if images < LANES and not _padding_fits(axes):
        return 0
    return winograd_call.choose_for_call(axes, channels, filters, groups, images).tile


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int, flip: bool,
                    tiles: tuple[int, ...] | None = None) -> None:
    """dweight (K, *tile, C/G, *taps) from dy (N, K, *out) and x (N, C, *in)."""
    tile = tiles or (1,) * len(axes)
    n = long_axis([axis.out for axis in axes], tile)
    if n is not None:
        dweight[...] = 0
        for block in output_blocks(axes[n], tile[n]):
            if not block.axis.size:
                continue
            part = np.empty_like(dweight)
            backward_weight(part, _cut(dy, n, block.output), _cut(x, n, block.input), _with(axes, n, block.axis), groups, flip, tiles)
            dweight += part
        return
    axes = _settled(axes)
    if depthwise_call.serves(axes, x.shape[1], dy.shape[1], groups) and prod(tile) == 1 and _fills_lanes(axes[-1].out, len(dy)):
        depthwise_call.backward_weight(dweight, dy, x, axes, flip)
        return
    if serves_few(axes, tile, len(dy)):
        _backward_few(dweight, dy, x, axes, groups, tile)
        return
    narrow = _narrow(len(dy), axes, tile)

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(dweight.shape[-1 - len(axes):])
        gradient = stage.load(0, dy.shape[1:])
        value = stage.load(1, x.shape[1:], _halo(axes, x.shape[1]))
        stage.cut()
        append_convolution_backward_weight(stage.program, 0, gradient, value, axes, groups, tile, flip, PARTS, stage.cut)
        stage.cut()

    call(("convolution backward weight", axes, groups, tile, flip, x.shape[1], dy.shape[1]), build, len(dy), [dy, x], gradient=dweight,
         whole=prod(tile) > 1, narrow=narrow)


def _forward_few(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int,
                 tile: tuple[int, ...]) -> None:
    """y of few images where each filter serves few positions: the time is that of reading the weights."""
    biases = 0 if bias is None else bias.size // len(weight)

    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(y.shape[1:]) * prod(weight.shape[-1 - len(axes):])
        append_call_forward(stage.program, EXTRA + 1, y.shape[1], EXTRA, x.shape[1], biases, axes, groups, tile, len(x), PARTS)
        stage.cut()

    call(("unshared forward", axes, groups, tile, x.shape[1], y.shape[1], biases, len(x)), build, len(x), [x, y], weight=weight, bias=bias,
         whole=True)


def _backward_input_few(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int, tile: tuple[int, ...]) -> None:
    """dx of few images where each filter serves few positions: again the time of reading the weights."""
    def build(stage: Stage) -> None:
        stage.multiply_adds = prod(dy.shape[1:]) * prod(weight.shape[-1 - len(axes):])
        append_call_backward_input(stage.program, EXTRA + 1, dx.shape[1], EXTRA, dy.shape[1], axes, groups, tile, len(dy), PARTS, stage.cut)

    call(("unshared backward input", axes, groups, tile, dx.shape[1], dy.shape[1], len(dy)), build, len(dy), [dy, dx], weight=weight,
         whole=True)


def _backward_few(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int, tile: tuple[int, ...]) -> None:
    """dweight where each filter serves few positions: written once for every WHOLE_SHARD images, straight to where it belongs."""
    if not len(dy):
        dweight[...] = 0
    for n in range(0, len(dy), WHOLE_SHARD):
        def build(stage: Stage, add: bool = n > 0) -> None:
            stage.multiply_adds = prod(dy.shape[1:]) * prod(dweight.shape[-1 - len(axes):])
            gradient = stage.load(0, dy.shape[1:])
            stage.cut()
            append_call_backward_weight(stage.program, EXTRA + 2, gradient, EXTRA + 1, x.shape[1], axes, groups, tile, add, PARTS)
            stage.cut()

        some = slice(n, n + WHOLE_SHARD)
        call(("unshared backward weight", axes, groups, tile, x.shape[1], dy.shape[1], n > 0), build, len(dy[some]),
             [dy[some], x[some], dweight], whole=True)


def transposed_forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int) -> None:
    """y (N, K, *large) from x (N, C, *small) and weight (C, K/G, *taps): the input gradient of the convolution from y to x."""
    backward_input(y, x, weight, axes, groups, False, bias=bias)


def transposed_backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int) -> None:
    """dx (N, C, *small): that convolution itself."""
    forward(dx, dy, weight, None, axes, groups, False)


def transposed_backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int) -> None:
    """dweight (C, K/G, *taps): that convolution's, with x and dy in each other's place."""
    backward_weight(dweight, x, dy, axes, groups, False)


def _with(axes: Axes, n: int, axis: Axis) -> Axes:
    return (*axes[:n], axis, *axes[n + 1:])


def _place(n: int, where: slice) -> tuple[slice, ...]:
    """An index into (N, C, *space) that cuts spatial axis `n`."""
    return (slice(None),) * (n + 2) + (where,)


def _cut(array: np.ndarray, n: int, where: slice) -> np.ndarray:
    return np.ascontiguousarray(array[_place(n, where)])
