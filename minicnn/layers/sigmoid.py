"""Logistic sigmoid: y = 1 / (1 + e^-x), between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise


@dataclass(frozen=True, repr=False)
class Sigmoid(Pointwise):
    """y = 1 / (1 + exp(-x))."""

    stem = "sigmoid"
    forward = "sigmoid_forward"
    backward = "sigmoid_backward"
