"""Pooling and upsampling as steps, for the values of a network and for a user's planes in lanes alike."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pooling import subsampling
from minicnn.kernels.cpu.pooling.reads import Reads, backward, of_average, of_resizing, of_windows, three_axes
from minicnn.kernels.cpu.pooling.separable import Even, largest_value_step, resample_step
from minicnn.kernels.cpu.pooling.two_by_two import Sizes, max_pool_2x2_step_backward, max_pool_2x2_step_forward
from minicnn.kernels.cpu.pooling.windows import (
    Axes,
    AxisTable,
    Channels,
    gradient_of_largest_step,
    largest_step,
)
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, Program, padded
from minicnn.kernels.machine_code.compile import StepKernel


def channels_of(x: Activation) -> Channels:
    """The channels of a value without a halo."""
    return Channels(x.map.channels, x.map.plane, x.map.shard)


def step_axes(program: Program, reads: Sequence[Reads], shard: int, plane: Sequence[int] = (), first: Sequence[int] = (0, 0, 0)) -> Axes:
    """Three axes as steps take them; their numbers are weights or, with `plane`, positions.

    plane : sizes of the plane in which positions count
    first : the pixel of it where the sources begin
    """
    axes = []
    for n, axis in enumerate(reads):
        pitch, own_pitch = prod([each.size for each in reads[n + 1 :]]) * shard, prod(plane[n + 1 :])
        numbers = (axis.firsts + first[n]) * own_pitch if plane else axis.weights.view(np.int64)
        bounds, firsts = program.constant(axis.bounds), program.constant(axis.firsts * pitch)
        axes.append(AxisTable(axis.targets, bounds, firsts, axis.step * pitch, program.constant(numbers), axis.step * own_pitch))
    return Axes(*axes)


def append_separable(
    program: Program,
    kernel: StepKernel,
    y: Activation,
    x: Activation,
    reads: Sequence[Reads],
    parts: int,
    rectify: bool = False,
) -> None:
    """One of the steps of `separable.py`, of which so many parts may run at once.

    A row is written by whole vectors: each part's ends where the last of them may, or it would spoil the next part's.
    """
    even, in_place = even_columns(reads[2], x.map.shard), reads[0].trivial and reads[1].trivial
    size = padded(max(1, reads[2].size) * x.map.shard + (3 if even.stride == 2 else 1) * LANES - 1)
    program.step(
        kernel,
        y=y.place,
        x=x.place,
        scratch=Place(program.buffer(size * parts)),
        scratch_size=size,
        in_place=in_place and even.stride < 2,  # two vectors at a time would be read beyond the end
        rectify=rectify,
        even=even,
        channels=channels_of(x),
        axes=step_axes(program, reads, x.map.shard),
    )


def even_columns(reads: Reads, shard: int) -> Even:
    """Columns over which lanes run where images fill none."""
    first, stop, stride = reads.even if shard < LANES else (0, 0, 0)
    return Even(first, stop, stride) if stride == 1 or (stride == 2 and shard == 1) else Even(0, 0, 0)


def _is_two_by_two(axes: tuple[Axis, ...]) -> bool:
    """Whether windows of 2 x 2 lie side by side in the input."""
    return len(axes) == 2 and all(
        (axis.taps, axis.stride, axis.dilation, axis.before) == (2, 2, 1, 0) and axis.out == axis.size // 2 for axis in axes
    )


def append_max_pool_forward(
    program: Program, y: Activation, winners: Activation | None, x: Activation, axes: tuple[Axis, ...], rectify: bool = False
) -> None:
    """Largest of each window and, if anybody wants to know, where it lies; with `rectify` the relu of it."""
    if winners is None:
        reads = three_axes([of_windows("MaxPool", axis) for axis in axes])
        append_separable(program, largest_value_step, y, x, reads, max(1, program.step_parts), rectify)
        return
    places = {"y": y.place, "x": x.place, "winners": winners.place, "rectify": rectify}
    if _is_two_by_two(axes):
        program.step(max_pool_2x2_step_forward, **places, channels=x.map.channels, sizes=Sizes(x.map.shard, *y.map.sizes, *x.map.sizes))
    else:
        reads = three_axes([of_windows("MaxPool", axis) for axis in axes])
        tables = step_axes(program, reads, x.map.shard, [axis.size for axis in reads])
        program.step(largest_step, **places, channels=channels_of(x), axes=tables)


def append_max_pool_backward(program: Program, dx: Activation, dy: Activation, winners: Activation, axes: tuple[Axis, ...]) -> None:
    """dx gets each window's gradient where its winner was."""
    if _is_two_by_two(axes):
        sizes = Sizes(dx.map.shard, *dy.map.sizes, *dx.map.sizes)
        program.step(max_pool_2x2_step_backward, dx=dx.place, dy=dy.place, winners=winners.place, channels=dx.map.channels, sizes=sizes)
    else:
        reads = three_axes([backward(of_windows("MaxPool", axis)) for axis in axes])
        tables = step_axes(program, reads, dy.map.shard)
        program.step(gradient_of_largest_step, y=dx.place, x=dy.place, winners=winners.place, channels=channels_of(dy), axes=tables)


def append_average_pool_forward(program: Program, y: Activation, x: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """Mean of each window."""
    reads = three_axes([of_average("AvgPool", axis, count_padding) for axis in axes])
    append_separable(program, resample_step, y, x, reads, max(1, program.step_parts))


def append_average_pool_backward(program: Program, dx: Activation, dy: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """dx gets each window's gradient in equal shares."""
    reads = three_axes([backward(of_average("AvgPool", axis, count_padding)) for axis in axes])
    append_separable(program, resample_step, dx, dy, reads, max(1, program.step_parts))


def append_upsample_forward(program: Program, y: Activation, x: Activation, mode: str, align_corners: bool) -> None:
    """y is x in another size."""
    reads = three_axes(of_resizing("Upsample", mode, align_corners, x.map.sizes, y.map.sizes))
    append_separable(program, resample_step, y, x, reads, max(1, program.step_parts))


def append_upsample_backward(program: Program, dx: Activation, dy: Activation, mode: str, align_corners: bool) -> None:
    """dx gathers what each pixel gave."""
    reads = three_axes([backward(each) for each in of_resizing("Upsample", mode, align_corners, dx.map.sizes, dy.map.sizes)])
    append_separable(program, resample_step, dx, dy, reads, max(1, program.step_parts))


def append_scale_channels(program: Program, y: Activation, x: Activation, factors: int, factor: float, biases: int | None = None) -> None:
    """y[c] = parameters[factors + c] * factor * x[c] + parameters[biases + c]; y may be x."""
    program.step(
        subsampling.scale_channels_step,
        y=y.place,
        x=x.place,
        channels=x.map.channels,
        plane=x.map.plane,
        factors=factors,
        factor=factor,
        biases=biases or 0,
        with_bias=biases is not None,
    )


def append_factor_gradient(program: Program, dfactors: int, dy: Activation, x: Activation, factor: float) -> None:
    """dfactors[c] (in the slot) = factor * sum of dy[c] * x[c]."""
    program.step(
        subsampling.factor_gradient_step,
        dfactor=dfactors,
        dy=dy.place,
        x=x.place,
        channels=x.map.channels,
        plane=x.map.plane,
        factor=factor,
    )
