"""From the loop of the lecture to the tile on a CUDA device, a step at a time, on one layer: what each idea brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import engine
from minicnn.bench.layer_set import Trial
from minicnn.bench.rung import Rung
from minicnn.kernels import textbook
from minicnn.kernels.cpu.convolution.problem import FORWARD, Problem
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.convolution.lowering import append_convolution
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Handle, Now, contiguous_strides, strided
from minicnn.kernels.cuda.runtime import on

TOGETHER = 4  # images of one load


def rungs(trial: Trial, device: str) -> list[Rung]:
    """The ladder for one layer; calls queue the work and return y (N, K, P, Q) on the device."""
    case, x, _, _ = trial
    weight: Any = trial.weight
    axes, layer, images = case.axes, case.layer, len(x)
    row = -(-images // TOGETHER) * TOGETHER
    y_shape = (images, *case.output_shape)
    numbers = [value for axis_values in zip(*((a.stride, a.before, a.dilation) for a in axes), strict=True) for value in axis_values]
    names = ("stride_h", "stride_w", "pad_h", "pad_w", "dilation_h", "dilation_w")
    settings = {**dict(zip(names, numbers, strict=True)), "groups": layer.groups, "flip": layer.flip}

    def innermost(shape: tuple[int, ...]) -> tuple[Handle, Handle]:
        """New memory (C, H, W, row), flat, and its view (N, C, H, W)."""
        flat = memory.zeros((int(np.prod(shape[1:])) * row,), np.float32)
        *outer, one = contiguous_strides((*shape[1:], row))
        return flat, strided(flat, shape, (one, *outer))

    def first(x: Handle, y: Handle, single: bool) -> Callable[[], Any]:
        def call() -> Any:
            append_loop(launches, textbook.conv2d_forward, {"y": y, "x": x, "weight": w, "bias": bias, **settings}, single=single)
            return y

        return call

    with on(engine.found_device(device).number):
        launches = Now()
        own_x, w, bias = (memory.to_device(each) for each in (x, weight, np.zeros(y_shape[1], np.float32)))
        y = memory.empty(y_shape, np.float32)
        x_lanes, x_view = innermost(x.shape)
        lanes = np.zeros((*x.shape[1:], row), np.float32)
        lanes[..., :images] = np.moveaxis(x, 0, -1)
        memory.copy_to_device(lanes.ravel(), x_lanes)
        _, y_view = innermost(y_shape)
        tile_lanes, tile_view = innermost(y_shape)
    problem = Problem(FORWARD, axes, layer.groups, (1, 1), layer.flip, x.shape[1], y_shape[1])

    def tile() -> Any:
        append_convolution(launches, problem, images, row, tile_lanes, x_lanes, w.reshape(w.size))
        return tile_view

    return [
        Rung("textbook loop", "a thread for each output, neighbours along a row; sums in float64", first(own_x, y, single=False)),
        Rung("sums in float32", "a device computes few float64 at a time", first(own_x, y, single=True)),
        Rung("images innermost", "neighbouring threads read neighbouring images", first(x_view, y_view, single=True)),
        Rung("register tile", "64 sums a thread, every number loaded serves 8 of them", tile),
    ]
