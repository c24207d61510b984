"""Filters that take turns, of few images: each one's positions together, as a convolution of its own whose lanes run over columns.

A position of filter (a, b) is every T-th, from a and b on; what it gives is carried to its place.  One image, 2 x 2 filters 5x5 of 6 channels
14x14, 16 of each: 31 and 9 microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.axes import with_halo
from minicnn.kernels.cpu.convolution.few_images import spread_step
from minicnn.kernels.cpu.convolution.few_images_lowering import Turn, append_arranged, append_few_images_forward, arrangement, three_axes
from minicnn.kernels.cpu.convolution.problem import Axes, Operands, Problem
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.program import Program


def turn_axis(axis: Axis, tile: int, n: int = 0) -> Axis:
    """Along one axis, the convolution with just the n-th position and every `tile`-th after it."""
    stride, out, before = axis.stride * tile, -(-(axis.out - n) // tile), axis.before - n * axis.stride
    return Axis(axis.size, axis.taps, stride, axis.dilation, before, (out - 1) * stride + axis.extent - before - axis.size, out)


def _window_axis(axis: Axis, tile: int) -> Axis:
    """The same for the first position, with the taps of all filters that take turns."""
    turns = min(tile, axis.out)
    return turn_axis(axis, tile)._replace(taps=(turns - 1) * axis.stride + axis.extent, dilation=1)


def turns(axes: Axes, tiles: Sequence[int]) -> Iterator[Axes]:
    """The convolutions of all filters that have a position."""
    for place in product(*(range(min(tile, axis.out)) for axis, tile in zip(axes, tiles, strict=True))):
        yield tuple(turn_axis(*each) for each in zip(axes, tiles, place, strict=True))


def turns_fill_lanes(problem: Problem) -> bool:
    """Whether each filter has positions enough for vectors of columns."""
    return prod(axis.out // tile for axis, tile in zip(problem.axes, problem.tile, strict=True)) >= LANES


def append_turns_forward(program: Program, y: Activation, x: Activation, problem: Problem, operands: Operands) -> None:
    """y = conv(x, weight) + bias, and then relu if `rectify`, of a shard that need fill no vector."""
    axes, tiles = three_axes(with_halo(problem.axes, x.map.halo)), (*(1,) * (3 - len(problem.tile)), *problem.tile)
    window = tuple(_window_axis(axis, tile) for axis, tile in zip(axes, tiles, strict=True))
    arranged = append_arranged(program, x, window, arrangement(window, x.map.shard))
    strides = (*(0,) * (3 - len(problem.tile)), *y.map.strides)
    places = product(*(range(min(tile, axis.out)) for axis, tile in zip(axes, tiles, strict=True)))
    for place, own in zip(places, turns(axes, tiles), strict=True):
        depths, rows, columns = (axis.out for axis in own)
        part = FeatureMap(y.map.channels, (depths, rows, columns), y.map.shard)
        result = Activation(program.buffer(part.size), part)
        plain = problem._replace(axes=own, tile=(1, 1, 1))
        append_few_images_forward(program, result, arranged, plain, operands, Turn(tiles, place, window))
        program.step(
            spread_step,
            y=y.operand,
            first=sum(stride * n for stride, n in zip(strides, place, strict=True)),
            depth_step=strides[0] * tiles[0],
            row_step=strides[1] * tiles[1],
            column_step=strides[2] * tiles[2],
            x=result.place,
            filters=y.map.channels,
            depths=depths,
            rows=rows,
            columns=columns,
            shard=y.map.shard,
        )
