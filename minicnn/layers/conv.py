"""Convolution in one, two or three dimensions, with one dial from shared to unshared filters.

    y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[k,c,r,s]
    where  h = p*stride + r*dilation - pad,   w = q*stride + s*dilation - pad

With `sharing` a tile, output position (p, q) uses filter (p mod tile, q mod tile): tile 1 is the convolution above, a tile
as large as the output gives every position its own filter.

Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 9.1 and 9.5 (figure 9.16 for the dial).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import gcd, prod
from typing import Any

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import PaddingSetting, per_axis, whole_number
from minicnn.layers.base import Cost, Layer, Loops, ParameterSpec, Shape
from minicnn.layers.pad import ZEROS, padded_first, padding_mode
from minicnn.layers.setting import PerAxis, axis_setting, divisors_text, flag, setting_text, start, times
from minicnn.layers.windowed import Windowed


@dataclass(frozen=True, repr=False)
class Conv(Windowed, registered=False):
    """Convolution over 1, 2 or 3 axes; use Conv1D, Conv2D or Conv3D.

    filters : output channels; the input channels follow from the input
    window, stride, dilation : int or one per axis
    padding : "valid", "same", "same_lower", "full", int, one int per axis, or one (before, after) pair per axis
    padding_mode : what the padding holds: "zeros", "circular", "reflect" or "replicate", see `Pad2D`
    groups : input and output channels are split into so many groups that do not see each other
    flip : True for the mathematician's convolution, False for cross-correlation
    sharing : "shared", "unshared", or a tile: int or one per axis
    init : what the weights start from, see `minicnn.initializers`
    """

    stem = "conv"
    colour = "#cfe3f7"
    kind_of_work = "convolution"
    ceil_mode = False
    inferred = "input channels"

    filters: int
    window: PerAxis
    _: KW_ONLY
    stride: PerAxis = 1
    padding: PaddingSetting = 0
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    flip: bool = False
    sharing: str | PerAxis = "shared"
    padding_mode: str = ZEROS
    init: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            filters=whole_number(where, "filters", self.filters, least=1),
            dilation=axis_setting(where, "dilation", self.dilation, self.axis_count),
            groups=whole_number(where, "groups", self.groups, least=1),
            bias=flag(where, "bias", self.bias),
            flip=flag(where, "flip", self.flip),
            sharing=self._checked_sharing(where),
            padding_mode=padding_mode(where, "padding_mode", self.padding_mode),
            init=start(where, self.init),
        )
        self.check_window()
        if self.filters % self.groups:
            raise SettingError(
                f"{where}: {self.filters} filters do not divide into {self.groups} groups"
                f"\n  use {divisors_text(self.filters)} groups, or a multiple of {self.groups} filters"
            )

    def _checked_sharing(self, where: str) -> str | PerAxis:
        if self.sharing in ("shared", "unshared"):
            return self.sharing
        if isinstance(self.sharing, str):
            raise SettingError(f"{where}: sharing {self.sharing!r} is not 'shared', 'unshared' or a tile (a number, or one per axis)")
        tile = axis_setting(where, "sharing", self.sharing, self.axis_count)
        return "shared" if tile == 1 else tile

    def in_place(self) -> tuple[Layer, ...]:
        return padded_first(self)

    def tile(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """Filters per axis: output position p uses filter p mod tile.  1 is shared, the output size is unshared."""
        if self.sharing == "shared":
            return (1,) * self.axis_count
        out = tuple(axis.out for axis in self.axes(inputs))
        if self.sharing == "unshared":
            return out
        return tuple(min(pair) for pair in zip(per_axis(self.where(), "sharing", self.sharing, self.axis_count), out, strict=True))

    def loops(self) -> Loops:
        name = "conv{n}d" if self.sharing == "shared" else "tiled_conv{n}d"
        return Loops(f"{name}_forward", (f"{name}_backward_input", f"{name}_backward_weight", f"{name}_backward_bias"))

    def loop_view(self, name: str, array: Any) -> Any:
        """The loops of tiled convolution have no flip of their own: they get the filters turned round."""
        if self.flip and self.sharing != "shared" and name in ("weight", "dweight"):
            return array[(..., *[slice(None, None, -1)] * self.axis_count)]
        return array

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        axes = self.fitting_axes(where, inputs)
        channels = inputs[0][0]
        if channels % self.groups:
            raise ShapeError(
                f"{where} splits its input into {self.groups} groups, but gets {channels} channels"
                f"\n  use {divisors_text(gcd(channels, self.filters))} groups, or a multiple of {self.groups} channels"
            )
        return ((self.filters, *(axis.out for axis in axes)),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        tile = () if self.sharing == "shared" else self.tile(inputs)
        seen = self._seen(inputs)
        fan_out = self.filters // self.groups * prod(seen[1:])
        specs = [ParameterSpec("weight", (self.filters, *tile, *seen), fan_in=prod(seen), init=self.init or "he", fan_out=fan_out)]
        if self.bias:
            specs.append(ParameterSpec("bias", (self.filters, *tile), fan_in=prod(seen), init="zeros"))
        return tuple(specs)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        channels, *taps = self._seen(inputs)
        one_filter = times((*taps, channels))
        formula = f"({one_filter} + 1) * {self.filters}" if self.bias else f"{one_filter} * {self.filters}"
        if self.sharing != "shared":
            formula += f" * {times(self.tile(inputs))}"
        seen = prod((channels, *taps))
        return Cost(formula, macs=prod(outputs[0]) * seen, connections=prod(outputs[0]) * (seen + self.bias))

    def _seen(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """What one output sees: (C/G, *taps)."""
        return inputs[0][0] // self.groups, *per_axis(self.where(), "window", self.window, self.axis_count)

    def brief(self) -> tuple[str, ...]:
        words = [*super().brief()]
        if self.padding_mode != ZEROS:
            words.append(self.padding_mode)
        if self.groups != 1:
            words.append(f"{self.groups} groups")
        if self.sharing != "shared":
            words.append("unshared" if self.sharing == "unshared" else f"tile {setting_text(self.sharing)}")
        return tuple(words)


class Conv1D(Conv):
    axis_count = 1


class Conv2D(Conv):
    axis_count = 2


class Conv3D(Conv):
    axis_count = 3
