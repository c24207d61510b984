"""Depthwise convolution of two axes on a user's float32 arrays: which settings the plane by plane way serves, and its three passes."""

from __future__ import annotations

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.depthwise import TAPS, PlaneSizes, depthwise_backward_weight_step, depthwise_forward_step
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.machine_code.compile import StepKernel

Axes = tuple[Axis, ...]


def serves(axes: Axes, channels: int, filters: int, groups: int) -> bool:
    """Whether this is a 3x3 with stride 1 and one filter a channel."""
    return (
        channels == filters == groups
        and len(axes) == 2
        and all(axis.taps == TAPS and axis.stride == 1 and axis.dilation == 1 for axis in axes)
    )


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, flip: bool) -> None:
    """y (N, C, P, Q) from x (N, C, H, W) and weight (C, 1, 3, 3)."""
    planes = len(x) * x.shape[1]
    fields = {"planes": planes, "channels": x.shape[1], "flip": flip, "with_bias": bias is not None}
    _run(depthwise_forward_step, fields, axes, [y, x], weight, bias)


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, flip: bool) -> None:
    """dx (N, C, H, W) from dy (N, C, P, Q): the same sum with the filter turned, and padding to match."""
    forward(dx, dy, weight, bias, reversed_axes(axes), not flip)


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, flip: bool) -> None:
    """dweight (C, 1, 3, 3) from dy (N, C, P, Q) and x (N, C, H, W)."""
    fields = {"planes": x.shape[1], "channels": x.shape[1], "images": len(x), "flip": flip}
    _run(depthwise_backward_weight_step, fields, axes, [dweight, dy, x])


def _run(
    kernel: StepKernel,
    fields: dict[str, int],
    axes: Axes,
    arrays: list[np.ndarray],
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
) -> None:
    """One step whose parts have some of the planes each."""

    def build(stage: Stage) -> None:
        rows, columns = axes
        sizes = PlaneSizes(rows.out, columns.out, rows.size, columns.size, rows.before, columns.before)
        stage.program.step(kernel, sizes=sizes, **fields)
        stage.cut(min(ARRAY_PARTS, max(1, fields["planes"])))

    call((kernel.name, axes, *fields.values()), build, min(fields["planes"], 1), arrays, weight=weight, bias=bias)
