"""Unshared convolution for users: local connections with a separate filter for every output position, with all gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import passes

__all__ = [
    "unshared_conv1d",
    "unshared_conv1d_backward_bias",
    "unshared_conv1d_backward_input",
    "unshared_conv1d_backward_weight",
    "unshared_conv2d",
    "unshared_conv2d_backward_bias",
    "unshared_conv2d_backward_input",
    "unshared_conv2d_backward_weight",
    "unshared_conv3d",
    "unshared_conv3d_backward_bias",
    "unshared_conv3d_backward_input",
    "unshared_conv3d_backward_weight",
]


def unshared_conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `unshared_conv2d`, along one axis: x (N C W), weight (K Q C/G S) -> y (N K Q)."""
    return passes.forward("unshared_conv", 1, x, weight, bias, stride, padding, dilation, groups)


def unshared_conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Apply a separate filter at every output position.

        y[n,k,p] = bias[k,p] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,p,c,r]      (one axis shown)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    weight : (K P Q C/G R S) of the same type
        The output positions follow from x and the settings.
    bias : (K,) or (K P Q), optional
    stride, padding, dilation, groups
        As in `conv2d`.

    Returns
    -------
    y : (N K P Q)

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, eq. 9.9.  LeCun, "Generalization and network design strategies", 1989.

    >>> x, weight = np.ones((1, 1, 5, 5)), np.ones((3, 4, 4, 1, 2, 2))
    >>> unshared_conv2d(x, weight).shape
    (1, 3, 4, 4)
    """
    return passes.forward("unshared_conv", 2, x, weight, bias, stride, padding, dilation, groups)


def unshared_conv3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """As `unshared_conv2d`, along three axes: x (N C D H W), weight (K O P Q C/G T R S) -> y (N K O P Q)."""
    return passes.forward("unshared_conv", 3, x, weight, bias, stride, padding, dilation, groups)


def unshared_conv1d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv1d with respect to x: (N C W), from dy (N K Q)."""
    return passes.backward_input("unshared_conv", 1, dy, weight, x_shape, stride, padding, dilation, groups)


def unshared_conv2d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv2d with respect to x: (N C H W), from dy (N K P Q)."""
    return passes.backward_input("unshared_conv", 2, dy, weight, x_shape, stride, padding, dilation, groups)


def unshared_conv3d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv3d with respect to x: (N C D H W), from dy (N K O P Q)."""
    return passes.backward_input("unshared_conv", 3, dy, weight, x_shape, stride, padding, dilation, groups)


def unshared_conv1d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv1d with respect to weight: (K Q C/G S), from dy (N K Q) and x (N C W)."""
    return passes.backward_weight("unshared_conv", 1, dy, x, weight_shape, stride, padding, dilation, groups)


def unshared_conv2d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv2d with respect to weight: (K P Q C/G R S), from dy (N K P Q) and x (N C H W)."""
    return passes.backward_weight("unshared_conv", 2, dy, x, weight_shape, stride, padding, dilation, groups)


def unshared_conv3d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
) -> np.ndarray:
    """Gradient of unshared_conv3d with respect to weight: (K O P Q C/G T R S), from dy (N K O P Q) and x (N C D H W)."""
    return passes.backward_weight("unshared_conv", 3, dy, x, weight_shape, stride, padding, dilation, groups)


def unshared_conv1d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of unshared_conv1d with respect to bias, in the shape of the bias: (K,) or (K Q)."""
    return passes.backward_bias("unshared_conv", 1, dy, bias_shape)


def unshared_conv2d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of unshared_conv2d with respect to bias, in the shape of the bias: (K,) or (K P Q)."""
    return passes.backward_bias("unshared_conv", 2, dy, bias_shape)


def unshared_conv3d_backward_bias(dy: ArrayLike, bias_shape: Sequence[int]) -> np.ndarray:
    """Gradient of unshared_conv3d with respect to bias, in the shape of the bias: (K,) or (K O P Q)."""
    return passes.backward_bias("unshared_conv", 3, dy, bias_shape)
