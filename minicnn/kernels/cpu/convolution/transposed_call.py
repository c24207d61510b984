"""Transposed convolution on a user's float32 arrays: each pass is one of the convolution that leads the other way."""

from __future__ import annotations

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution import call as convolution_call

Axes = tuple[Axis, ...]


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int) -> None:
    """y (N, K, *large) from x (N, C, *small) and weight (C, K/G, *taps): the input gradient of the convolution from y to x."""
    convolution_call.backward_input(y, x, weight, axes, groups, False, bias=bias)


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int) -> None:
    """dx (N, C, *small): that convolution itself."""
    convolution_call.forward(dx, dy, weight, None, axes, groups, False)


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int) -> None:
    """dweight (C, K/G, *taps): that convolution's, with x and dy in each other's place."""
    convolution_call.backward_weight(dweight, x, dy, axes, groups, False)
