"""Gaussian pooling for users: gaussian_pool1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones, one axis after the other: a Gaussian of the distance is the
product of Gaussians along the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import contiguous, empty, y_letters
from minicnn.kernels.checks.windows import Axes, check_pooled, plane_shape, planes_of, pool_axes, pooled_shape
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import backward as gathered
from minicnn.kernels.cpu.pooling.reads import of_windows
from minicnn.kernels.dispatch import by_loop, run

__all__ = [
    "gaussian_pool1d",
    "gaussian_pool1d_backward",
    "gaussian_pool2d",
    "gaussian_pool2d_backward",
    "gaussian_pool3d",
    "gaussian_pool3d_backward",
]

MOST_TAPS = 1 << 24  # along one axis: 128 MiB of weights


def axis_weights(where: str, taps: int, sigma: float) -> np.ndarray:
    """exp(-d^2 / (2*sigma^2)) at the distances d of the taps from the window's middle, divided by their sum."""
    if taps > MOST_TAPS:
        raise ShapeError(
            f"{where}: the window has {taps} taps along one axis, but at most {MOST_TAPS} have weights\n  use a smaller window"
        )
    squares = (np.arange(taps) - (taps - 1) / 2) ** 2
    with np.errstate(under="ignore", over="ignore"):  # a tap may be too far away to count; the nearest has weight 1 before the division
        weights = np.exp(-((squares - squares.min()) / sigma) / (2 * sigma))
    return weights / weights.sum()


def resolved_sigma(where: str, axes: Axes, sigma: object) -> float:
    """A quarter of the window's longest side unless given."""
    if sigma is None:
        return max(axis.taps for axis in axes) / 4
    number = real_number(where, "sigma", sigma)
    if number <= 0:
        raise SettingError(f"{where}: sigma is {number}, but must be above 0")
    return number


def _textbook_arguments(where: str, axes: Axes, sigma: float) -> tuple[np.ndarray | int, ...]:
    weight = reduce(np.multiply.outer, [axis_weights(where, axis.taps, sigma) for axis in axes])
    return (weight, *(a.stride for a in axes), *(a.before for a in axes))


def forward(
    where: str, axis_count: int, x: ArrayLike, window: object, stride: object, padding: PaddingSetting, sigma: object
) -> np.ndarray:
    """gaussian_pool1d, gaussian_pool2d and gaussian_pool3d."""
    x = planes_of(where, axis_count, x)
    axes = pool_axes(where, x.shape, window, stride, padding)
    width = resolved_sigma(where, axes, sigma)
    y = empty(where, pooled_shape(x.shape, axes), x)
    if by_loop(x):
        run(getattr(textbook, f"gaussian_pool{axis_count}d_forward"), y, contiguous(x), *_textbook_arguments(where, axes, width))
    else:
        fast.resample(
            y,
            contiguous(x),
            ("gaussian", axes, width),
            lambda: [of_windows(where, axis, axis_weights(where, axis.taps, width)) for axis in axes],
        )
    return y


def backward(
    where: str,
    axis_count: int,
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: object,
    stride: object,
    padding: PaddingSetting,
    sigma: object,
) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    axes = pool_axes(where, shape, window, stride, padding)
    width = resolved_sigma(where, axes, sigma)
    check_pooled(where, "dy", dy, pooled_shape(shape, axes))
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(getattr(textbook, f"gaussian_pool{axis_count}d_backward"), dx, contiguous(dy), *_textbook_arguments(where, axes, width))
    else:
        fast.resample(
            dx,
            contiguous(dy),
            ("gaussian backward", axes, width),
            lambda: [gathered(of_windows(where, axis, axis_weights(where, axis.taps, width))) for axis in axes],
        )
    return dx


def gaussian_pool1d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, sigma: float | None = None
) -> np.ndarray:
    """As `gaussian_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return forward("gaussian_pool1d", 1, x, window, stride, padding, sigma)


def gaussian_pool2d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, sigma: float | None = None
) -> np.ndarray:
    """The mean of every window that slides over each channel, nearer pixels with more weight.

        y[n,c,q] = sum over s of weight[s] * x[n, c, q*stride + s - pad]      (one axis shown)
        weight[s] = exp(-d[s]^2 / (2*sigma^2)) / their sum,   d[s] the distance of tap s from the window's middle, in pixels

    Parameters
    ----------
    x : (N C H W) float32 or float64
    window, stride, padding
        As in max_pool2d; padding counts as 0, and the other weights do not make up for it.
    sigma : float, in pixels
        None is a quarter of the window's longest side: 0.75 for a window of 3, whose weights are then 0.23, 0.55, 0.23 along an axis.

    Returns
    -------
    y : (N C P Q)
        float32: within 2e-7 * (taps per axis, added up) of the largest number in the window.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3: "a weighted average based on the distance from the central pixel".

    >>> gaussian_pool2d(np.ones((1, 1, 6, 6)), 3).round(6).tolist()
    [[[[1.0, 1.0], [1.0, 1.0]]]]
    """
    return forward("gaussian_pool2d", 2, x, window, stride, padding, sigma)


def gaussian_pool3d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, sigma: float | None = None
) -> np.ndarray:
    """As `gaussian_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return forward("gaussian_pool3d", 3, x, window, stride, padding, sigma)


def gaussian_pool1d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    sigma: float | None = None,
) -> np.ndarray:
    """Gradient of gaussian_pool1d with respect to x: (N C W), from dy (N C Q); settings as there."""
    return backward("gaussian_pool1d_backward", 1, dy, x_shape, window, stride, padding, sigma)


def gaussian_pool2d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    sigma: float | None = None,
) -> np.ndarray:
    """Gradient of gaussian_pool2d with respect to x: (N C H W), from dy (N C P Q); settings as there."""
    return backward("gaussian_pool2d_backward", 2, dy, x_shape, window, stride, padding, sigma)


def gaussian_pool3d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    sigma: float | None = None,
) -> np.ndarray:
    """Gradient of gaussian_pool3d with respect to x: (N C D H W), from dy (N C O P Q); settings as there."""
    return backward("gaussian_pool3d_backward", 3, dy, x_shape, window, stride, padding, sigma)
