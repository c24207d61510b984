"""Normalization over channels and over batches by textbook loops."""

from __future__ import annotations

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Pass, lines
from minicnn.kernels import textbook as loops


def norm_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    s, y = at.node.layer, np.empty_like(x)
    loops.local_response_norm_forward(lines(y), lines(x), s.size, s.k, s.alpha, s.beta)
    return y, None


def norm_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    s, dx = at.node.layer, np.empty_like(dy)
    loops.local_response_norm_backward(lines(dx), lines(dy), lines(inputs[0]), s.size, s.k, s.alpha, s.beta)
    return [dx], {}


def batch_norm_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    p, y = at.parameters, np.empty_like(x)
    mean, variance = np.empty_like(p["running_mean"]), np.empty_like(p["running_var"])
    if at.training:
        loops.batch_norm_training_forward(lines(y), mean, variance, lines(x), p["weight"], p["bias"], at.node.layer.eps)
    else:
        loops.batch_norm_inference_forward(
            lines(y), lines(x), p["running_mean"], p["running_var"], p["weight"], p["bias"], at.node.layer.eps
        )
    return y, (mean, variance)


def batch_norm_backward(
    at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: tuple[np.ndarray, np.ndarray]
) -> tuple[list[np.ndarray], Arrays]:
    (x,), p = inputs, at.parameters
    dx, gradients = np.empty_like(x), {name: np.empty_like(p[name]) for name in ("weight", "bias")}
    loops.batch_norm_training_backward(
        lines(dx), gradients["weight"], gradients["bias"], lines(dy), lines(x), *kept, p["weight"], at.node.layer.eps
    )
    return [dx], gradients
