"""Pooling as steps."""

from __future__ import annotations

from minicnn.geometry import Axis
from minicnn.kernels.cpu.pooling.pooling import (
    average_pool_step_backward,
    average_pool_step_forward,
    max_pool_step_backward,
    max_pool_step_forward,
    pool_tables,
    sum_winners_step,
    three_strides,
)
from minicnn.kernels.cpu.pooling.two_by_two import max_pool_2x2_step_backward, max_pool_2x2_step_forward
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, Program
from minicnn.kernels.machine_code.compile import StepKernel


def _append(
    program: Program,
    kernel: StepKernel,
    places: tuple[Place, Place, Place],
    y: Activation,
    x: Activation,
    axes: tuple[Axis, ...],
    count_padding: bool,
    flag: bool,
) -> None:
    program.step(
        kernel,
        *places,
        x.map.channels,
        x.map.shard,
        *three_strides(y.map),
        *three_strides(x.map),
        flag,
        0,
        0,
        *pool_tables(program, axes, count_padding),
    )


def _is_two_by_two(axes: tuple[Axis, ...]) -> bool:
    """Whether windows of 2 x 2 lie side by side in the input."""
    return len(axes) == 2 and all(
        (axis.taps, axis.stride, axis.dilation, axis.before) == (2, 2, 1, 0) and axis.out == axis.size // 2 for axis in axes
    )


def append_max_pool_forward(
    program: Program, y: Activation, winners: Activation, x: Activation, axes: tuple[Axis, ...], rectify: bool = False
) -> None:
    """Largest of each window and the number of its tap; with `rectify` the relu of it."""
    if _is_two_by_two(axes):
        program.step(
            max_pool_2x2_step_forward, y.place, winners.place, x.place, x.map.channels, x.map.shard, *y.map.sizes, *x.map.sizes, rectify
        )
    else:
        _append(program, max_pool_step_forward, (y.place, winners.place, x.place), y, x, axes, True, rectify)


def append_max_pool_backward(program: Program, dx: Activation, dy: Activation, winners: Activation, axes: tuple[Axis, ...]) -> None:
    """dx gets each window's gradient where its winner was."""
    if _is_two_by_two(axes):
        program.step(
            max_pool_2x2_step_backward, dx.place, dy.place, winners.place, dx.map.channels, dx.map.shard, *dy.map.sizes, *dx.map.sizes
        )
    else:
        _append(program, max_pool_step_backward, (dx.place, dy.place, winners.place), dy, dx, axes, True, False)


def append_average_pool_forward(program: Program, y: Activation, x: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """Mean of each window."""
    _append(program, average_pool_step_forward, (y.place, y.place, x.place), y, x, axes, count_padding, False)


def append_average_pool_backward(program: Program, dx: Activation, dy: Activation, axes: tuple[Axis, ...], count_padding: bool) -> None:
    """dx gets each window's gradient in equal shares."""
    _append(program, average_pool_step_backward, (dx.place, dy.place, dy.place), dy, dx, axes, count_padding, False)


def append_bias_gradient_of_winners(program: Program, dbias: int, dy: Activation, winners: Activation) -> None:
    """Bias gradient of a convolution whose output goes through rectified pooling only: dy summed where there was a winner."""
    program.step(sum_winners_step, dbias, dy.place, winners.place, dy.map.channels, dy.map.plane)
