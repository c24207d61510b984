"""Centre crop: the middle of a map, so that it can be joined with a smaller one.

    y[n,c,p,q] = x[n, c, p + (H - P)//2, q + (W - Q)//2]

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicnn.errors import ShapeError
from minicnn.geometry import AXIS_WORDS, Reads, per_axis, shape_text
from minicnn.layers.base import SPACE, Layer, Shape
from minicnn.layers.setting import PerAxis, setting_text


@dataclass(frozen=True, repr=False)
class Crop(Layer):
    """Cut the middle out of the input; no parameters.

    size : int or one per axis.  None: the layer takes a second input and cuts the first to its size; nothing else of the second is
        used, and no gradient goes there.
    """

    stem = "crop"
    colour = "#eeeeee"
    bypass = True
    only_moves = True
    value_inputs = 1
    forward = "slice{n}d_forward"
    backward = "slice{n}d_backward"

    size: PerAxis | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            axes = len(self.size) if isinstance(self.size, (tuple, list)) else 1
            sizes = per_axis(self.where(), "size", self.size, axes)
            self.store(size=sizes if axes > 1 else sizes[0])

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        wanted = 2 if self.size is None else 1
        if len(inputs) != wanted:
            hint = "\n  give it a size, as in Crop(56), or use Skip" if self.size is None else ""
            raise ShapeError(f"{where} takes {('one input', 'two inputs')[wanted - 1]}, but gets {len(inputs)}{hint}")
        axes = len(inputs[0]) - 1
        if axes < 1:
            raise ShapeError(f"{where} needs an input of channels and at least one axis, but gets {shape_text(inputs[0])}")
        if len(inputs[-1]) != axes + 1 or (isinstance(self.size, tuple) and len(self.size) != axes):
            other = shape_text(inputs[1]) if self.size is None else f"a size of {setting_text(self.size)}"
            raise ShapeError(f"{where} needs as many axes on both sides, but gets {shape_text(inputs[0])} and {other}")
        sizes = inputs[1][1:] if self.size is None else per_axis(where, "size", self.size, axes)
        for have, want, word in zip(inputs[0][1:], sizes, AXIS_WORDS[axes], strict=True):
            if have < want:
                raise ShapeError(f"{where} needs at least {want} {word} to cut from, but gets {have}")
        return ((inputs[0][0], *sizes),)

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        """Half of what is too much is cut off before the middle, the smaller half if it is odd."""
        (output,) = self.output_shapes(self.where(), inputs)
        found: dict[str, Any] = {}
        for letter, size, out in zip(SPACE[1 - len(output) :], inputs[0][1:], output[1:], strict=True):
            found |= {f"first_{letter}": (size - out) // 2, f"stride_{letter}": 1}
        return found

    def reads(self, inputs: tuple[Shape, ...]) -> tuple[Reads, ...]:
        settings = self.loop_settings(inputs)
        return tuple(Reads(1, ((settings[f"first_{letter}"],),)) for letter in SPACE[1 - len(inputs[0]) :])

    def brief(self) -> tuple[str, ...]:
        return () if self.size is None else (f"size {setting_text(self.size)}",)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        (output,) = self.output_shapes(self.where(), inputs)
        steps = [f"{have} - {have - size} = {size}" for have, size in zip(inputs[0][1:], output[1:], strict=True)]
        return ", ".join(dict.fromkeys(steps))
