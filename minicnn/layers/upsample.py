"""Upsampling: a map of another size, without parameters.

    nearest:  y[n,c,p,q] = x[n, c, floor(p*H/P), floor(q*W/Q)]
    linear:   y[n,c,p,q] is interpolated at ((p + 1/2)*H/P - 1/2, (q + 1/2)*W/Q - 1/2), positions outside moved to the edge
    linear, align_corners:  at (p*(H - 1)/(P - 1), q*(W - 1)/(Q - 1))

Linear is bilinear on images and trilinear on volumes.  Pixels are little squares; with `align_corners` they are points, and the corners of
both maps are the same point.  Both as PyTorch's align_corners.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import Any

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import Reads, per_axis, shape_text
from minicnn.layers.base import Layer, Loops, Shape
from minicnn.layers.setting import PerAxis, any_map, flag, setting_text

MODES = ("nearest", "linear")


@dataclass(frozen=True, repr=False)
class Upsample(Layer):
    """Make every axis `scale` times as long, or bring it to `size`; no parameters.

    scale : int or one per axis
    size : the spatial shape of the output instead, int or one per axis; it may be smaller than the input's
    mode : "nearest" or "linear"
    align_corners : for "linear", whether the corners' centres are matched, instead of their edges
    """

    stem = "up"

    scale: PerAxis | None = None
    _: KW_ONLY
    size: PerAxis | None = None
    mode: str = "nearest"
    align_corners: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.scale is None) == (self.size is None):
            given = "neither" if self.scale is None else "both"
            raise SettingError(
                f"{self.where()} needs its scale or its size, but gets {given}\n  use Upsample(2) or Upsample(size=(14, 14))"
            )
        for name in ("scale", "size"):
            if (value := getattr(self, name)) is not None:
                axes = len(value) if isinstance(value, (tuple, list)) else 1
                each = per_axis(self.where(), name, value, axes)
                self.store(**{name: each if axes > 1 else each[0]})
        if self.mode not in MODES:
            raise SettingError(f"{self.where()}: mode {self.mode!r} is not one of {', '.join(MODES)}{suggestion(self.mode, MODES)}")
        if flag(self.where(), "align_corners", self.align_corners) and self.mode != "linear":
            raise SettingError(f"{self.where()}: align_corners is for mode 'linear', but mode is {self.mode!r}")
        if self.scale is None or self.align_corners:
            self.store(field_varies=True)  # of this one: by a whole number, without the corners, every output sees as much

    def scales(self, inputs: tuple[Shape, ...]) -> tuple[Fraction, ...]:
        """How many times as long every axis becomes."""
        (output,) = self.output_shapes(self.where(), inputs)
        return tuple(Fraction(out, size) for out, size in zip(output[1:], inputs[0][1:], strict=True))

    def loops(self) -> Loops:
        name = f"upsample_{self.mode}{{n}}d"
        return Loops(f"{name}_forward", (f"{name}_backward",))

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return {"align_corners": self.align_corners}

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels, *sizes = shape = any_map(where, inputs)
        given = self.size if self.scale is None else self.scale
        if isinstance(given, tuple) and len(given) != len(sizes):
            does = "gives" if self.scale is None else "scales"
            raise ShapeError(f"{where} {does} {len(given)} axes, but gets {shape_text(shape)}: channels and {len(sizes)}")
        if self.scale is None:
            return ((channels, *per_axis(where, "size", self.size, len(sizes))),)
        return ((channels, *(size * scale for size, scale in zip(sizes, per_axis(where, "scale", self.scale, len(sizes)), strict=True))),)

    def reads(self, inputs: tuple[Shape, ...]) -> tuple[Reads, ...]:
        """The nearest pixel, or the two that the position ((2*p + 1) - scale) / (2*scale) lies between."""
        found = []
        for scale in map(int, self.scales(inputs)):
            places = [2 * p + 1 - scale if self.mode == "linear" else 2 * scale * (p // scale) for p in range(scale)]
            found.append(Reads(1, tuple(tuple({place // (2 * scale): 1, -(-place // (2 * scale)): 1}) for place in places)))
        return tuple(found)

    def brief(self) -> tuple[str, ...]:
        how = f"to {setting_text(self.size)}" if self.scale is None else f"scale {setting_text(self.scale)}"
        return (how, self.mode, *["align corners"] * self.align_corners)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        if self.scale is None:
            return ""
        scales = per_axis(self.where(), "scale", self.scale, len(inputs[0]) - 1)
        steps = [f"{size}*{scale} = {size * scale}" for size, scale in zip(inputs[0][1:], scales, strict=True)]
        return ", ".join(dict.fromkeys(steps))
