"""Average pooling: the mean of every window.

    y[n,c,p,q] = 1/(R*S) * sum over r,s of x[n, c, p*stride + r*dilation - pad, q*stride + s*dilation - pad]

LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998 (there with a trainable factor).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.geometry import PaddingSetting
from minicnn.layers.pool import Pool
from minicnn.layers.setting import PerAxis, axis_setting, flag


@dataclass(frozen=True, repr=False)
class AvgPool(Pool, registered=False):
    """Average pooling over 1, 2 or 3 axes; use AvgPool1D, AvgPool2D or AvgPool3D.

    window, stride, dilation : int or one per axis; stride None is the window
    padding : as for a convolution
    ceil_mode : keep a last window that hangs over the end
    count_padding : divide by the whole window, padding included; otherwise by the pixels inside the image
    """

    forward = "avg_pool{n}d_forward"
    backward = "avg_pool{n}d_backward"

    window: PerAxis
    _: KW_ONLY
    stride: PerAxis | None = None
    padding: PaddingSetting = 0
    dilation: PerAxis = 1
    ceil_mode: bool = False
    count_padding: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(
            dilation=axis_setting(self.where(), "dilation", self.dilation, self.axis_count),
            ceil_mode=flag(self.where(), "ceil_mode", self.ceil_mode),
            count_padding=flag(self.where(), "count_padding", self.count_padding),
        )
        self.check_pool()


class AvgPool1D(AvgPool):
    axis_count = 1


class AvgPool2D(AvgPool):
    axis_count = 2


class AvgPool3D(AvgPool):
    axis_count = 3
