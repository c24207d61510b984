"""Radial basis functions: how far the input is from the centre of each class.

    y[n,k] = -(sum over f of (x[n,f] - weight[k,f])^2)

The distance comes with a minus, so that the nearest class has the largest output, as softmax and everything after it expects.

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, equation 7: there the centres are
-1 and +1, set by hand as pictures of the characters of 7 x 12 pixels, and stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import whole_number
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import one_row

INK, PAPER = "#", "."


@dataclass(frozen=True, repr=False)
class RBF(Layer):
    """Distances to fixed centres; no parameters, one buffer: weight (K, F) of -1 and +1.

    classes : outputs
    centres : one word of # (+1) and . (-1) for every class, a sign for every feature; None draws them, the same every time
    """

    stem = "rbf"
    forward = "rbf_forward"
    backward = "rbf_backward"

    classes: int
    centres: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(classes=whole_number(where, "classes", self.classes, least=1))
        if self.centres is None:
            return
        if not isinstance(self.centres, (tuple, list)) or not all(isinstance(word, str) for word in self.centres):
            raise SettingError(f"{where}: centres is {self.centres!r}, but must be words of {INK} and {PAPER}, or None")
        self.store(centres=tuple(self.centres))
        if len(self.centres) != self.classes:
            raise SettingError(f"{where}: there are {len(self.centres)} centres for {self.classes} classes")
        if len({len(word) for word in self.centres}) != 1 or set("".join(self.centres)) - {INK, PAPER} or not self.centres[0]:
            raise SettingError(f"{where}: centres must be words of {INK} and {PAPER} of one length")

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        inward = one_row(where, inputs)
        if self.centres is not None and len(self.centres[0]) != inward:
            raise ShapeError(f"{where} has centres of {len(self.centres[0])} features, but gets {inward}")
        return ((self.classes,),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        (inward,) = inputs[0]
        return (ParameterSpec("weight", (self.classes, inward), fan_in=inward, init="given", trainable=False),)

    def given(self, name: str, shape: Shape) -> Sequence[float]:
        if self.centres is not None:
            return [1.0 if sign == INK else -1.0 for word in self.centres for sign in word]
        from minicnn.random import generator

        return (2 * generator(0, "rbf", *shape).integers(2, size=shape[0] * shape[1]) - 1).tolist()

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        return Cost(connections=inputs[0][0] * self.classes)

    def brief(self) -> tuple[str, ...]:
        return (f"{self.classes} centres",)
