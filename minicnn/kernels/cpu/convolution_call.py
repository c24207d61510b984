"""Convolution of any kind on a user's float32 arrays: ordinary, tiled and unshared, all three passes."""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.cpu.assembly.convolution import (
    append_convolution_backward_input,
    append_convolution_backward_weight,
    append_convolution_forward,
)
from minicnn.kernels.cpu.call import Stage, call
from minicnn.kernels.cpu.tiles import TILE_TAPS

Axes = tuple[Axis, ...]


def _halo(axes: Axes, channels: int) -> list[tuple[int, int]]:
    """A halo pays where channels alone cannot fill the taps of a tile of the weight gradient; else borders are left out."""
    if channels >= TILE_TAPS or max(max(axis.before, axis.after) for axis in axes) > max(axis.taps for axis in axes):
        return []
    return [(axis.before, axis.after) for axis in axes]


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, axes: Axes, groups: int, flip: bool,
            tiles: tuple[int, ...] | None = None) -> None:
    """y (N, K, *out) from x (N, C, *in), weight (K, *tile, C/G, *taps) and bias (K, *tile)."""
    tile = tiles or (1,) * len(axes)

    def build(stage: Stage) -> None:
        value = stage.load(0, x.shape[1:], _halo(axes, x.shape[1]))
        stage.cut()
        result = stage.new(y.shape[1:])
        append_convolution_forward(stage.program, result, value, axes, groups, tile, flip, 0, None if bias is None else 0,
                                   bias_in_memory=True)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    key = ("convolution", axes, groups, tile, flip, x.shape[1], y.shape[1], bias is not None)
    call(key, build, len(x), [x, y], weight=weight, bias=bias, whole=prod(tile) > 1)


def backward_input(dx: np.ndarray, dy: np.ndarray, weight: np.ndarray, axes: Axes, groups: int, flip: bool,
                   tiles: tuple[int, ...] | None = None) -> None:
    """dx (N, C, *in) from dy (N, K, *out)."""
    tile = tiles or (1,) * len(axes)

    def build(stage: Stage) -> None:
        gradient = stage.load(0, dy.shape[1:])
        stage.cut()
        result = stage.new(dx.shape[1:])
        append_convolution_backward_input(stage.program, result, gradient, axes, groups, tile, flip, 0)
        stage.cut()
        stage.store(1, result)
        stage.cut()

    call(("convolution backward input", axes, groups, tile, flip, dx.shape[1], dy.shape[1]), build, len(dy), [dy, dx], weight=weight,
         whole=prod(tile) > 1)


def backward_weight(dweight: np.ndarray, dy: np.ndarray, x: np.ndarray, axes: Axes, groups: int, flip: bool,
                    tiles: tuple[int, ...] | None = None) -> None:
    """dweight (K, *tile, C/G, *taps) from dy (N, K, *out) and x (N, C, *in)."""
    tile = tiles or (1,) * len(axes)

    def build(stage: Stage) -> None:
        gradient = stage.load(0, dy.shape[1:])
        value = stage.load(1, x.shape[1:], _halo(axes, x.shape[1]))
        stage.cut()
        append_convolution_backward_weight(stage.program, 0, gradient, value, axes, groups, tile, flip)
        stage.cut()

    call(("convolution backward weight", axes, groups, tile, flip, x.shape[1], dy.shape[1]), build, len(dy), [dy, x], gradient=dweight,
         whole=prod(tile) > 1)
