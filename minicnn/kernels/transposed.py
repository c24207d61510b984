"""Transposed convolution for users: conv_transpose1d to 3d, convolution read from output to input, with all gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import passes

__all__ = [
    "conv_transpose1d",
    "conv_transpose1d_backward_bias",
    "conv_transpose1d_backward_input",
    "conv_transpose1d_backward_weight",
    "conv_transpose2d",
    "conv_transpose2d_backward_bias",
    "conv_transpose2d_backward_input",
    "conv_transpose2d_backward_weight",
    "conv_transpose3d",
    "conv_transpose3d_backward_bias",
    "conv_transpose3d_backward_input",
    "conv_transpose3d_backward_weight",
]


def conv_transpose1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `conv_transpose2d`, along one axis: x (N C W), weight (C K/G S) -> y (N K Q)."""
    return passes.forward("conv_transpose", 1, x, weight, bias, stride, padding, output_padding, dilation, groups)


def conv_transpose2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Put a copy of the filter, weighted by x, at every input position, and add up.

        y[n, k, i*stride + r*dilation - padding] = bias[k] + sum over c,r of x[n,c,i] * weight[c,k,r]      (one axis shown)
        out = (in - 1)*stride - 2*padding + dilation*(taps - 1) + output_padding + 1

    It is the gradient of the convolution with the same settings, from its output to its input.

    Parameters
    ----------
    x : (N C H W) float32 or float64
    weight : (C K/G R S) of the same type
    bias : (K,), optional
    stride, dilation : int or one per axis, in pixels
    padding : "valid", "same", int, one int per axis, or one (before, after) pair per axis
        Pixels cropped at both ends of the output.  "same" makes the output in*stride, an odd pixel is cropped after.
    output_padding : int or one per axis
        Extra pixels at the end of the output, where stride or dilation leave its size undetermined: less than the larger of the two.
    groups : int
        Channels and filters are split into so many independent groups.

    Returns
    -------
    y : (N K P Q)

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.

    >>> x, weight = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    >>> conv_transpose2d(x, weight).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    >>> conv_transpose2d(x, weight, stride=2).shape
    (1, 1, 4, 4)
    """
    return passes.forward("conv_transpose", 2, x, weight, bias, stride, padding, output_padding, dilation, groups)


def conv_transpose3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `conv_transpose2d`, along three axes: x (N C D H W), weight (C K/G T R S) -> y (N K O P Q)."""
    return passes.forward("conv_transpose", 3, x, weight, bias, stride, padding, output_padding, dilation, groups)


def conv_transpose1d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose1d with respect to x: (N C W), an ordinary convolution of dy (N K Q)."""
    return passes.backward_input("conv_transpose", 1, dy, weight, x_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose2d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose2d with respect to x: (N C H W), an ordinary convolution of dy (N K P Q)."""
    return passes.backward_input("conv_transpose", 2, dy, weight, x_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose3d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose3d with respect to x: (N C D H W), an ordinary convolution of dy (N K O P Q)."""
    return passes.backward_input("conv_transpose", 3, dy, weight, x_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose1d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose1d with respect to weight: (C K/G S), from dy (N K Q) and x (N C W)."""
    return passes.backward_weight("conv_transpose", 1, dy, x, weight_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose2d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose2d with respect to weight: (C K/G R S), from dy (N K P Q) and x (N C H W)."""
    return passes.backward_weight("conv_transpose", 2, dy, x, weight_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose3d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = 0,
    output_padding: SizeSetting = 0,
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of conv_transpose3d with respect to weight: (C K/G T R S), from dy (N K O P Q) and x (N C D H W)."""
    return passes.backward_weight("conv_transpose", 3, dy, x, weight_shape, stride, padding, output_padding, dilation, groups)


def conv_transpose1d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv_transpose1d with respect to bias: (K,), from dy (N K Q)."""
    return passes.backward_bias("conv_transpose", 1, dy)


def conv_transpose2d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv_transpose2d with respect to bias: (K,), from dy (N K P Q)."""
    return passes.backward_bias("conv_transpose", 2, dy)


def conv_transpose3d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv_transpose3d with respect to bias: (K,), from dy (N K O P Q)."""
    return passes.backward_bias("conv_transpose", 3, dy)
