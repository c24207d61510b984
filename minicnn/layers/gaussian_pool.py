"""Gaussian pooling: a mean of every window, weighted by the distance from its centre; the weights sum to 1.

    y[n,c,p,q] = sum over r,s of g[r,s] * x[n, c, p*stride + r - pad, q*stride + s - pad]
    where  g[r,s] is proportional to exp(-distance**2 / (2*sigma**2))

Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3: "a weighted average based on the distance from the central pixel".
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import reduce
from typing import Any

from minicnn.geometry import PaddingSetting
from minicnn.layers.base import Shape
from minicnn.layers.pool import Pool
from minicnn.layers.setting import PerAxis, number


@dataclass(frozen=True, repr=False)
class GaussianPool(Pool, registered=False):
    """Gaussian pooling over 1, 2 or 3 axes; use GaussianPool1D, GaussianPool2D or GaussianPool3D.

    window, stride : int or one per axis; stride None is the window
    padding : as for a convolution; it counts as 0, and the weights beside it are not rescaled
    sigma : of the Gaussian, in pixels; None is a quarter of the window's longest side
    """

    forward = "gaussian_pool{n}d_forward"
    backward = "gaussian_pool{n}d_backward"
    dilation = 1
    ceil_mode = False

    window: PerAxis
    _: KW_ONLY
    stride: PerAxis | None = None
    padding: PaddingSetting = 0
    sigma: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sigma is not None:
            self.store(sigma=number(self.where(), "sigma", self.sigma, least=0, above=True))
        self.check_pool()

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        # imported here, for a summary needs no weights
        import numpy as np

        from minicnn.kernels.gaussian_pooling import axis_weights, resolved_sigma

        axes = self.axes(inputs)
        sigma = resolved_sigma(self.where(), axes, self.sigma)
        weight = reduce(np.multiply.outer, [axis_weights(self.where(), axis.taps, sigma) for axis in axes])
        return {**super().loop_settings(inputs), "weight": weight}

    def brief(self) -> tuple[str, ...]:
        return super().brief() if self.sigma is None else (*super().brief(), f"sigma {self.sigma:g}")


class GaussianPool1D(GaussianPool):
    axis_count = 1


class GaussianPool2D(GaussianPool):
    axis_count = 2


class GaussianPool3D(GaussianPool):
    axis_count = 3
