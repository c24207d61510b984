"""Group normalization: the channels of one image are brought to mean 0 and variance 1 in groups, then to a mean and a scale that are learnt.

    y[n,c,p,q] = weight[c] * (x[n,c,p,q] - mean[n,g]) / sqrt(variance[n,g] + eps) + bias[c]
    where  g = c // (C / groups)

Mean and variance are those of the group's channels and positions in one image, in training as in use: no other image of the batch, and no
running statistic, has a part in it.

Wu, He, "Group Normalization", 2018, equations 1 to 7.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import divisors_text, number, one_input


class Grouped(Layer, registered=False):
    """Normalization within one image; parameters weight (C,) of ones and bias (C,) of zeros."""

    stem = "norm"
    quiet = True
    kind_of_work = "normalization"
    inferred = "channels"
    forward = "group_norm_forward"
    backward = ("group_norm_backward_input", "group_norm_backward_weight", "group_norm_backward_bias")
    keeps = ("normalized",)

    eps: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(eps=number(self.where(), "eps", self.eps, least=0, above=True))

    @abstractmethod
    def group_count(self, channels: int) -> int:
        """Into how many groups so many channels are split."""

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return {"groups": self.group_count(inputs[0][0]), "eps": self.eps}

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (one_input(where, inputs),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        channels = inputs[0][:1]
        return ParameterSpec("weight", channels, fan_in=1, init="ones"), ParameterSpec("bias", channels, fan_in=1, init="zeros")

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        return Cost(f"2 * {inputs[0][0]}")


@dataclass(frozen=True, repr=False)
class GroupNorm(Grouped):
    """Of maps (C, *space), or of flat features (C,).

    groups : into so many groups the channels are split
    eps : keeps the root away from 0 where a group is constant
    """

    groups: int
    _: KW_ONLY
    eps: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(groups=whole_number(self.where(), "groups", self.groups, least=1))

    def group_count(self, channels: int) -> int:
        return self.groups

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels = one_input(where, inputs)[0]
        if channels % self.groups:
            raise ShapeError(
                f"{where} splits its input into {self.groups} groups, but gets {channels} channels"
                f"\n  use {divisors_text(channels)} groups, or a multiple of {self.groups} channels"
            )
        return inputs

    def brief(self) -> tuple[str, ...]:
        return (f"{self.groups} groups",)
