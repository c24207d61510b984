"""Transposed convolution: convolution read backwards, so that a small map becomes a large one.

    y[n,k,p,q] = bias[k] + sum over c,h,w,r,s of x[n,c,h,w] * weight[c,k,r,s]
    where  p = h*stride + r*dilation - pad,   q = w*stride + s*dilation - pad

Every input pixel puts a copy of the filter, weighted by its value, on the output; copies that overlap add up.

Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.
Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", 2010.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import prod
from typing import ClassVar

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import AXIS_WORDS, Axis, PaddingSetting, Pair, Reads, per_axis, transposed_axis, transposed_padding, whole_number
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import PerAxis, axis_setting, by, divisors_text, flag, one_map, same_on_all, setting_text, start, times


@dataclass(frozen=True, repr=False)
class ConvTranspose(Layer, registered=False):
    """Transposed convolution; use ConvTranspose1D, ConvTranspose2D or ConvTranspose3D.

    Parameters weight (C, K/G, *taps) and bias (K,).

    filters : output channels; the input channels follow from the input
    window, stride, dilation : int or one per axis
    padding : pixels cut off the output: "valid" (none), "same" (so many that it is stride times as large as the input, an odd one after it),
        int, one int per axis, or one (before, after) pair per axis
    output_padding : pixels added after the output, where the stride leaves its size open
    groups : input and output channels are split into so many groups that do not see each other
    init : what the weights start from, see `minicnn.initializers`
    """

    stem = "up"
    forward = "conv_transpose{n}d_forward"
    backward = ("conv_transpose{n}d_backward_input", "conv_transpose{n}d_backward_weight", "conv_transpose{n}d_backward_bias")
    colour = "#cdeee9"
    kind_of_work = "convolution"
    axis_count: ClassVar[int]
    inferred = "input channels"

    filters: int
    window: PerAxis
    _: KW_ONLY
    stride: PerAxis = 1
    padding: PaddingSetting = 0
    output_padding: PerAxis = 0
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    init: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where, axes = self.where(), self.axis_count
        self.store(
            filters=whole_number(where, "filters", self.filters, least=1),
            window=axis_setting(where, "window", self.window, axes),
            stride=axis_setting(where, "stride", self.stride, axes),
            output_padding=axis_setting(where, "output_padding", self.output_padding, axes, least=0),
            dilation=axis_setting(where, "dilation", self.dilation, axes),
            groups=whole_number(where, "groups", self.groups, least=1),
            bias=flag(where, "bias", self.bias),
            init=start(where, self.init),
        )
        pairs = self._pairs()
        if not isinstance(self.padding, str):
            self.store(padding=same_on_all([before for before, _ in pairs]) if all(a == b for a, b in pairs) else pairs)
        if self.filters % self.groups:
            raise SettingError(
                f"{where}: {self.filters} filters do not divide into {self.groups} groups"
                f"\n  use {divisors_text(self.filters)} groups, or a multiple of {self.groups} filters"
            )
        for more, step, gap in zip(self._each("output_padding"), self._each("stride"), self._each("dilation"), strict=True):
            if more >= max(step, gap):
                raise SettingError(
                    f"{where}: output_padding {more} must be below the larger of stride {step} and dilation {gap}"
                    f"\n  use at most {max(step, gap) - 1}"
                )

    def axes(self, inputs: tuple[Shape, ...]) -> tuple[Axis, ...]:
        """The convolution that this one transposes: from our output, `size` pixels, to our input, `out` pixels."""
        settings = (self._each(name) for name in ("window", "stride", "dilation"))
        return tuple(
            transposed_axis(*each) for each in zip(inputs[0][1:], *settings, self._pairs(), self._each("output_padding"), strict=True)
        )

    def reads(self, inputs: tuple[Shape, ...]) -> tuple[Reads, ...]:
        return tuple(map(Reads.of_transposed, self.axes(inputs)))

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        channels = one_map(where, inputs, self.axis_count)[0]
        axes = self.axes(inputs)
        for axis, (before, after), word in zip(axes, self._pairs(), AXIS_WORDS[self.axis_count], strict=True):
            if axis.size < 1:
                cut = f"2*{before}" if before == after else f"{before} + {after}"
                raise ShapeError(f"{where} cuts off all {word}: its padding of {cut} leaves nothing of {axis.size + before + after}")
        if channels % self.groups:
            raise ShapeError(
                f"{where} splits its input into {self.groups} groups, but gets {channels} channels"
                f"\n  use {divisors_text(channels)} groups, or a multiple of {self.groups} channels"
            )
        return ((self.filters, *(axis.size for axis in axes)),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        taps, strides = self._each("window"), self._each("stride")
        # an output pixel is reached by every stride-th tap
        fan_in = inputs[0][0] // self.groups * prod(-(-tap // stride) for tap, stride in zip(taps, strides, strict=True))
        shape = (inputs[0][0], self.filters // self.groups, *taps)
        weight = ParameterSpec("weight", shape, fan_in, init=self.init or "he", fan_out=prod(shape[1:]))
        return (weight, ParameterSpec("bias", (self.filters,), fan_in, init="zeros")) if self.bias else (weight,)

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        channels, taps = inputs[0][0] // self.groups, self._each("window")
        one_filter = times((*taps, channels))
        formula = f"({one_filter} + 1) * {self.filters}" if self.bias else f"{one_filter} * {self.filters}"
        macs = prod(inputs[0]) * prod(taps) * (self.filters // self.groups)
        return Cost(formula, macs=macs, connections=macs + self.bias * prod(outputs[0]))

    def brief(self) -> tuple[str, ...]:
        words = [by(self.window, self.axis_count)]
        for name, usual in (("stride", 1), ("padding", None), ("output_padding", 0), ("dilation", 1)):
            if getattr(self, name) != usual:
                words.append(f"{name.replace('_', ' ')} {setting_text(getattr(self, name))}")
        return (*words, f"{self.groups} groups") if self.groups != 1 else tuple(words)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        steps = []
        for axis, (before, after), more in zip(self.axes(inputs), self._pairs(), self._each("output_padding"), strict=True):
            span = str(axis.taps) if axis.dilation == 1 else f"({axis.dilation}*({axis.taps} - 1) + 1)"
            ends = [f" - 2*{before}"] if before == after else [f" {'+' if end < 0 else '-'} {abs(end)}" for end in (before, after) if end]
            cut = "".join(ends) if before or after else ""
            steps.append(f"({axis.out} - 1)*{axis.stride}{cut} + {span}{f' + {more}' if more else ''} = {axis.size}")
        return ", ".join(dict.fromkeys(steps))

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        if len(inputs) != 1 or len(inputs[0]) != self.axis_count + 1 or all(axis.size > 0 for axis in self.axes(inputs)):
            return ()
        widest = min((axis.size + sum(pair) - 1) // 2 for axis, pair in zip(self.axes(inputs), self._pairs(), strict=True))
        return (f"padding {widest}",)

    def _pairs(self) -> tuple[Pair, ...]:
        """Pixels cut off before and after each axis."""
        taps, strides, dilations, more = (self._each(name) for name in ("window", "stride", "dilation", "output_padding"))
        return transposed_padding(self.where(), self.padding, taps, strides, dilations, more)

    def _each(self, name: str) -> tuple[int, ...]:
        return per_axis(self.where(), name, getattr(self, name), self.axis_count, least=0)


class ConvTranspose1D(ConvTranspose):
    axis_count = 1


class ConvTranspose2D(ConvTranspose):
    axis_count = 2


class ConvTranspose3D(ConvTranspose):
    axis_count = 3
