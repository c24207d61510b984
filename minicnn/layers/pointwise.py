"""Layers that look at one number at a time and keep the shape: activations and dropout."""

from __future__ import annotations

from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import one_input


class Pointwise(Layer):
    """The output has the shape of the input; no parameters."""

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (one_input(where, inputs),)
