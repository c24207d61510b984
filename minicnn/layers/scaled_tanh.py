"""The squashing function of LeNet-5: y = amplitude * tanh(slope * x).

With 1.7159 and 2/3 it maps 1 to 1 and -1 to -1, where its curvature is largest.
LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, equation 6 and appendix A.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise
from minicnn.layers.setting import number


@dataclass(frozen=True, repr=False)
class ScaledTanh(Pointwise):
    """y = amplitude * tanh(slope * x); no parameters."""

    stem = "tanh"
    forward = "scaled_tanh_forward"
    backward = "scaled_tanh_backward"

    amplitude: float = 1.7159
    slope: float = 2 / 3

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            amplitude=number(where, "amplitude", self.amplitude, least=0, above=True),
            slope=number(where, "slope", self.slope, least=0, above=True),
        )

    def brief(self) -> tuple[str, ...]:
        return (f"{self.amplitude:g} tanh({self.slope:.4g} x)",)
