"""The way around a residual body without parameters: every `stride`-th pixel, and channels of zeros up to the number wanted.

    y[n,k,p,q] = x[n,k,p*stride,q*stride]   for k < C,     0 for the channels after them

He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, section 4.1, shortcut option (A); the zeros stand behind,
as in the authors' code.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from minicnn.errors import ShapeError
from minicnn.geometry import Axis, output_size, size_formula, whole_number
from minicnn.layers.base import SPACE, Layer, Shape
from minicnn.layers.setting import any_map


@dataclass(frozen=True, repr=False)
class PadShortcut(Layer):
    """Subsample by `stride` and pad with zeros to `channels`; no parameters.

    channels : those that come out, at least as many as go in
    stride : pixels from one to the next, the same along every axis
    """

    stem = "shortcut"
    bypass = True
    forward = "slice{n}d_forward"
    backward = "slice{n}d_backward"

    channels: int
    _: KW_ONLY
    stride: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            channels=whole_number(where, "channels", self.channels, least=1), stride=whole_number(where, "stride", self.stride, least=1)
        )

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = any_map(where, inputs)
        if shape[0] > self.channels:
            raise ShapeError(
                f"{where} needs at most {self.channels} channels, but gets {shape[0]}"
                f"\n  use PadShortcut({shape[0]}) or a projection: Conv{len(shape) - 1}D({self.channels}, 1,"
                f" stride={self.stride})"
            )
        return ((self.channels, *(axis.out for axis in self.axes(inputs))),)

    def axes(self, inputs: tuple[Shape, ...]) -> tuple[Axis, ...]:
        """A window of one pixel."""
        return tuple(Axis(size, 1, self.stride, 1, 0, 0, output_size(size, 1, self.stride, 1, 0, 0)) for size in inputs[0][1:])

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return {**super().loop_settings(inputs), **{f"first_{letter}": 0 for letter in SPACE}}

    def brief(self) -> tuple[str, ...]:
        return (f"{self.channels} channels", *([f"stride {self.stride}"] if self.stride != 1 else []))

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        if self.stride == 1:
            return ""
        steps = list(dict.fromkeys(size_formula(axis) for axis in self.axes(inputs)))
        return ", ".join(steps)
