"""L2 pooling: the length of every window, taken as a vector.

    y[n,c,p,q] = sqrt(sum over r,s of x[n, c, p*stride + r - pad, q*stride + s - pad]**2)

Where a window holds nothing but zeros the root has no slope; the gradient there is taken as 0.

Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.geometry import PaddingSetting
from minicnn.layers.pool import Pool
from minicnn.layers.setting import PerAxis, flag


@dataclass(frozen=True, repr=False)
class L2Pool(Pool, registered=False):
    """L2 pooling over 1, 2 or 3 axes; use L2Pool1D, L2Pool2D or L2Pool3D.

    window, stride : int or one per axis; stride None is the window
    padding : as for a convolution; it counts as 0
    ceil_mode : keep a last window that hangs over the end
    """

    forward = "l2_pool{n}d_forward"
    backward = "l2_pool{n}d_backward"
    dilation = 1

    window: PerAxis
    _: KW_ONLY
    stride: PerAxis | None = None
    padding: PaddingSetting = 0
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(ceil_mode=flag(self.where(), "ceil_mode", self.ceil_mode))
        self.check_pool()


class L2Pool1D(L2Pool):
    axis_count = 1


class L2Pool2D(L2Pool):
    axis_count = 2


class L2Pool3D(L2Pool):
    axis_count = 3
