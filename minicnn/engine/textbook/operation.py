"""What an operation of a textbook run is, and what operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minicnn.graph import Node
from minicnn.kernels import textbook as loops

Arrays = dict[str, np.ndarray]


class Pass(NamedTuple):
    """What a node's loops are given beside its inputs."""

    node: Node
    parameters: Arrays  # the node's own, by short name
    training: bool
    key: int

    def new(self, n: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.empty((n, *shape), dtype)


class Operation(NamedTuple):
    """forward(pass, inputs) -> (output, kept); backward(pass, dy, inputs, output, kept) -> (input gradients, parameter gradients)."""

    forward: Callable[..., tuple[np.ndarray, Any]]
    backward: Callable[..., tuple[list[np.ndarray], Arrays]]


def window_settings(node: Node) -> tuple[int, ...]:
    """Stride, padding before, dilation of a window, each for all axes."""
    axes = node.layer.axes(node.input_shapes) or ()
    return (*(axis.stride for axis in axes), *(axis.before for axis in axes), *(axis.dilation for axis in axes))


def loop(node: Node, name: str) -> Callable[..., None]:
    return getattr(loops, name.replace("#", str(len(node.input_shapes[0]) - 1)))


def taps(node: Node) -> tuple[int, ...]:
    return tuple(axis.taps for axis in node.layer.axes(node.input_shapes) or ())


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def lines(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, C, L); flat features as channels of one position."""
    return x.reshape(*x.shape[:2], -1)
