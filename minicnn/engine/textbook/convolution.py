"""Convolution of every kind and the linear layer by textbook loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Pass, loop, window_settings
from minicnn.graph import Node
from minicnn.kernels import textbook as loops


def conv_arguments(node: Node) -> tuple[str, tuple[Any, ...]]:
    layer = node.layer
    if layer.sharing == "shared":
        return "conv#d", (*window_settings(node), layer.groups, layer.flip)
    return "tiled_conv#d", (*window_settings(node), layer.groups)


def conv_weight(at: Pass) -> np.ndarray:
    """The weight as the loops want it: tiled convolution has no flip of its own."""
    weight = at.parameters["weight"]
    layer = at.node.layer
    if layer.flip and layer.sharing != "shared":
        return np.ascontiguousarray(np.flip(weight, axis=tuple(range(-layer.axis_count, 0))))
    return weight


def conv_bias(at: Pass) -> np.ndarray:
    layer, weight = at.node.layer, at.parameters["weight"]
    tiles = layer.tile(at.node.input_shapes)
    shape = (layer.filters,) if layer.sharing == "shared" else (layer.filters, *tiles)
    return at.parameters.get("bias", np.zeros(shape, weight.dtype))


def conv_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    name, settings = conv_arguments(at.node)
    loop(at.node, f"{name}_forward")(y, x, conv_weight(at), conv_bias(at), *settings)
    return y, None


def conv_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, conv_weight(at)
    name, settings = conv_arguments(at.node)
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    loop(at.node, f"{name}_backward_input")(dx, dy, weight, *settings)
    loop(at.node, f"{name}_backward_weight")(dweight, dy, x, *settings)
    if weight is not at.parameters["weight"]:
        dweight = np.ascontiguousarray(np.flip(dweight, axis=tuple(range(-at.node.layer.axis_count, 0))))
    gradients = {"weight": dweight}
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        loop(at.node, f"{name}_backward_bias")(gradients["bias"], dy)
    return [dx], gradients


def linear_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    weight = at.parameters["weight"]
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loops.linear_forward(y, x, weight, at.parameters.get("bias", np.zeros(len(weight), weight.dtype)))
    return y, None


def linear_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, at.parameters["weight"]
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    loops.linear_backward_input(dx, dy, weight)
    loops.linear_backward_weight(dweight, dy, x)
    gradients = {"weight": dweight}
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        loops.linear_backward_bias(gradients["bias"], dy)
    return [dx], gradients


def conv_transpose_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y, weight = at.new(len(x), at.node.output_shapes[0], x.dtype), at.parameters["weight"]
    bias = at.parameters.get("bias", np.zeros(y.shape[1], weight.dtype))
    loop(at.node, "conv_transpose#d_forward")(y, x, weight, bias, *window_settings(at.node), at.node.layer.groups)
    return y, None


def conv_transpose_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, at.parameters["weight"]
    dx, gradients = np.empty_like(x), {"weight": np.empty_like(weight)}
    settings = (*window_settings(at.node), at.node.layer.groups)
    loop(at.node, "conv_transpose#d_backward_input")(dx, dy, weight, *settings)
    loop(at.node, "conv_transpose#d_backward_weight")(gradients["weight"], dy, x, *settings)
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        loop(at.node, "conv_transpose#d_backward_bias")(gradients["bias"], dy)
    return [dx], gradients


def full_weight(at: Pass) -> np.ndarray:
    """A connection table's weights as those of an ordinary convolution, 0 where there is no link."""
    weight, table = at.parameters["weight"], at.node.layer.table
    full = np.zeros((len(table), at.node.input_shapes[0][0], *weight.shape[1:]), weight.dtype)
    full[link_places(table)] = weight
    return full


def link_places(table: tuple[tuple[int, ...], ...]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([k for k, row in enumerate(table) for _ in row]), np.array([maps for row in table for maps in row])


def table_conv_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    bias = at.parameters.get("bias", np.zeros(y.shape[1], x.dtype))
    loops.conv2d_forward(y, x, full_weight(at), bias, *window_settings(at.node), 1, False)
    return y, None


def table_conv_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, full_weight(at)
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    loops.conv2d_backward_input(dx, dy, weight, *window_settings(at.node), 1, False)
    loops.conv2d_backward_weight(dweight, dy, x, *window_settings(at.node), 1, False)
    gradients = {"weight": np.ascontiguousarray(dweight[link_places(at.node.layer.table)])}
    if "bias" in at.parameters:
        gradients["bias"] = dy.sum(axis=(0, 2, 3))
    return [dx], gradients
