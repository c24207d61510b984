"""Upsampling: a larger map without parameters.

    nearest:  y[n,c,p,q] = x[n,c,p // scale,q // scale]
    linear:   y[n,c,p,q] is interpolated at ((p + 1/2)/scale - 1/2, (q + 1/2)/scale - 1/2), positions outside moved to the edge

Linear is bilinear on images and trilinear on volumes, pixels taken as little squares (align_corners=False in PyTorch).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import Reads, per_axis, shape_text
from minicnn.layers.base import SPACE, Layer, Loops, Shape
from minicnn.layers.setting import PerAxis, any_map, setting_text

MODES = ("nearest", "linear")


@dataclass(frozen=True, repr=False)
class Upsample(Layer):
    """Make every axis `scale` times as long; no parameters.

    scale : int or one per axis
    mode : "nearest" or "linear"
    """

    stem = "up"

    scale: PerAxis
    _: KW_ONLY
    mode: str = "nearest"

    def __post_init__(self) -> None:
        super().__post_init__()
        axes = len(self.scale) if isinstance(self.scale, (tuple, list)) else 1
        scales = per_axis(self.where(), "scale", self.scale, axes)
        self.store(scale=scales if axes > 1 else scales[0])
        if self.mode not in MODES:
            raise SettingError(f"{self.where()}: mode {self.mode!r} is not one of {', '.join(MODES)}{suggestion(self.mode, MODES)}")

    def scales(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """One for every axis."""
        return per_axis(self.where(), "scale", self.scale, len(inputs[0]) - 1)

    def loops(self) -> Loops:
        name = f"upsample_{self.mode}{{n}}d"
        return Loops(f"{name}_forward", (f"{name}_backward",))

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        scales = self.scales(inputs)
        return {f"scale_{letter}": scale for letter, scale in zip(SPACE[-len(scales) :], scales, strict=True)}

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = any_map(where, inputs)
        if isinstance(self.scale, tuple) and len(self.scale) != len(shape) - 1:
            raise ShapeError(f"{where} scales {len(self.scale)} axes, but gets {shape_text(shape)}: channels and {len(shape) - 1}")
        return ((shape[0], *(size * scale for size, scale in zip(shape[1:], self.scales(inputs), strict=True))),)

    def reads(self, inputs: tuple[Shape, ...]) -> tuple[Reads, ...]:
        """The nearest pixel, or the two that the position ((2*p + 1) - scale) / (2*scale) lies between."""
        found = []
        for scale in self.scales(inputs):
            places = [2 * p + 1 - scale if self.mode == "linear" else 2 * scale * (p // scale) for p in range(scale)]
            found.append(Reads(1, tuple(tuple({place // (2 * scale): 1, -(-place // (2 * scale)): 1}) for place in places)))
        return tuple(found)

    def brief(self) -> tuple[str, ...]:
        return (f"scale {setting_text(self.scale)}", self.mode)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        steps = [f"{size}*{scale} = {size * scale}" for size, scale in zip(inputs[0][1:], self.scales(inputs), strict=True)]
        return ", ".join(dict.fromkeys(steps))
