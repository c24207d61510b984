"""Winograd's convolution on a user's float32 arrays."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.assembly.winograd import FILTER_PARTS, append_winograd, append_winograd_filters
from minicnn.kernels.cpu.call import PARTS, Stage, call
from minicnn.kernels.cpu.program import SLICES


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: tuple[Axis, ...], groups: int, flip: bool,
            m: int, exchanged: bool = False) -> None:
    """y (N, K, P, Q) from x (N, C, H, W), weight (K, C/G, 3, 3) and bias (K,), in tiles of m x m pixels.

    exchanged : the weight is (C, K/G, 3, 3), for a convolution that leads back
    """
    channels, filters = x.shape[1], y.shape[1]

    def build(stage: Stage) -> None:
        stage.multiply_adds = y[0].size * (channels // groups) * prod(weight.shape[2:])   # Winograd's are fewer, but not as fast
        transformed = append_winograd_filters(stage.program, stage.common, 0, channels // groups, filters // groups, groups, m, flip,
                                              exchanged)
        stage.program.close_phase(SLICES, FILTER_PARTS)
        value = stage.load(0, x.shape[1:])
        stage.cut()
        result = stage.new(y.shape[1:])
        append_winograd(stage.program, result, value, axes, groups, m, transformed, None if bias is None else 0, bias_in_memory=True,
                        parts=PARTS if stage.split else 1)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("winograd", axes, groups, flip, channels, filters, bias is not None, m, exchanged)
    call(key, build, len(x), [x, y], weight=weight, bias=bias)
