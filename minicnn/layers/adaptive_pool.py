"""What the adaptive pooling layers share: an output of a given size, whatever the size of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from minicnn.geometry import per_axis
from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import PerAxis, axis_setting, by, one_map


@dataclass(frozen=True, repr=False)
class AdaptivePool(Layer, registered=False):
    """Every channel is cut into `output_size` regions along each axis, each of which becomes one number."""

    stem = "pool"
    colour = "#dcefd2"
    field_varies = True
    axis_count: ClassVar[int]

    output_size: PerAxis

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(output_size=axis_setting(self.where(), "output_size", self.output_size, self.axis_count))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels = one_map(where, inputs, self.axis_count)[0]
        return ((channels, *per_axis(where, "output_size", self.output_size, self.axis_count)),)

    def brief(self) -> tuple[str, ...]:
        return (f"to {by(self.output_size, self.axis_count)}",)
