"""Where values meet, part or change their shape by textbook loops."""

from __future__ import annotations

import numpy as np

from minicnn.engine.textbook.operation import Arrays, Pass, flat
from minicnn.graph import Node


def flatten_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return flat(x), None


def flatten_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    return [dy.reshape(inputs[0].shape)], {}


def add_forward(at: Pass, *inputs: np.ndarray) -> tuple[np.ndarray, None]:
    y = inputs[0].copy()
    for x in inputs[1:]:
        y += x
    return y, None


def add_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    return [dy.copy() for _ in inputs], {}


def concat_forward(at: Pass, *inputs: np.ndarray) -> tuple[np.ndarray, None]:
    return np.concatenate(inputs, axis=1), None


def concat_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    ends = np.cumsum([x.shape[1] for x in inputs])[:-1]
    return [np.ascontiguousarray(part) for part in np.split(dy, ends, axis=1)], {}


def strided(node: Node) -> tuple[slice, ...]:
    return tuple(slice(None, None, axis.stride) for axis in node.layer.axes(node.input_shapes) or ())


def pad_shortcut_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = np.zeros((len(x), *at.node.output_shapes[0]), x.dtype)
    y[:, : x.shape[1]] = x[(slice(None), slice(None), *strided(at.node))]
    return y, None


def pad_shortcut_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.zeros_like(inputs[0])
    dx[(slice(None), slice(None), *strided(at.node))] = dy[:, : dx.shape[1]]
    return [dx], {}


def centre(node: Node) -> tuple[slice, ...]:
    pairs = zip(node.input_shapes[0][1:], node.output_shapes[0][1:], strict=True)
    return (slice(None), slice(None), *(slice((size - out) // 2, (size - out) // 2 + out) for size, out in pairs))


def crop_forward(at: Pass, x: np.ndarray, *pattern: np.ndarray) -> tuple[np.ndarray, None]:
    """A second input only says how large."""
    return np.ascontiguousarray(x[centre(at.node)]), None


def crop_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.zeros_like(inputs[0])
    dx[centre(at.node)] = dy
    return [dx, *(np.zeros_like(pattern) for pattern in inputs[1:])], {}


def gate_forward(at: Pass, h: np.ndarray, t: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, None]:
    return t * h + (1 - t) * x, None


def gate_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    h, t, x = inputs
    return [dy * t, dy * (h - x), dy * (1 - t)], {}


def reshape_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x.reshape(len(x), *at.node.output_shapes[0]), None
