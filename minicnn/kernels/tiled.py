"""Tiled convolution for users: filters that alternate while they slide, one to three axes, with all gradients.

A tile of 1 is ordinary convolution, a tile as large as the output is unshared convolution (`unshared.py`): one dial.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import passes

__all__ = [
    "tiled_conv1d",
    "tiled_conv1d_backward_bias",
    "tiled_conv1d_backward_input",
    "tiled_conv1d_backward_weight",
    "tiled_conv2d",
    "tiled_conv2d_backward_bias",
    "tiled_conv2d_backward_input",
    "tiled_conv2d_backward_weight",
    "tiled_conv3d",
    "tiled_conv3d_backward_bias",
    "tiled_conv3d_backward_input",
    "tiled_conv3d_backward_weight",
]


def tiled_conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `tiled_conv2d`, along one axis: x (N C W), weight (K V C/G S) -> y (N K Q)."""
    return passes.forward("tiled_conv", 1, x, weight, bias, stride, padding, dilation, groups)


def tiled_conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide over every image with alternating filters.

        y[n,k,p] = bias[k,u] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,u,c,r],   u = p mod tile      (one axis)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    weight : (K U V C/G R S) of the same type
        The tile may be any size: it need not divide the output, and may exceed it.
    bias : (K,) or (K U V), optional
    stride, padding, dilation, groups
        As in `conv2d`.

    Returns
    -------
    y : (N K P Q)

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.10.  Gregor, LeCun, "Emergence of complex-like cells in a temporal product
    network with local receptive fields", 2010.

    >>> x, weight = np.ones((1, 1, 5, 5)), np.ones((3, 2, 2, 1, 2, 2))
    >>> tiled_conv2d(x, weight).shape
    (1, 3, 4, 4)
    """
    return passes.forward("tiled_conv", 2, x, weight, bias, stride, padding, dilation, groups)


def tiled_conv3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `tiled_conv2d`, along three axes: x (N C D H W), weight (K A U V C/G T R S) -> y (N K O P Q)."""
    return passes.forward("tiled_conv", 3, x, weight, bias, stride, padding, dilation, groups)


def tiled_conv1d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv1d with respect to x: (N C W), from dy (N K Q)."""
    return passes.backward_input("tiled_conv", 1, dy, weight, x_shape, stride, padding, dilation, groups)


def tiled_conv2d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv2d with respect to x: (N C H W), from dy (N K P Q)."""
    return passes.backward_input("tiled_conv", 2, dy, weight, x_shape, stride, padding, dilation, groups)


def tiled_conv3d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv3d with respect to x: (N C D H W), from dy (N K O P Q)."""
    return passes.backward_input("tiled_conv", 3, dy, weight, x_shape, stride, padding, dilation, groups)


def tiled_conv1d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv1d with respect to weight: (K V C/G S); unused filters get 0."""
    return passes.backward_weight("tiled_conv", 1, dy, x, weight_shape, stride, padding, dilation, groups)


def tiled_conv2d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv2d with respect to weight: (K U V C/G R S); unused filters get 0."""
    return passes.backward_weight("tiled_conv", 2, dy, x, weight_shape, stride, padding, dilation, groups)


def tiled_conv3d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of tiled_conv3d with respect to weight: (K A U V C/G T R S); unused filters get 0."""
    return passes.backward_weight("tiled_conv", 3, dy, x, weight_shape, stride, padding, dilation, groups)


def tiled_conv1d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of tiled_conv1d with respect to bias, in the shape of the bias: (K,) or (K V)."""
    return passes.backward_bias("tiled_conv", 1, dy, bias_shape)


def tiled_conv2d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of tiled_conv2d with respect to bias, in the shape of the bias: (K,) or (K U V)."""
    return passes.backward_bias("tiled_conv", 2, dy, bias_shape)


def tiled_conv3d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of tiled_conv3d with respect to bias, in the shape of the bias: (K,) or (K A U V)."""
    return passes.backward_bias("tiled_conv", 3, dy, bias_shape)
