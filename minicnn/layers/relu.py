"""Rectified linear unit: y = max(x, 0).  Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", 2010."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise


@dataclass(frozen=True, repr=False)
class ReLU(Pointwise):
    """y = max(x, 0); the gradient at 0 is 0."""

    stem = "relu"
    forward = "relu_forward"
    backward = "relu_backward"
    rectifies = True
