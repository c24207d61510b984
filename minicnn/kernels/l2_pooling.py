"""L2 pooling for users: l2_pool1d to 3d and their gradients.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.activation import same_shape
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, contiguous, empty, x_letters
from minicnn.kernels.checks.windows import Axes, check_pooled, planes_of, pool_axes, pooled_shape
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import backward as gathered
from minicnn.kernels.cpu.pooling.reads import of_windows
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["l2_pool1d", "l2_pool1d_backward", "l2_pool2d", "l2_pool2d_backward", "l2_pool3d", "l2_pool3d_backward"]


def _numbers(axes: Axes) -> tuple[int, ...]:
    """The settings in the form the textbook loops take."""
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes))


def forward(
    where: str, axis_count: int, x: ArrayLike, window: object, stride: object, padding: PaddingSetting, ceil_mode: object
) -> np.ndarray:
    """l2_pool1d, l2_pool2d and l2_pool3d."""
    x = planes_of(where, axis_count, x)
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x)
    if by_loop(x):
        run(getattr(textbook, f"l2_pool{axis_count}d_forward"), y, contiguous(x), *_numbers(axes))
    else:
        fast.l2_pool(y, contiguous(x), axes, lambda: [of_windows(where, axis) for axis in axes])
    return y


def backward(
    where: str,
    axis_count: int,
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: object,
    stride: object,
    padding: PaddingSetting,
    ceil_mode: object,
) -> np.ndarray:
    """The gradient of x."""
    dy, x, y = as_float_arrays(where, dy=dy, x=x, y=y)
    check_axes(where, "x", x, x_letters(axis_count))
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    check_pooled(where, "y", y, pooled_shape(x.shape, axes))
    same_shape(where, dy, "y", y)
    dx = empty(where, x.shape, x)
    if by_loop(x):
        run(getattr(textbook, f"l2_pool{axis_count}d_backward"), dx, contiguous(dy), contiguous(x), contiguous(y), *_numbers(axes))
    else:
        fast.l2_pool_backward(
            dx, contiguous(dy), contiguous(x), contiguous(y), axes, lambda: [gathered(of_windows(where, axis)) for axis in axes]
        )
    return dx


def l2_pool1d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, ceil_mode: bool = False
) -> np.ndarray:
    """As `l2_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return forward("l2_pool1d", 1, x, window, stride, padding, ceil_mode)


def l2_pool2d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, ceil_mode: bool = False
) -> np.ndarray:
    """The length of every window that slides over each channel: the root of the sum of squares.

        y[n,c,q] = sqrt(sum over s of x[n, c, q*stride + s - pad]^2)      (one axis shown)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    window, stride, padding, ceil_mode
        As in max_pool2d; padding counts as 0.

    Returns
    -------
    y : (N C P Q)
        A sum, not a mean: PyTorch's lp_pool with norm_type=2.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.

    >>> l2_pool2d(np.array([[[[3.0, 4.0], [0.0, 0.0]]]]), 2).tolist()
    [[[[5.0]]]]
    """
    return forward("l2_pool2d", 2, x, window, stride, padding, ceil_mode)


def l2_pool3d(
    x: ArrayLike, window: SizeSetting, *, stride: SizeSetting | None = None, padding: PaddingSetting = 0, ceil_mode: bool = False
) -> np.ndarray:
    """As `l2_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return forward("l2_pool3d", 3, x, window, stride, padding, ceil_mode)


def l2_pool1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `l2_pool2d_backward`, along one axis: dy (N C Q) -> dx (N C W)."""
    return backward("l2_pool1d_backward", 1, dy, x, y, window, stride, padding, ceil_mode)


def l2_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
) -> np.ndarray:
    """Gradient of l2_pool2d with respect to x: 0 where a whole window is 0.

        dx[n,c,w] = x[n,c,w] * sum over the windows q that hold w of dy[n,c,q] / y[n,c,q]      (one axis shown)

    Parameters
    ----------
    dy, y : (N C P Q) float32 or float64
        y as l2_pool2d returned it.  In float32 the quotient dy / y must be a float32: lengths below 1e-38 times dy overflow.
    x : (N C H W)
    window, stride, padding, ceil_mode
        As in l2_pool2d.

    Returns
    -------
    dx : (N C H W)
    """
    return backward("l2_pool2d_backward", 2, dy, x, y, window, stride, padding, ceil_mode)


def l2_pool3d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
) -> np.ndarray:
    """As `l2_pool2d_backward`, along three axes: dy (N C O P Q) -> dx (N C D H W)."""
    return backward("l2_pool3d_backward", 3, dy, x, y, window, stride, padding, ceil_mode)
