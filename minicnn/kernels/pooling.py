"""Max and average pooling for users: max_pool1d to 3d, avg_pool1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from minicnn.geometry import PaddingSetting, SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import contiguous, empty, y_letters
from minicnn.kernels.checks.windows import Axes, check_pooled, checked_positions, flag, plane_shape, planes_of, pool_axes, pooled_shape
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import backward, of_average, of_windows
from minicnn.kernels.dispatch import by_loop, run

__all__ = [
    "avg_pool1d",
    "avg_pool1d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "avg_pool3d",
    "avg_pool3d_backward",
    "max_pool1d",
    "max_pool1d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_pool3d",
    "max_pool3d_backward",
]


def max_forward(
    where: str,
    axis_count: int,
    x: ArrayLike,
    window: object,
    stride: object,
    padding: PaddingSetting,
    dilation: object,
    ceil_mode: object,
    return_indices: object,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """max_pool1d, max_pool2d and max_pool3d."""
    x = planes_of(where, axis_count, x)
    wanted = flag(where, "return_indices", return_indices)
    axes = pool_axes(where, x.shape, window, stride, padding, dilation, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x)
    indices = empty(where, y.shape, x, np.int64) if wanted or by_loop(x) else None
    if by_loop(x):
        settings = (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.dilation for a in axes))
        run(getattr(textbook, f"max_pool{axis_count}d_forward"), y, indices, contiguous(x), *settings)
    else:
        fast.max_pool(y, indices, contiguous(x), axes, lambda: [of_windows(where, axis) for axis in axes])
    return y if indices is None or not wanted else (y, indices)


def max_backward(where: str, axis_count: int, dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    check_pooled(where, "dy", dy, (*shape[:2], *dy.shape[2:]))
    indices = checked_positions(where, indices, dy, "dy", shape[2:])
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(getattr(textbook, f"max_pool{axis_count}d_backward"), dx, contiguous(dy), contiguous(indices))
    else:
        fast.max_pool_backward(dx, contiguous(dy), contiguous(indices))
    return dx


def _average_settings(axes: Axes, count_padding: bool) -> tuple[int, ...]:
    """As the textbook loops take them."""
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.after for a in axes), count_padding)


def average_forward(
    where: str,
    axis_count: int,
    x: ArrayLike,
    window: object,
    stride: object,
    padding: PaddingSetting,
    ceil_mode: object,
    count_padding: object,
) -> np.ndarray:
    """avg_pool1d, avg_pool2d and avg_pool3d."""
    x = planes_of(where, axis_count, x)
    counted = flag(where, "count_padding", count_padding)
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x)
    if by_loop(x):
        run(getattr(textbook, f"avg_pool{axis_count}d_forward"), y, contiguous(x), *_average_settings(axes, counted))
    else:
        fast.resample(y, contiguous(x), ("average", axes, counted), lambda: [of_average(where, axis, counted) for axis in axes])
    return y


def average_backward(
    where: str,
    axis_count: int,
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: object,
    stride: object,
    padding: PaddingSetting,
    ceil_mode: object,
    count_padding: object,
) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    counted = flag(where, "count_padding", count_padding)
    axes = pool_axes(where, shape, window, stride, padding, 1, ceil_mode)
    check_pooled(where, "dy", dy, pooled_shape(shape, axes))
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(getattr(textbook, f"avg_pool{axis_count}d_backward"), dx, contiguous(dy), *_average_settings(axes, counted))
    else:
        fast.resample(
            dx, contiguous(dy), ("average backward", axes, counted), lambda: [backward(of_average(where, axis, counted)) for axis in axes]
        )
    return dx


@overload
def max_pool1d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> np.ndarray: ...


@overload
def max_pool1d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


def max_pool1d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """As `max_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return max_forward("max_pool1d", 1, x, window, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool2d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> np.ndarray: ...


@overload
def max_pool2d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


def max_pool2d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The largest number of every window that slides over each channel.

        y[n,c,q] = max over s of x[n, c, q*stride + s*dilation - pad]      (one axis shown)

    Padding counts as -inf and never wins.  Equal numbers: the first in scan order wins.  A NaN in the window gives NaN.

    Parameters
    ----------
    x : (N C H W) float32 or float64
    window, stride, dilation : int or one per axis, in pixels
        A stride of None is the window.
    padding : int, one int per axis, one (before, after) pair per axis, "valid", "same" or "full"
    ceil_mode : bool
        Keep a last window that extends beyond the end, if it begins inside the input or the padding before it.
    return_indices : bool
        Also return the positions of the winners.

    Returns
    -------
    y : (N C P Q)
        -inf for a window that lies wholly in the padding.
    indices : (N C P Q) int64
        Flat positions in the unpadded plane of that image and channel; -1 for a window that lies wholly in the padding.

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> max_pool2d(x, 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    >>> y, indices = max_pool2d(x, 2, return_indices=True)
    >>> indices.tolist()
    [[[[5, 7], [13, 15]]]]
    """
    return max_forward("max_pool2d", 2, x, window, stride, padding, dilation, ceil_mode, return_indices)


@overload
def max_pool3d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> np.ndarray: ...


@overload
def max_pool3d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


def max_pool3d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    dilation: SizeSetting = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """As `max_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return max_forward("max_pool3d", 3, x, window, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """As `max_pool2d_backward`, along one axis: dy (N C Q) -> dx (N C W)."""
    return max_backward("max_pool1d_backward", 1, dy, indices, x_shape)


def max_pool2d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of max_pool2d with respect to x: each dy goes to the winner of its window.

    Parameters
    ----------
    dy : (N C P Q) float32 or float64
    indices : (N C P Q) int64
        As max_pool2d(..., return_indices=True) returned them; -1 goes nowhere.
    x_shape : (N C H W)

    Returns
    -------
    dx : (N C H W)
        Gradients of windows that share a winner are added in scan order.

    >>> max_pool2d_backward(np.ones((1, 1, 1, 1)), np.array([[[[3]]]]), (1, 1, 2, 2)).tolist()
    [[[[0.0, 0.0], [0.0, 1.0]]]]
    """
    return max_backward("max_pool2d_backward", 2, dy, indices, x_shape)


def max_pool3d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """As `max_pool2d_backward`, along three axes: dy (N C O P Q) -> dx (N C D H W)."""
    return max_backward("max_pool3d_backward", 3, dy, indices, x_shape)


def avg_pool1d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """As `avg_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return average_forward("avg_pool1d", 1, x, window, stride, padding, ceil_mode, count_padding)


def avg_pool2d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """The mean of every window that slides over each channel.

        y[n,c,q] = 1/count[q] * sum over s of x[n, c, q*stride + s - pad]      (one axis shown)

    float32 is summed in float32: the difference stays below 2e-7 * (taps per axis, added up) of the largest number in the window.

    Parameters
    ----------
    x : (N C H W) float32 or float64
    window, stride, padding, ceil_mode
        As in max_pool2d; padding counts as 0.
    count_padding : bool
        Divide by the taps inside the padded input; otherwise by those inside the input itself.  The overhang in ceil_mode is never
        counted.

    Returns
    -------
    y : (N C P Q)
        0 for a window that lies wholly in the padding.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return average_forward("avg_pool2d", 2, x, window, stride, padding, ceil_mode, count_padding)


def avg_pool3d(
    x: ArrayLike,
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """As `avg_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return average_forward("avg_pool3d", 3, x, window, stride, padding, ceil_mode, count_padding)


def avg_pool1d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """Gradient of avg_pool1d with respect to x: (N C W), from dy (N C Q); settings as there."""
    return average_backward("avg_pool1d_backward", 1, dy, x_shape, window, stride, padding, ceil_mode, count_padding)


def avg_pool2d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """Gradient of avg_pool2d with respect to x: (N C H W), from dy (N C P Q); settings as there."""
    return average_backward("avg_pool2d_backward", 2, dy, x_shape, window, stride, padding, ceil_mode, count_padding)


def avg_pool3d_backward(
    dy: ArrayLike,
    x_shape: Sequence[int],
    window: SizeSetting,
    *,
    stride: SizeSetting | None = None,
    padding: PaddingSetting = 0,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> np.ndarray:
    """Gradient of avg_pool3d with respect to x: (N C D H W), from dy (N C O P Q); settings as there."""
    return average_backward("avg_pool3d_backward", 3, dy, x_shape, window, stride, padding, ceil_mode, count_padding)
