"""Lp pooling for users: lp_pool1d to 3d and their gradients.  float32 goes through the textbook loops too: a layer's plan has faster ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError
from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number, same_shape
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, contiguous, empty, x_letters
from minicnn.kernels.checks.windows import Axes, check_pooled, planes_of, pool_axes, pooled_shape
from minicnn.kernels.dispatch import run

__all__ = ["lp_pool1d", "lp_pool1d_backward", "lp_pool2d", "lp_pool2d_backward", "lp_pool3d", "lp_pool3d_backward"]


def _numbers(axes: Axes, power: float) -> tuple[int | float, ...]:
    """The settings in the form the textbook loops take."""
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.dilation for a in axes), power)


def _power(where: str, p: object) -> float:
    power = real_number(where, "p", p)
    if power < 1:
        raise SettingError(f"{where}: p is {power:g}, but must be at least 1: a norm of a smaller p is none")
    return power


def forward(
    where: str,
    axis_count: int,
    x: ArrayLike,
    window: object,
    p: object,
    stride: object,
    padding: PaddingSetting,
    dilation: object,
    ceil_mode: object,
) -> np.ndarray:
    """lp_pool1d, lp_pool2d and lp_pool3d."""
    x = planes_of(where, axis_count, x)
    power = _power(where, p)
    axes = pool_axes(where, x.shape, window, stride, padding, dilation, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x)
    run(getattr(textbook, f"lp_pool{axis_count}d_forward"), y, contiguous(x), *_numbers(axes, power))
    return y


def backward(
    where: str,
    axis_count: int,
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: object,
    p: object,
    stride: object,
    padding: PaddingSetting,
    dilation: object,
    ceil_mode: object,
) -> np.ndarray:
    """The gradient of x."""
    dy, x, y = as_float_arrays(where, dy=dy, x=x, y=y)
    check_axes(where, "x", x, x_letters(axis_count))
    power = _power(where, p)
    axes = pool_axes(where, x.shape, window, stride, padding, dilation, ceil_mode)
    check_pooled(where, "y", y, pooled_shape(x.shape, axes))
    same_shape(where, dy, "y", y)
    dx = empty(where, x.shape, x)
    loop = getattr(textbook, f"lp_pool{axis_count}d_backward")
    run(loop, dx, contiguous(dy), contiguous(x), contiguous(y), *_numbers(axes, power))
    return dx


def lp_pool1d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `lp_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return forward("lp_pool1d", 1, x, window, p, stride, padding, dilation, ceil_mode)


def lp_pool2d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """The p-norm of every window that slides over each channel: between the sum of sizes (p = 1) and the largest size (p without end).

        y[n,c,q] = (sum over s of abs(x[n, c, q*stride + s*dilation - pad])^p)^(1/p)      (one axis shown)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    window, stride, padding, dilation, ceil_mode
        As in max_pool2d; padding counts as 0.
    p : float, at least 1
        The powers are summed in float64: abs(x)^p must be one, so that a large p takes numbers near 1.

    Returns
    -------
    y : (N C P Q)
        `l2_pool2d` is that of p = 2, and faster.  PyTorch's lp_pool2d adds up x^p without abs.

    Gulcehre, Cho, Pascanu, Bengio, "Learned-Norm Pooling for Deep Feedforward and Recurrent Neural Networks", 2014, section 3.

    >>> lp_pool2d(np.array([[[[3.0, -4.0], [5.0, 0.0]]]]), 2, p=3).round(6).tolist()
    [[[[6.0]]]]
    """
    return forward("lp_pool2d", 2, x, window, p, stride, padding, dilation, ceil_mode)


def lp_pool3d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `lp_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return forward("lp_pool3d", 3, x, window, p, stride, padding, dilation, ceil_mode)


def lp_pool1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `lp_pool2d_backward`, along one axis: dy (N C Q) -> dx (N C W)."""
    return backward("lp_pool1d_backward", 1, dy, x, y, window, p, stride, padding, dilation, ceil_mode)


def lp_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """Gradient of lp_pool2d with respect to x: 0 where a whole window is 0.

        dx[n,c,w] = sign(x[n,c,w]) * sum over the windows q that hold w of dy[n,c,q] * (abs(x[n,c,w]) / y[n,c,q])^(p - 1)      (one axis shown)

    Parameters
    ----------
    dy, y : (N C P Q) float32 or float64
        y as lp_pool2d returned it.
    x : (N C H W)
    window, p, stride, padding, dilation, ceil_mode
        As in lp_pool2d.

    Returns
    -------
    dx : (N C H W)
    """
    return backward("lp_pool2d_backward", 2, dy, x, y, window, p, stride, padding, dilation, ceil_mode)


def lp_pool3d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    p: float = 3.0,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `lp_pool2d_backward`, along three axes: dy (N C O P Q) -> dx (N C D H W)."""
    return backward("lp_pool3d_backward", 3, dy, x, y, window, p, stride, padding, dilation, ceil_mode)
