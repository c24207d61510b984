"""A fully connected layer: every output sees every input.

    y[n,k] = bias[k] + sum over f of x[n,f] * weight[k,f]
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text, whole_number
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import flag, one_input


@dataclass(frozen=True, repr=False)
class Linear(Layer):
    """`features` outputs; the number of inputs follows from the input."""

    kernel = "linear"
    stem = "fc"

    features: int
    bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(features=whole_number(self.where(), "features", self.features, least=1), bias=flag(self.where(), "bias", self.bias))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = one_input(where, inputs)
        if len(shape) != 1:
            raise ShapeError(f"{where} needs a flat input, but gets {shape_text(shape)}\n  put Flatten() before it")
        return ((self.features,),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        (inward,) = inputs[0]
        weight = ParameterSpec("weight", (self.features, inward), fan_in=inward)
        return (weight, ParameterSpec("bias", (self.features,), fan_in=inward, init="zeros")) if self.bias else (weight,)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        (inward,) = inputs[0]
        formula = f"({inward} + 1) * {self.features}" if self.bias else f"{inward} * {self.features}"
        return Cost(formula, macs=inward * self.features, connections=(inward + self.bias) * self.features)

    def brief(self) -> tuple[str, ...]:
        return (f"{self.features} features",)
