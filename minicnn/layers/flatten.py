"""Flatten: a map (C, *space) becomes C * rows * columns features, channels first."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from minicnn.geometry import shape_text
from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import one_input


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """(C, *space) -> (F,); feature (c*H + h)*W + w is pixel (c, h, w)."""

    stem = "flatten"
    quiet = True
    only_moves = True

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return ((prod(one_input(where, inputs)),),)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        return f"{shape_text(inputs[0])} = {prod(inputs[0])}" if len(inputs[0]) > 1 else ""
