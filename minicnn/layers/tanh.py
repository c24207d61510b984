"""Hyperbolic tangent: y = (e^x - e^-x) / (e^x + e^-x), between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise


@dataclass(frozen=True, repr=False)
class Tanh(Pointwise):
    """y = tanh(x)."""

    stem = "tanh"
    forward = "tanh_forward"
    backward = "tanh_backward"
