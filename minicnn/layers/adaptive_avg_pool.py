"""Adaptive average pooling: the mean of every region, for an output of a given size, whatever the size of the input.

Region p of P over an axis of H pixels is floor(p*H/P) <= h < ceil((p+1)*H/P): regions are nearly equal, and may overlap by a pixel.

He, Zhang, Ren, Sun, "Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition", 2014, section 2.2; regions as in
PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.adaptive_pool import AdaptivePool


@dataclass(frozen=True, repr=False)
class AdaptiveAvgPool(AdaptivePool, registered=False):
    """Use AdaptiveAvgPool1D, AdaptiveAvgPool2D or AdaptiveAvgPool3D.

    output_size : int or one per axis
    """

    forward = "adaptive_avg_pool{n}d_forward"
    backward = "adaptive_avg_pool{n}d_backward"


class AdaptiveAvgPool1D(AdaptiveAvgPool):
    axis_count = 1


class AdaptiveAvgPool2D(AdaptiveAvgPool):
    axis_count = 2


class AdaptiveAvgPool3D(AdaptiveAvgPool):
    axis_count = 3
