"""Pooling across channels on a user's float32 arrays."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pooling.channel import (
    channel_avg_backward_step,
    channel_avg_forward_step,
    channel_l2_backward_step,
    channel_l2_forward_step,
    channel_max_backward_step,
    channel_max_forward_step,
)
from minicnn.kernels.cpu.program.call import Stage, call
from minicnn.kernels.machine_code.compile import StepKernel

FORWARD = {"max": channel_max_forward_step, "avg": channel_avg_forward_step, "l2": channel_l2_forward_step}
BACKWARD = {"max": channel_max_backward_step, "avg": channel_avg_backward_step, "l2": channel_l2_backward_step}


def forward(mode: str, y: np.ndarray, x: np.ndarray, size: int) -> None:
    """y (N, M, L) from x (N, M*size, L)."""
    _run(FORWARD[mode], size, y.shape[1], y, x)


def backward(mode: str, dx: np.ndarray, dy: np.ndarray, x: np.ndarray, size: int) -> None:
    """dx (N, M*size, L) from dy (N, M, L) and x (N, M*size, L)."""
    _run(BACKWARD[mode], size, dy.shape[1], dx, dy, x)


def _run(kernel: StepKernel, size: int, pooled: int, result: np.ndarray, *given: np.ndarray) -> None:
    pixels = result.shape[2]
    if not result.size:
        return
    if pixels < LANES:  # a plane of less than a vector
        wide = [np.zeros((*array.shape[:2], LANES), np.float32) for array in (result, *given)]
        for array, each in zip(wide[1:], given, strict=True):
            array[..., :pixels] = each
        _run(kernel, size, pooled, *wide)
        result[...] = wide[0][..., :pixels]
        return

    def build(stage: Stage) -> None:
        stage.program.step(kernel, pooled=pooled, size=size, plane=pixels)
        stage.cut()

    call((kernel.name, pooled, size, pixels), build, len(result), [result, *given])
