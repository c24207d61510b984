"""A fully connected layer: every output sees every input.

y[n,k] = bias[k] + sum over f of x[n,f] * weight[k,f]
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import flag, number, one_row, start


@dataclass(frozen=True, repr=False)
class Linear(Layer):
    """`features` outputs; the number of inputs follows from the input.

    in_features : the number of inputs, for those who want to be told when it is another
    init : what the weights start from, see `minicnn.initializers`
    bias_start : what the biases start from; a gate that starts nearly closed has -2
    """

    stem = "fc"
    forward = "linear_forward"
    backward = ("linear_backward_input", "linear_backward_weight", "linear_backward_bias")
    colour = "#f9dfc3"
    kind_of_work = "fully connected"
    inferred = "inputs"

    features: int
    _: KW_ONLY
    bias: bool = True
    in_features: int | None = None
    bias_start: float = 0.0
    init: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            features=whole_number(where, "features", self.features, least=1),
            bias=flag(where, "bias", self.bias),
            init=start(where, self.init),
            bias_start=number(where, "bias_start", self.bias_start, least=-math.inf, above=True),
        )
        if self.in_features is not None:
            self.store(in_features=whole_number(where, "in_features", self.in_features, least=1))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        inward = one_row(where, inputs)
        if self.in_features not in (None, inward):
            raise ShapeError(f"{where} was made for {self.in_features} inputs, but gets {inward}")
        return ((self.features,),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        (inward,) = inputs[0]
        weight = ParameterSpec("weight", (self.features, inward), fan_in=inward, init=self.init or "he", fan_out=self.features)
        first = self.bias_start or "zeros"
        return (weight, ParameterSpec("bias", (self.features,), fan_in=inward, init=first)) if self.bias else (weight,)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        (inward,) = inputs[0]
        formula = f"({inward} + 1) * {self.features}" if self.bias else f"{inward} * {self.features}"
        return Cost(formula, macs=inward * self.features, connections=(inward + self.bias) * self.features)

    def brief(self) -> tuple[str, ...]:
        return (f"{self.features} features",)

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        if self.in_features is None or len(inputs) != 1 or len(inputs[0]) != 1:
            return ()
        return (f"in_features {inputs[0][0]}",)
