"""Layers that are less or more than one loop: moves without one, many inputs, statistics, maps of a user's own."""

from __future__ import annotations

import numpy as np

from minicnn import layers as L
from minicnn.engine.loops import trainable
from minicnn.engine.textbook.operation import Arrays, Pass, call, define, run_backward, run_forward
from minicnn.kernels import textbook
from minicnn.kernels.index_table import three
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


def variant_call(at: Pass, part: str, arrays: Arrays) -> None:
    """A loop that asks the map: on three axes, signals and images have one pixel along those that they lack."""
    own, loop = at.layer.convolution(at.node.input_shapes[0]), getattr(textbook, f"variant_{part}")
    wide = {name: array if array.ndim == 1 else array.reshape(len(array), *three(array.shape[1:])) for name, array in arrays.items()}
    function = loop if at.layer.compiled else getattr(loop, "py_func", loop)
    call(at, function, wide, index_map=own.index_map, taps=three(own.taps))


def variant_forward(at: Pass) -> np.ndarray:
    y = np.empty((len(at.x), *at.node.output_shapes[0]), at.x.dtype)
    variant_call(at, "forward", {"y": y, "x": at.x, "weight": at.parameters["weight"].reshape(-1)})
    return y


def variant_backward(at: Pass, dy: np.ndarray) -> Gradients:
    weight = at.parameters["weight"]
    dx, gradients = np.empty_like(at.x), {name: np.empty_like(at.parameters[name]) for name in trainable(at.node)}
    variant_call(at, "backward_input", {"dx": dx, "dy": dy, "weight": weight.reshape(-1)})
    if "weight" in gradients:
        flat = {"dweight": gradients["weight"].reshape(-1), "dy": dy.reshape(len(dy), -1), "x": at.x.reshape(len(dy), -1)}
        uses = at.layer.convolution(at.node.input_shapes[0]).uses
        call(at, "variant_backward_weight", flat, outputs=uses.output, inputs=uses.input, first=uses.first)
    if "bias" in gradients:
        call(at, f"conv{dy.ndim - 2}d_backward_bias", {"dbias": gradients["bias"], "dy": dy})
    return [dx], gradients


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
