"""Layers that are less or more than one loop: moves without one, many inputs, statistics, maps of a user's own."""

from __future__ import annotations

import numpy as np

from minicnn import layers as L
from minicnn.engine.textbook.operation import Arrays, Pass, call, define, run_backward, run_forward
from minicnn.layers.batch_norm import BatchNorm

Gradients = tuple[list[np.ndarray], Arrays]


def reshape_forward(at: Pass) -> np.ndarray:
    """The same numbers in the same order: there is nothing to compute."""
    return at.x.reshape(len(at.x), *at.node.output_shapes[0])


def reshape_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return [dy.reshape(at.x.shape)], {}


def join_forward(at: Pass) -> np.ndarray:
    """Two inputs by the layer's loop, each further one joined to what the ones before it have become."""
    y = at.x
    for n, x in enumerate(at.inputs[1:]):
        at.kept[f"joined{n}"] = y
        (shape,) = at.layer.output_shapes(at.node.name, (y.shape[1:], x.shape[1:]))
        joined = np.empty((len(x), *shape), x.dtype)
        call(at, at.layer.forward, {"y": joined, "x1": y, "x2": x})
        y = joined
    return y


def join_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dxs: list[np.ndarray] = []
    for n in reversed(range(len(at.inputs) - 1)):
        parts = {"dx1": np.empty_like(at.kept[f"joined{n}"]), "dx2": np.empty_like(at.inputs[n + 1])}
        for loop in at.layer.loops().backward:
            call(at, loop, {**parts, "dy": dy})
        dxs.insert(0, parts["dx2"])
        dy = parts["dx1"]
    return [dy, *dxs], {}


def dropout_forward(at: Pass) -> np.ndarray:
    """In training only."""
    return run_forward(at) if at.training else at.x


def dropout_backward(at: Pass, dy: np.ndarray) -> Gradients:
    return run_backward(at, dy) if at.training else ([dy], {})


def variant_forward(at: Pass) -> np.ndarray:
    """By the loops that ask the map, in float64."""
    own = at.layer.convolution(at.node.input_shapes[0])
    return own.forward(at.x, at.parameters["weight"], at.parameters.get("bias"))


def variant_backward(at: Pass, dy: np.ndarray) -> Gradients:
    own = at.layer.convolution(at.node.input_shapes[0])
    bias = {"bias": dy.sum(axis=(0, *range(2, dy.ndim)))} if "bias" in at.parameters else {}
    return [own.backward_input(dy, at.parameters["weight"])], {"weight": own.backward_weight(dy, at.x), **bias}


def norm_arrays(at: Pass) -> Arrays:
    return {"gamma": at.parameters["weight"], "beta": at.parameters["bias"]}


def batch_norm_forward(at: Pass) -> np.ndarray:
    y, statistics = np.empty_like(at.x), {"mean": at.parameters["running_mean"], "variance": at.parameters["running_var"]}
    by_batch = at.training and not at.node.frozen
    if by_batch:
        statistics = at.kept = {name: np.empty_like(values) for name, values in statistics.items()}
    mode = "training" if by_batch else "inference"
    call(at, f"batch_norm_{mode}_forward", {"y": y, **norm_arrays(at), **statistics}, epsilon=at.layer.eps)
    return y


def batch_norm_backward(at: Pass, dy: np.ndarray) -> Gradients:
    dx, gradients = np.empty_like(at.x), {name: np.empty_like(at.parameters[name]) for name in ("weight", "bias")}
    written = {"dx": dx, "dgamma": gradients["weight"], "dbeta": gradients["bias"]}
    by_batch = at.training and not at.node.frozen
    running = {} if by_batch else {"mean": at.parameters["running_mean"], "variance": at.parameters["running_var"]}
    mode = "training" if by_batch else "inference"
    call(at, f"batch_norm_{mode}_backward", {**written, "dy": dy, **norm_arrays(at), **running}, epsilon=at.layer.eps)
    return [dx], gradients


define(L.Flatten, reshape_forward, reshape_backward)
define(L.Reshape, reshape_forward, reshape_backward)
define(L.AddInputs, join_forward, join_backward)
define(L.ConcatChannels, join_forward, join_backward)
define(L.Dropout, dropout_forward, dropout_backward)
define(BatchNorm, batch_norm_forward, batch_norm_backward)
define(L.Variant, variant_forward, variant_backward)
