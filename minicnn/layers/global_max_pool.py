"""Global max pooling: every channel becomes its largest number.  Oquab, Bottou, Laptev, Sivic, "Is object localization for free?", 2015."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import any_map


@dataclass(frozen=True, repr=False)
class GlobalMaxPool(Layer):
    """(C, *space) -> (C,); of equal numbers the first in scan order has the gradient."""

    stem = "pool"
    forward = "global_max_pool_forward"
    backward = "global_max_pool_backward"
    keeps = ("indices",)
    colour = "#dcefd2"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (any_map(where, inputs)[:1],)
