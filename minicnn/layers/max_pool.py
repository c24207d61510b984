"""Max pooling: the largest number of every window.

    y[n,c,p,q] = max over r,s of x[n, c, p*stride + r*dilation - pad, q*stride + s*dilation - pad]

Ranzato, Huang, Boureau, LeCun, "Unsupervised Learning of Invariant Feature Hierarchies", 2007.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.geometry import PaddingSetting
from minicnn.layers.pool import Pool
from minicnn.layers.setting import PerAxis, axis_setting, flag


@dataclass(frozen=True, repr=False)
class MaxPool(Pool, registered=False):
    """Max pooling over 1, 2 or 3 axes; use MaxPool1D, MaxPool2D or MaxPool3D.

    window, stride, dilation : int or one per axis; stride None is the window
    padding : as for a convolution; it counts as -inf and never wins
    ceil_mode : keep a last window that hangs over the end
    """

    forward = "max_pool{n}d_forward"
    backward = "max_pool{n}d_backward"
    keeps = ("indices",)
    monotonic = True

    window: PerAxis
    _: KW_ONLY
    stride: PerAxis | None = None
    padding: PaddingSetting = 0
    dilation: PerAxis = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(
            dilation=axis_setting(self.where(), "dilation", self.dilation, self.axis_count),
            ceil_mode=flag(self.where(), "ceil_mode", self.ceil_mode),
        )
        self.check_pool()


class MaxPool1D(MaxPool):
    axis_count = 1


class MaxPool2D(MaxPool):
    axis_count = 2


class MaxPool3D(MaxPool):
    axis_count = 3
