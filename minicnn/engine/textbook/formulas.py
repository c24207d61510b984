"""Layers that are not one textbook loop: where values meet, part or move, and sums of several loops."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn import layers as L
from minicnn.engine.textbook.operation import Arrays, Pass, call, define
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.subsample import Subsample

Gradients = tuple[list[np.ndarray], Arrays]


def reshape_forward(at: Pass) -> np.ndarray:
    return at.x.reshape(len(at.x), *at.node.output_shapes[0])


def reshape_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return [dy.reshape(at.x.shape)], {}


def add_forward(at: Pass) -> np.ndarray:
    y = at.x.copy()
    for x in at.inputs[1:]:
        y += x
    return y


def add_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return [dy.copy() for _ in at.inputs], {}


def concat_forward(at: Pass) -> np.ndarray:
    return np.concatenate(at.inputs, axis=1)


def concat_backward(at: Pass, dy: np.ndarray) -> Gradients:
    ends = np.cumsum([x.shape[1] for x in at.inputs])[:-1]
    return [np.ascontiguousarray(part) for part in np.split(dy, ends, axis=1)], {}


def gate_forward(at: Pass) -> np.ndarray:
    h, t, x = at.inputs
    return t * h + (1 - t) * x


def gate_backward(at: Pass, dy: np.ndarray) -> Gradients:
    h, t, x = at.inputs
    return [dy * t, dy * (h - x), dy * (1 - t)], {}


def places(at: Pass) -> tuple[slice, ...]:
    """Which pixels of x come through: every stride-th, or the middle."""
    pairs = list(zip(at.x.shape[2:], at.node.output_shapes[0][1:], strict=True))
    axes = at.layer.axes(at.node.input_shapes)
    if axes is not None:
        return slice(None), slice(None), *(slice(None, None, axis.stride) for axis in axes)
    return slice(None), slice(None), *(slice((size - out) // 2, (size - out) // 2 + out) for size, out in pairs)


def picked_forward(at: Pass) -> np.ndarray:
    """Some pixels, and channels of zeros behind them; a second input only says how large."""
    y = np.zeros((len(at.x), *at.node.output_shapes[0]), at.x.dtype)
    y[:, : at.x.shape[1]] = at.x[places(at)]
    return y


def picked_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dxs = [np.zeros_like(x) for x in at.inputs]
    dxs[0][places(at)] = dy[:, : at.x.shape[1]]
    return dxs, {}


def dropout_forward(at: Pass) -> np.ndarray:
    if not at.training:
        return at.x
    y = np.empty_like(at.x)
    call(at, "dropout_forward", {"y": y}, key=at.key, first_image=0)
    return y


def dropout_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dx = np.empty_like(dy)
    call(at, "dropout_backward", {"dx": dx, "dy": dy}, key=at.key, first_image=0)
    return [dx], {}


def survival(at: Pass) -> Any:
    return at.x.dtype.type(float(at.key < at.layer.survival * 2**32) if at.training else at.layer.survival)


def stochastic_depth_forward(at: Pass) -> np.ndarray:
    return at.x * survival(at)


def stochastic_depth_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return [dy * survival(at)], {}


def scaled_tanh_forward(at: Pass) -> np.ndarray:
    at.kept["y"] = at.layer.amplitude * np.tanh(at.layer.slope * at.x)
    return at.kept["y"]


def scaled_tanh_backward(at: Pass, dy: np.ndarray) -> Gradients:
    s, y = at.layer, at.kept["y"]
    return [dy * s.slope * (s.amplitude - y * y / s.amplitude)], {}


def variant_forward(at: Pass) -> np.ndarray:
    """By the loops that ask the map, in float64."""
    own = at.layer.convolution(at.node.input_shapes[0])
    return own.forward(at.x, at.parameters["weight"], at.parameters.get("bias"))


def variant_backward(at: Pass, dy: np.ndarray) -> Gradients:
    own = at.layer.convolution(at.node.input_shapes[0])
    bias = {"bias": dy.sum(axis=(0, *range(2, dy.ndim)))} if "bias" in at.parameters else {}
    return [own.backward_input(dy, at.parameters["weight"])], {"weight": own.backward_weight(dy, at.x), **bias}


def rbf_forward(at: Pass) -> np.ndarray:
    return -((at.x[:, None] - at.parameters["weight"]) ** 2).sum(axis=2)


def rbf_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return [2 * (dy[:, :, None] * (at.parameters["weight"] - at.x[:, None])).sum(axis=1)], {}


def channel(at: Pass, name: str) -> np.ndarray:
    """One number a channel, to be multiplied with (N, C, *space)."""
    return at.parameters[name].reshape(-1, *(1,) * (at.x.ndim - 2))


def tap_count(at: Pass) -> int:
    return prod(axis.taps for axis in at.layer.axes(at.node.input_shapes))


def subsample_forward(at: Pass) -> np.ndarray:
    sums = at.kept["sums"] = np.empty((len(at.x), *at.node.output_shapes[0]), at.x.dtype)
    call(at, "avg_pool{n}d_forward", {"y": sums}, count_padding=True)
    sums *= tap_count(at)
    return channel(at, "weight") * sums + channel(at, "bias")


def subsample_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dx, over = np.empty_like(at.x), (0, *range(2, dy.ndim))
    call(at, "avg_pool{n}d_backward", {"dx": dx, "dy": dy * channel(at, "weight") * tap_count(at)}, count_padding=True)
    return [dx], {"weight": (dy * at.kept["sums"]).sum(axis=over), "bias": dy.sum(axis=over)}


def links(at: Pass) -> tuple[np.ndarray, np.ndarray]:
    """Filter and map of every link of a connection table."""
    table = at.layer.table
    return np.array([k for k, row in enumerate(table) for _ in row]), np.array([maps for row in table for maps in row])


def full_weight(at: Pass) -> np.ndarray:
    """A connection table's weights as those of an ordinary convolution, 0 where there is no link."""
    weight = at.parameters["weight"]
    full = np.zeros((at.layer.filters, at.x.shape[1], *weight.shape[1:]), weight.dtype)
    full[links(at)] = weight
    return full


def table_conv_forward(at: Pass) -> np.ndarray:
    y = np.empty((len(at.x), *at.node.output_shapes[0]), at.x.dtype)
    call(at, "conv2d_forward", {"y": y, "weight": full_weight(at)}, groups=1, flip=False)
    return y


def table_conv_backward(at: Pass, dy: np.ndarray) -> Gradients:
    weight = full_weight(at)
    arrays = {"dx": np.empty_like(at.x), "dweight": np.empty_like(weight), "dy": dy, "weight": weight}
    for operand in ("input", "weight"):
        call(at, f"conv2d_backward_{operand}", arrays, groups=1, flip=False)
    gradients = {"weight": np.ascontiguousarray(arrays["dweight"][links(at)])}
    if "bias" in at.parameters:
        gradients["bias"] = dy.sum(axis=(0, 2, 3))
    return [arrays["dx"]], gradients


def norm_arrays(at: Pass) -> Arrays:
    return {"gamma": at.parameters["weight"], "beta": at.parameters["bias"]}


def batch_norm_forward(at: Pass) -> np.ndarray:
    y, statistics = np.empty_like(at.x), {"mean": at.parameters["running_mean"], "variance": at.parameters["running_var"]}
    if at.training:
        statistics = at.kept = {name: np.empty_like(values) for name, values in statistics.items()}
    mode = "training" if at.training else "inference"
    call(at, f"batch_norm_{mode}_forward", {"y": y, **norm_arrays(at), **statistics}, epsilon=at.layer.eps)
    return y


def batch_norm_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dx, gradients = np.empty_like(at.x), {name: np.empty_like(at.parameters[name]) for name in ("weight", "bias")}
    written = {"dx": dx, "dgamma": gradients["weight"], "dbeta": gradients["bias"]}
    call(at, "batch_norm_training_backward", {**written, "dy": dy, **norm_arrays(at)}, epsilon=at.layer.eps)
    return [dx], gradients


define(L.Flatten, reshape_forward, reshape_backward)
define(L.Reshape, reshape_forward, reshape_backward)
define(L.AddInputs, add_forward, add_backward)
define(L.ConcatChannels, concat_forward, concat_backward)
define(L.GateInputs, gate_forward, gate_backward)
define(L.Crop, picked_forward, picked_backward)
define(L.PadShortcut, picked_forward, picked_backward)
define(L.Dropout, dropout_forward, dropout_backward)
define(L.StochasticDepth, stochastic_depth_forward, stochastic_depth_backward)
define(L.ScaledTanh, scaled_tanh_forward, scaled_tanh_backward)
define(L.RBF, rbf_forward, rbf_backward)
define(Subsample, subsample_forward, subsample_backward)
define(L.TableConv2D, table_conv_forward, table_conv_backward)
define(BatchNorm, batch_norm_forward, batch_norm_backward)
define(L.Variant, variant_forward, variant_backward)
