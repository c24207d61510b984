"""Functions of single numbers, dropout and stochastic depth, distances to centres by textbook loops."""

from __future__ import annotations

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Operation, Pass, flat
from minicnn.kernels import textbook as loops


def pointwise(name: str, of_input: bool = False) -> Operation:
    """An activation whose gradient asks for its output, or, `of_input`, for its input; leaky relu has a slope."""
    run_forward, run_backward = getattr(loops, f"{name}_forward"), getattr(loops, f"{name}_backward")

    def extra(at: Pass) -> tuple[float, ...]:
        return (at.node.layer.slope,) if name == "leaky_relu" else ()

    def forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
        y = np.empty_like(x)
        run_forward(y, x, *extra(at))
        return y, None

    def backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
        dx = np.empty_like(dy)
        run_backward(dx, dy, inputs[0] if of_input else y, *extra(at))
        return [dx], {}

    return Operation(forward, backward)


def dropout_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    if not at.training:
        return x, None
    y = np.empty_like(x)
    loops.dropout_forward(flat(y), flat(x), at.key, 0, at.node.layer.rate)
    return y, None


def dropout_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(dy)
    loops.dropout_backward(flat(dx), flat(dy), at.key, 0, at.node.layer.rate)
    return [dx], {}


def survival(at: Pass) -> float:
    return float(at.key < at.node.layer.survival * 2**32) if at.training else at.node.layer.survival


def stochastic_depth_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x * x.dtype.type(survival(at)), None


def stochastic_depth_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
) -> tuple[list[np.ndarray], Arrays]:
    return [dy * dy.dtype.type(survival(at))], {}


def scaled_tanh_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return at.node.layer.amplitude * np.tanh(at.node.layer.slope * x), None


def scaled_tanh_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    s = at.node.layer
    return [dy * s.slope * (s.amplitude - y * y / s.amplitude)], {}


def rbf_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return -((x[:, None] - at.parameters["weight"]) ** 2).sum(axis=2), None


def rbf_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,) = inputs
    return [2 * (dy[:, :, None] * (at.parameters["weight"] - x[:, None])).sum(axis=1)], {}
