"""Subsampling with a trainable factor: the pooling of LeNet-5.

    y[n,c,p,q] = weight[c] * (sum over r,s of x[n, c, p*stride + r, q*stride + s]) + bias[c]

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B, layers S2 and S4;
the squashing function that follows there is a layer of its own here.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import prod

from minicnn.geometry import per_axis
from minicnn.layers.base import Cost, ParameterSpec, Shape
from minicnn.layers.setting import PerAxis
from minicnn.layers.windowed import Windowed


@dataclass(frozen=True, repr=False)
class Subsample(Windowed, registered=False):
    """One coefficient and one bias for each map; use Subsample1D, Subsample2D or Subsample3D.

    Parameters weight (C,) and bias (C,), which start as the mean of the window.

    window, stride : int or one per axis; stride None is the window
    """

    stem = "subsample"
    forward = "subsample{n}d_forward"
    backward = ("subsample{n}d_backward_input", "subsample{n}d_backward_weight", "conv{n}d_backward_bias")
    colour = "#dcefd2"
    padding = 0
    dilation = 1
    ceil_mode = False

    window: PerAxis
    _: KW_ONLY
    stride: PerAxis | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_window()

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        axes = self.fitting_axes(where, inputs)
        return ((inputs[0][0], *(axis.out for axis in axes)),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        maps, taps = inputs[0][:1], self._taps()
        return ParameterSpec("weight", maps, fan_in=taps, init=1 / taps), ParameterSpec("bias", maps, fan_in=taps, init="zeros")

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        return Cost(f"2 * {inputs[0][0]}", connections=prod(outputs[0]) * (self._taps() + 1))

    def padding_fits(self, padding: int) -> bool:
        return False

    def _taps(self) -> int:
        return prod(per_axis(self.where(), "window", self.window, self.axis_count))


class Subsample1D(Subsample):
    axis_count = 1


class Subsample2D(Subsample):
    axis_count = 2


class Subsample3D(Subsample):
    axis_count = 3
