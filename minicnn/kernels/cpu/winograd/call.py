"""Winograd's convolution on a user's float32 arrays."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.choice import DIRECT, Choice, choose
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.call import PARTS, Stage, call
from minicnn.kernels.cpu.winograd.few_images_lowering import append_winograd_few, choose_few
from minicnn.kernels.cpu.winograd.lowering import FILTER_PARTS, append_winograd, append_winograd_filters

FEWEST_CHANNELS = 32  # of a group, and filters; sums of fewer are rounded better by the direct way, and small anyway


def choose_for_call(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, images: int) -> Choice:
    """How a call on so many images goes; the cycles are those of one vector of images, or of one image where there are few."""
    vectors = -(-images // LANES)
    choice = (
        choose(axes, channels, filters, groups, LANES, vectors) if images >= LANES else choose_few(axes, channels, filters, groups, images)
    )
    few = min(channels, filters) // groups < FEWEST_CHANNELS
    return choice._replace(name=DIRECT) if few else choice


def forward(
    y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    axes: tuple[Axis, ...],
    groups: int,
    flip: bool,
    m: int,
    exchanged: bool = False,
) -> None:
    """y (N, K, P, Q) from x (N, C, H, W), weight (K, C/G, 3, 3) and bias (K,), in tiles of m x m pixels.

    exchanged : the weight is (C, K/G, 3, 3), for a convolution that leads back
    """
    channels, filters = x.shape[1], y.shape[1]

    def build(stage: Stage) -> None:
        stage.multiply_adds = y[0].size * (channels // groups) * prod(weight.shape[2:])  # Winograd's are fewer, but not as fast
        with stage.once(FILTER_PARTS):
            transformed = append_winograd_filters(
                stage.program, stage.common, 0, channels // groups, filters // groups, groups, m, flip, exchanged
            )
        if few:
            append_winograd_few(
                stage.program,
                stage.outside(1, y.shape[1:]),
                stage.outside(0, x.shape[1:]),
                axes,
                groups,
                transformed,
                None if bias is None else 0,
                bias_in_memory=True,
            )
            return
        value = stage.load(0, x.shape[1:])
        stage.cut()
        result = stage.new(y.shape[1:])
        append_winograd(
            stage.program,
            result,
            value,
            axes,
            groups,
            transformed,
            None if bias is None else 0,
            bias_in_memory=True,
            parts=PARTS if stage.split else 1,
        )
        stage.cut()
        stage.store(1, result)
        stage.cut()

    few = len(x) < LANES
    key = ("winograd", axes, groups, flip, channels, filters, bias is not None, m, exchanged)
    call(key, build, len(x), [x, y], weight=weight, bias=bias, single=few)
