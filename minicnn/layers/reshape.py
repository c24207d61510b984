"""Reshape: features become a map, channels first; the inverse of flatten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text, whole_number
from minicnn.layers.base import Layer, Shape
from minicnn.layers.setting import one_input


@dataclass(frozen=True, repr=False)
class Reshape(Layer):
    """The same numbers in another shape: feature (c*H + h)*W + w becomes pixel (c, h, w); no parameters."""

    stem = "reshape"
    only_moves = True

    shape: Shape

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        if not isinstance(self.shape, Sequence) or isinstance(self.shape, str) or not 1 <= len(self.shape) <= 4:
            raise SettingError(f"{where}: shape is {self.shape!r}, but must be one to four sizes, as in (7, 7, 30)")
        self.store(shape=tuple(whole_number(where, "shape", size, least=1) for size in self.shape))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = one_input(where, inputs)
        if prod(shape) != prod(self.shape):
            have, want = (shape_text(each) + (f" = {prod(each)}" if len(each) > 1 else "") for each in (shape, self.shape))
            raise ShapeError(f"{where} needs {want} numbers, but gets {have}")
        return (self.shape,)

    def brief(self) -> tuple[str, ...]:
        return (shape_text(self.shape),)
