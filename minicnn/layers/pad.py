"""Padding: the map continued beyond its ends, by zeros, around, mirrored, or by its last pixels.

    zeros      0 0 | a b c d | 0 0             reflect    c b | a b c d | c b
    circular   c d | a b c d | a b             replicate  a a | a b c d | d d

A convolution of another `padding_mode` than zeros is this layer and a convolution without padding; so it stands in a summary.
Names of modes as in PyTorch.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import AXIS_WORDS, PaddingSetting, resolve_padding
from minicnn.layers.base import SPACE, Layer, Shape
from minicnn.layers.setting import one_map, padding_setting, setting_text

if TYPE_CHECKING:
    from minicnn.layers.conv import Conv

ZEROS, REFLECT = "zeros", "reflect"
MODES = (ZEROS, "circular", REFLECT, "replicate")  # in the order in which the loops count them


def padding_mode(where: str, name: str, value: object) -> str:
    """Check a setting that is one of the modes."""
    if not isinstance(value, str) or value not in MODES:
        raise SettingError(f"{where}: {name} {value!r} is not one of {', '.join(MODES)}{suggestion(value, MODES)}")
    return value


class Padded(Layer, registered=False):
    """A map made larger on both sides of each axis, by `pairs` of pixels."""

    stem = "pad"
    colour = "#eeeeee"
    forward = "pad{n}d_forward"
    backward = "pad{n}d_backward"
    axis_count: ClassVar[int]
    mode: str

    def pairs(self, inputs: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
        """Pixels before and after each axis."""
        raise NotImplementedError

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        pairs = self.pairs(inputs)
        return {"mode": MODES.index(self.mode), **{f"pad_{axis}": pair[0] for axis, pair in zip(SPACE[-len(pairs) :], pairs, strict=True)}}

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels, *space = one_map(where, inputs, self.axis_count)
        pairs = self.pairs(inputs)
        for size, pair, word in zip(space, pairs, AXIS_WORDS[self.axis_count], strict=True):
            if self.mode in ("circular", REFLECT) and max(pair) > (most := size - (self.mode == REFLECT)):
                raise ShapeError(
                    f"{where} adds {max(pair)} {word} to {size}, but {self.mode} padding has at most {most} to repeat"
                    f"\n  use a padding of at most {most}, or 'replicate' or 'zeros'"
                )
        return ((channels, *(size + before + after for size, (before, after) in zip(space, pairs, strict=True))),)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        steps = [
            f"{size} + {before} + {after} = {size + before + after}"
            for size, (before, after) in zip(inputs[0][1:], self.pairs(inputs), strict=True)
        ]
        return ", ".join(dict.fromkeys(steps))


@dataclass(frozen=True, repr=False)
class Pad(Padded, registered=False):
    """Padding by itself; use Pad1D, Pad2D or Pad3D.

    padding : int, one int per axis, or one (before, after) pair per axis
    mode : "zeros", "circular", "reflect" or "replicate"
    """

    padding: PaddingSetting
    _: KW_ONLY
    mode: str = ZEROS

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        if isinstance(self.padding, str):
            raise SettingError(
                f"{where}: padding is {self.padding!r}, but must be a number, one per axis or one (before, after) pair per axis"
            )
        self.store(padding=padding_setting(where, self.padding, self.axis_count), mode=padding_mode(where, "mode", self.mode))

    def pairs(self, inputs: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
        ones = (1,) * self.axis_count
        return resolve_padding(self.where(), self.padding, ones, ones, ones, ones)

    def brief(self) -> tuple[str, ...]:
        return (setting_text(self.padding), self.mode)


class Pad1D(Pad):
    axis_count = 1


class Pad2D(Pad):
    axis_count = 2


class Pad3D(Pad):
    axis_count = 3


@dataclass(frozen=True, repr=False)
class ConvolutionPadding(Padded, registered=False):
    """The padding of a convolution, worked out by its settings."""

    title = "Pad"

    convolution: Conv

    @property
    def axis_count(self) -> int:  # type: ignore[override]
        return self.convolution.axis_count

    @property
    def mode(self) -> str:  # type: ignore[override]
        return self.convolution.padding_mode

    def pairs(self, inputs: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
        return tuple((axis.before, axis.after) for axis in self.convolution.axes(inputs))

    def brief(self) -> tuple[str, ...]:
        return (setting_text(self.convolution.padding), self.mode)


def padded_first(convolution: Conv) -> tuple[Layer, ...]:
    """A convolution of another mode than zeros as two layers: its padding, and the convolution of what is padded."""
    if convolution.padding_mode == ZEROS or convolution.padding in (0, "valid"):
        return (convolution,)
    return ConvolutionPadding(convolution), replace(convolution, padding=0, padding_mode=ZEROS)
