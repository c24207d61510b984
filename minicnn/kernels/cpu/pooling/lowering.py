"""Pooling and upsampling as steps, for the values of a network and for a user's planes in lanes alike."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.pooling import resampling, windows
from minicnn.kernels.cpu.pooling.reads import Reads, backward, of_average, of_copies, of_neighbours, of_windows, three_axes
from minicnn.kernels.cpu.pooling.two_by_two import max_pool_2x2_step_backward, max_pool_2x2_step_forward
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Argument, Place, Program
from minicnn.kernels.machine_code.compile import StepKernel


def axis_tables(
    program: Program, reads: Sequence[Reads], shard: int, plane: Sequence[int] = (), first: Sequence[int] = (0, 0, 0)
) -> list[int]:
    """The fields of three axes as `windows.AxisTable` has them: numbers are weights, or positions.

    plane : sizes of the plane in which positions count, from its pixel `first`
    """
    result: list[int] = []
    for n, axis in enumerate(reads):
        pitch = prod([each.size for each in reads[n + 1 :]]) * shard
        result += [axis.targets, program.constant(axis.bounds), program.constant(axis.firsts * pitch), axis.step * pitch]
        if plane:
            pitch = prod(plane[n + 1 :])
            result += [program.constant((axis.firsts + first[n]) * pitch), axis.step * pitch]
        else:
            result += [program.constant(axis.weights.view(np.int64)), 0]
    return result


def append_windows(
    program: Program, kernel: StepKernel, y: Activation, x: Activation, tables: Sequence[int], beside: Argument = 0, rectify: bool = False
) -> None:
    """One of the walks of `windows.py`."""
    program.step(kernel, y.place, x.place, beside, rectify, x.map.channels, x.map.plane, x.map.shard, *tables)


def append_resample(program: Program, y: Activation, x: Activation, reads: Sequence[Reads], parts: int) -> None:
    """Weighted sums, `parts` of which may run at once."""
    three = three_axes(reads)
    in_place = all(axis.trivial for axis in three[:2])
    size = max(1, three[2].size) * x.map.shard
    row = Place(program.buffer(size * parts))
    program.step(
        resampling.resample_step,
        y.place,
        x.place,
        row,
        in_place,
        x.map.channels,
        x.map.plane,
        x.map.shard,
        *axis_tables(program, three, x.map.shard),
        size,
    )


def _is_two_by_two(axes: tuple[Axis, ...]) -> bool:
    """Whether windows of 2 x 2 lie side by side in the input."""
    return len(axes) == 2 and all(
        (axis.taps, axis.stride, axis.dilation, axis.before) == (2, 2, 1, 0) and axis.out == axis.size // 2 for axis in axes
    )


def append_max_pool_forward(
    program: Program, y: Activation, winners: Activation, x: Activation, axes: tuple[Axis, ...], rectify: bool = False
) -> None:
    """Largest of each window and where it lies; with `rectify` the relu of it."""
    if _is_two_by_two(axes):
        program.step(
            max_pool_2x2_step_forward, y.place, winners.place, x.place, x.map.channels, x.map.shard, *y.map.sizes, *x.map.sizes, rectify
        )
    else:
        reads = three_axes([of_windows("MaxPool", axis) for axis in axes])
        tables = axis_tables(program, reads, x.map.shard, [axis.size for axis in reads])
        append_windows(program, windows.largest_step, y, x, tables, winners.place, rectify)


def append_max_pool_backward(program: Program, dx: Activation, dy: Activation, winners: Activation, axes: tuple[Axis, ...]) -> None:
    """dx gets each window's gradient where its winner was."""
    if _is_two_by_two(axes):
        program.step(
            max_pool_2x2_step_backward, dx.place, dy.place, winners.place, dx.map.channels, dx.map.shard, *dy.map.sizes, *dx.map.sizes
        )
    else:
        reads = three_axes([backward(of_windows("MaxPool", axis)) for axis in axes])
        append_windows(program, windows.gradient_of_largest_step, dx, dy, axis_tables(program, reads, dy.map.shard), winners.place)


def append_average_pool_forward(program: Program, y: Activation, x: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """Mean of each window."""
    reads = three_axes([of_average("AvgPool", axis, count_padding) for axis in axes])
    append_windows(program, windows.mean_step, y, x, axis_tables(program, reads, x.map.shard))


def append_average_pool_backward(program: Program, dx: Activation, dy: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """dx gets each window's gradient in equal shares."""
    reads = three_axes([backward(of_average("AvgPool", axis, count_padding)) for axis in axes])
    append_windows(program, windows.weighted_sum_step, dx, dy, axis_tables(program, reads, dy.map.shard))


def _enlargement(mode: str, sizes: Sequence[int], scales: Sequence[int]) -> list[Reads]:
    of = of_copies if mode == "nearest" else of_neighbours
    return [of("Upsample", size, scale) for size, scale in zip(sizes, scales, strict=True)]


def append_upsample_forward(program: Program, y: Activation, x: Activation, scales: Sequence[int], mode: str) -> None:
    """y is x made larger."""
    append_resample(program, y, x, _enlargement(mode, x.map.sizes, scales), max(1, program.step_parts))


def append_upsample_backward(program: Program, dx: Activation, dy: Activation, scales: Sequence[int], mode: str) -> None:
    """dx gathers what each pixel gave."""
    reads = [backward(each) for each in _enlargement(mode, dx.map.sizes, scales)]
    append_resample(program, dx, dy, reads, max(1, program.step_parts))
