"""Pooling, sub-sampling and upsampling by textbook loops."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Pass, loop, taps, window_settings
from minicnn.graph import Node


def max_pool_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    indices = np.empty(y.shape, np.int64)
    loop(at.node, "max_pool#d_forward")(y, indices, x, *taps(at.node), *window_settings(at.node))
    return y, indices


def max_pool_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, indices: np.ndarray
) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(inputs[0])
    loop(at.node, "max_pool#d_backward")(dx, dy, indices)
    return [dx], {}


def average_arguments(node: Node) -> tuple[Any, ...]:
    axes = node.layer.axes(node.input_shapes) or ()
    return (
        *(a.taps for a in axes),
        *(a.stride for a in axes),
        *(a.before for a in axes),
        *(a.after for a in axes),
        node.layer.count_padding,
    )


def average_pool_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loop(at.node, "avg_pool#d_forward")(y, x, *average_arguments(at.node))
    return y, None


def average_pool_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(inputs[0])
    loop(at.node, "avg_pool#d_backward")(dx, dy, *average_arguments(at.node))
    return [dx], {}


def global_average_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x.mean(axis=tuple(range(2, x.ndim))), None


def global_average_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
) -> tuple[list[np.ndarray], Arrays]:
    (x,) = inputs
    share = dy / prod(x.shape[2:])
    return [np.broadcast_to(share.reshape(*share.shape, *(1,) * (x.ndim - 2)), x.shape).copy()], {}


def channel(values: np.ndarray, axes: int) -> np.ndarray:
    """One number a channel, to be multiplied with (N, C, *space)."""
    return values.reshape(-1, *(1,) * axes)


def subsample_arguments(node: Node) -> tuple[Any, ...]:
    axes = node.layer.axes(node.input_shapes)
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(0 for _ in axes), *(0 for _ in axes), True)


def subsample_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sums = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loop(at.node, "avg_pool#d_forward")(sums, x, *subsample_arguments(at.node))
    sums *= prod(taps(at.node))
    weight, bias = (channel(at.parameters[name], x.ndim - 2) for name in ("weight", "bias"))
    return weight * sums + bias, sums


def subsample_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, sums: np.ndarray
) -> tuple[list[np.ndarray], Arrays]:
    dx, places = np.empty_like(inputs[0]), (0, *range(2, dy.ndim))
    spread = dy * channel(at.parameters["weight"], dy.ndim - 2) * prod(taps(at.node))
    loop(at.node, "avg_pool#d_backward")(dx, spread, *subsample_arguments(at.node))
    return [dx], {"weight": (dy * sums).sum(axis=places), "bias": dy.sum(axis=places)}


def upsample(at: Pass, name: str) -> tuple[Callable[..., None], tuple[int, ...]]:
    return loop(at.node, f"upsample_{at.node.layer.mode}#d_{name}"), at.node.layer.scales(at.node.input_shapes)


def upsample_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loop, scales = upsample(at, "forward")
    loop(y, x, *scales)
    return y, None


def upsample_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(inputs[0])
    loop, scales = upsample(at, "backward")
    loop(dx, dy, *scales)
    return [dx], {}
