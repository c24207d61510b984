"""Lp pooling: the p-norm of every window.

    y[n,c,p,q] = (sum over r,s of abs(x[n, c, p*stride + r*dilation - pad, q*stride + s*dilation - pad])**p)**(1/p)

L2 pooling is that of p = 2.  Where a window holds nothing but zeros the root has no slope; the gradient there is taken as 0.

Gulcehre, Cho, Pascanu, Bengio, "Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks", 2014, section 3.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from minicnn.geometry import PaddingSetting
from minicnn.layers.base import Shape
from minicnn.layers.pool import Pool
from minicnn.layers.setting import PerAxis, axis_setting, flag, number


@dataclass(frozen=True, repr=False)
class LpPool(Pool, registered=False):
    """Lp pooling over 1, 2 or 3 axes; use LpPool1D, LpPool2D or LpPool3D.

    window, stride, dilation : int or one per axis; stride None is the window
    p : of the norm, at least 1
    padding : as for a convolution; it counts as 0
    ceil_mode : keep a last window that hangs over the end
    """

    forward = "lp_pool{n}d_forward"
    backward = "lp_pool{n}d_backward"

    window: PerAxis
    _: KW_ONLY
    p: float = 3.0
    stride: PerAxis | None = None
    padding: PaddingSetting = 0
    dilation: PerAxis = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(
            p=number(self.where(), "p", self.p, least=1),
            dilation=axis_setting(self.where(), "dilation", self.dilation, self.axis_count),
            ceil_mode=flag(self.where(), "ceil_mode", self.ceil_mode),
        )
        self.check_pool()

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return {**super().loop_settings(inputs), "power": self.p}

    def brief(self) -> tuple[str, ...]:
        return (f"p {self.p:g}", *super().brief())


class LpPool1D(LpPool):
    axis_count = 1


class LpPool2D(LpPool):
    axis_count = 2


class LpPool3D(LpPool):
    axis_count = 3
