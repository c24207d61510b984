"""Convolution for users: conv1d, conv2d, conv3d and their gradients.  Checks, allocates, and calls the right loops.

float64 goes through the textbook loops, float32 through the fast ones unless `algorithm` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import passes

__all__ = [
    "conv1d",
    "conv1d_backward_bias",
    "conv1d_backward_input",
    "conv1d_backward_weight",
    "conv2d",
    "conv2d_backward_bias",
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv3d",
    "conv3d_backward_bias",
    "conv3d_backward_input",
    "conv3d_backward_weight",
]


def conv1d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
) -> np.ndarray:
    """As `conv2d`, along one axis: x (N C W), weight (K C/G S) -> y (N K Q).

    >>> conv1d(np.arange(5.0).reshape(1, 1, 5), np.array([[[1.0, 0.0, -1.0]]])).tolist()
    [[[-2.0, -2.0, -2.0]]]
    """
    return passes.forward("conv", 1, x, weight, bias, stride, padding, dilation, groups, flip, algorithm=algorithm)


def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
) -> np.ndarray:
    """Slide every filter over every image.

        y[n,k,p] = bias[k] + sum over c,r of x[n, c, p*stride + r*dilation - pad] * weight[k,c,r]      (one axis shown)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    weight : (K C/G R S) of the same type
    bias : (K,), optional
    stride, dilation : int or one per axis, in pixels
    padding : "valid", "same", "full", an int, one int per axis, or one (before, after) pair per axis
        "same": the output has ceil(size / stride) pixels, an odd extra pixel of padding goes after ("same_lower": before).  "full": dilation*(taps-1) on
        both sides.  Padding counts as zero; its product with an infinite or NaN weight is unspecified: NaN (0 times infinity) or nothing.
        The same holds for an infinite dy in the gradients.
    groups : int
        Channels and filters are split into so many independent groups.
    flip : bool
        True for the mathematician's convolution, False for cross-correlation, which is what networks call convolution.
    algorithm : "auto", "textbook", "direct", "im2col", "fft" or "winograd"
        "auto" is "textbook" for float64.  For float32 it is "winograd" where that is faster (at least 32 channels and filters),
        else "direct".  NaN and infinite numbers of x affect only outputs whose taps read them, by every algorithm but "fft", which
        spreads them over the image.  Sums are kept in float32: partial sums beyond 3.4e38 are infinite, or NaN where both signs meet.
        How far a float32 result may be from the textbook's:
        "direct", "im2col": 2e-7 * sqrt(terms) of the largest partial sum.  "fft": 1e-7 of it, large filters at the cost of small ones.
        "winograd", for 3x3 filters with stride 1, and for 5x5 ones by "auto": 5e-6 of the largest |x| times the sum of |weight| of a filter.

    Returns
    -------
    y : (N K P Q)

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 9.1 and 9.5.

    >>> x, weight = np.arange(16.0).reshape(1, 1, 4, 4), np.ones((1, 1, 2, 2))
    >>> conv2d(x, weight, stride=2).tolist()
    [[[[10.0, 18.0], [42.0, 50.0]]]]
    >>> conv2d(x, weight, padding="same").shape
    (1, 1, 4, 4)
    """
    return passes.forward("conv", 2, x, weight, bias, stride, padding, dilation, groups, flip, algorithm=algorithm)


def conv3d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
    algorithm: str = "auto",
) -> np.ndarray:
    """As `conv2d`, along three axes: x (N C D H W), weight (K C/G T R S) -> y (N K O P Q).

    >>> conv3d(np.ones((1, 2, 4, 4, 4)), np.ones((3, 2, 2, 2, 2))).shape
    (1, 3, 3, 3, 3)
    """
    return passes.forward("conv", 3, x, weight, bias, stride, padding, dilation, groups, flip, algorithm=algorithm)


def conv1d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv1d with respect to x: (N C W), from dy (N K Q); settings as in conv1d."""
    return passes.backward_input("conv", 1, dy, weight, x_shape, stride, padding, dilation, groups, flip)


def conv2d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv2d with respect to x: (N C H W), from dy (N K P Q); settings as in conv2d.

    >>> dy, weight = np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))
    >>> conv2d_backward_input(dy, weight, (1, 1, 3, 3)).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    return passes.backward_input("conv", 2, dy, weight, x_shape, stride, padding, dilation, groups, flip)


def conv3d_backward_input(
    dy: ArrayLike,
    weight: ArrayLike,
    x_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv3d with respect to x: (N C D H W), from dy (N K O P Q); settings as in conv3d."""
    return passes.backward_input("conv", 3, dy, weight, x_shape, stride, padding, dilation, groups, flip)


def conv1d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv1d with respect to weight: (K C/G S), from dy (N K Q) and x (N C W)."""
    return passes.backward_weight("conv", 1, dy, x, weight_shape, stride, padding, dilation, groups, flip)


def conv2d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv2d with respect to weight: (K C/G R S), from dy (N K P Q) and x (N C H W).

    3x3 filters of many channels go by Winograd where that is faster: float32 is then within 1e-5 of the largest gradient, else within 5e-6.

    >>> dy, x = np.ones((1, 1, 2, 2)), np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_backward_weight(dy, x, (1, 1, 2, 2)).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    return passes.backward_weight("conv", 2, dy, x, weight_shape, stride, padding, dilation, groups, flip)


def conv3d_backward_weight(
    dy: ArrayLike,
    x: ArrayLike,
    weight_shape: Sequence[int],
    *,
    stride: SizeSetting = 1,
    padding: PaddingSetting = "valid",
    dilation: SizeSetting = 1,
    groups: int = 1,
    flip: bool = False,
) -> np.ndarray:
    """Gradient of conv3d with respect to weight: (K C/G T R S), from dy (N K O P Q) and x (N C D H W)."""
    return passes.backward_weight("conv", 3, dy, x, weight_shape, stride, padding, dilation, groups, flip)


def conv1d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv1d with respect to bias: (K,), from dy (N K Q)."""
    return passes.backward_bias("conv", 1, dy)


def conv2d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv2d with respect to bias: (K,), from dy (N K P Q)."""
    return passes.backward_bias("conv", 2, dy)


def conv3d_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of conv3d with respect to bias: (K,), from dy (N K O P Q)."""
    return passes.backward_bias("conv", 3, dy)
