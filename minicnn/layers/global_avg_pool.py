"""Global average pooling: every channel becomes its mean.  Lin, Chen, Yan, "Network In Network", 2014, section 3.2."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import any_map


@dataclass(frozen=True, repr=False)
class GlobalAvgPool(Layer):
    """(C, *space) -> (C,)."""

    stem = "pool"
    forward = "global_avg_pool_forward"
    backward = "global_avg_pool_backward"
    colour = "#dcefd2"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (any_map(where, inputs)[:1],)
