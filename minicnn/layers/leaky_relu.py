"""Leaky rectifier: y = x if x > 0 else slope*x.

Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise
from minicnn.layers.setting import number


@dataclass(frozen=True, repr=False)
class LeakyReLU(Pointwise):
    """y = x where x > 0, else slope*x."""

    stem = "relu"
    forward = "leaky_relu_forward"
    backward = "leaky_relu_backward"

    slope: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(slope=number(self.where(), "slope", self.slope, least=0))

    def brief(self) -> tuple[str, ...]:
        return (f"slope {self.slope:g}",)
