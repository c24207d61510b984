"""Local response normalization on a user's float32 arrays, where they lie: a lane is a pixel."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.normalization.local_response import (
    BLOCK,
    Response,
    local_response_norm_array_backward,
    local_response_norm_array_forward,
)
from minicnn.kernels.cpu.program.call import PARTS, Stage, call
from minicnn.kernels.cpu.program.program import Place
from minicnn.kernels.machine_code.compile import StepKernel


def forward(y: np.ndarray, x: np.ndarray, size: int, k: float, alpha: float, beta: float) -> None:
    """y (N, C, L) from x (N, C, L)."""
    _run(local_response_norm_array_forward, (size, k, alpha, beta), y, x)


def backward(dx: np.ndarray, dy: np.ndarray, x: np.ndarray, size: int, k: float, alpha: float, beta: float) -> None:
    """dx (N, C, L) from dy and x (N, C, L)."""
    _run(local_response_norm_array_backward, (size, k, alpha, beta), dx, dy, x)


def _run(kernel: StepKernel, settings: tuple[int, float, float, float], result: np.ndarray, *given: np.ndarray) -> None:
    images, channels, pixels = result.shape
    if not result.size:
        return
    if pixels < LANES:  # a plane of less than a vector
        wide = [np.zeros((images, channels, LANES), np.float32) for _ in (result, *given)]
        for array, each in zip(wide[1:], given, strict=True):
            array[..., :pixels] = each
        _run(kernel, settings, *wide)
        result[...] = wide[0][..., :pixels]
        return

    def build(stage: Stage) -> None:
        how = Response(channels, pixels, *settings)
        if kernel is local_response_norm_array_forward:
            stage.program.step(kernel, how=how)
        else:
            scratch = stage.program.buffer(2 * channels * BLOCK * (PARTS if stage.split else 1))
            stage.program.step(kernel, how=how, scratch=Place(scratch))
        stage.cut()

    call((kernel.name, channels, pixels, settings), build, images, [result, *given])
