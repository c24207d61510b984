"""Max and average pooling for users: max_pool1d to 3d, avg_pool1d to 3d and their gradients.

float64 goes through the textbook loops, float32 through the fast ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.geometry import PaddingSetting
from minicnn.kernels import textbook
from minicnn.kernels.arrays import contiguous, empty, x_letters, y_letters
from minicnn.kernels.cpu import pooling_call as fast
from minicnn.kernels.cpu.reads import backward, of_average, of_windows
from minicnn.kernels.windows import Axes, check_pooled, checked_positions, flag, plane_shape, planes_of, pool_axes, pooled_shape


def max_forward(where: str, axis_count: int, x: Any, window: object, stride: object, padding: PaddingSetting, dilation: object,
                ceil_mode: object, return_indices: object) -> Any:
    """max_pool1d, max_pool2d and max_pool3d."""
    x = planes_of(where, axis_count, x)
    wanted = flag(where, "return_indices", return_indices)
    axes = pool_axes(where, x.shape, window, stride, padding, dilation, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x.dtype)
    indices = empty(where, y.shape, np.int64) if wanted or x.dtype == np.float64 else None
    if x.dtype == np.float64:
        settings = (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.dilation for a in axes))
        getattr(textbook, f"max_pool{axis_count}d_forward")(y, indices, contiguous(x), *settings)
    else:
        fast.max_pool(y, indices, contiguous(x), axes, lambda: [of_windows(where, axis) for axis in axes])
    return (y, indices) if wanted else y


def max_backward(where: str, axis_count: int, dy: Any, indices: Any, x_shape: Any) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    check_pooled(where, "dy", dy, (*shape[:2], *dy.shape[2:]))
    indices = checked_positions(where, indices, dy, "dy", shape[2:])
    dx = empty(where, shape, dy.dtype)
    if dy.dtype == np.float64:
        getattr(textbook, f"max_pool{axis_count}d_backward")(dx, contiguous(dy), contiguous(indices))
    else:
        fast.max_pool_backward(dx, contiguous(dy), contiguous(indices))
    return dx


def _average_settings(axes: Axes, count_padding: bool) -> tuple[Any, ...]:
    """As the textbook loops take them."""
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.after for a in axes), count_padding)


def average_forward(where: str, axis_count: int, x: Any, window: object, stride: object, padding: PaddingSetting, ceil_mode: object,
                    count_padding: object) -> np.ndarray:
    """avg_pool1d, avg_pool2d and avg_pool3d."""
    x = planes_of(where, axis_count, x)
    counted = flag(where, "count_padding", count_padding)
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x.dtype)
    if x.dtype == np.float64:
        getattr(textbook, f"avg_pool{axis_count}d_forward")(y, contiguous(x), *_average_settings(axes, counted))
    else:
        fast.resample(y, contiguous(x), ("average", axes, counted), lambda: [of_average(where, axis, counted) for axis in axes])
    return y


def average_backward(where: str, axis_count: int, dy: Any, x_shape: Any, window: object, stride: object, padding: PaddingSetting,
                     ceil_mode: object, count_padding: object) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    counted = flag(where, "count_padding", count_padding)
    axes = pool_axes(where, shape, window, stride, padding, 1, ceil_mode)
    check_pooled(where, "dy", dy, pooled_shape(shape, axes))
    dx = empty(where, shape, dy.dtype)
    if dy.dtype == np.float64:
        getattr(textbook, f"avg_pool{axis_count}d_backward")(dx, contiguous(dy), *_average_settings(axes, counted))
    else:
        fast.resample(dx, contiguous(dy), ("average backward", axes, counted),
                      lambda: [backward(of_average(where, axis, counted)) for axis in axes])
    return dx


def _family(axes: int) -> tuple[Any, ...]:
    """The functions of one dimension, with their docstrings."""
    x_axes, y_axes = x_letters(axes), y_letters(axes, "C")

    def max_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
                 return_indices: bool = False) -> Any:
        return max_forward(f"max_pool{axes}d", axes, x, window, stride, padding, dilation, ceil_mode, return_indices)

    def max_pool_backward(dy: Any, indices: Any, x_shape: Sequence[int]) -> np.ndarray:
        return max_backward(f"max_pool{axes}d_backward", axes, dy, indices, x_shape)

    def avg_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_padding: bool = True
                 ) -> np.ndarray:
        return average_forward(f"avg_pool{axes}d", axes, x, window, stride, padding, ceil_mode, count_padding)

    def avg_pool_backward(dy: Any, x_shape: Sequence[int], window: Any, *, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                          count_padding: bool = True) -> np.ndarray:
        return average_backward(f"avg_pool{axes}d_backward", axes, dy, x_shape, window, stride, padding, ceil_mode, count_padding)

    max_pool.__doc__ = f"""The largest number of every window that slides over each channel.

        y[n,c,q] = max over s of x[n, c, q*stride + s*dilation - pad]      (one axis shown)

    Padding counts as -inf and never wins.  Equal numbers: the first in scan order wins.  A NaN in the window gives NaN.

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    window, stride, dilation : int or one per axis, in pixels
        A stride of None is the window.
    padding : int, one int per axis, one (before, after) pair per axis, "valid", "same" or "full"
    ceil_mode : bool
        Keep a last window that hangs over the end, if it begins inside the input or the padding before it.
    return_indices : bool
        Also return where the winners lie.

    Returns
    -------
    y : ({y_axes})
        -inf for a window that lies wholly in the padding.
    indices : ({y_axes}) int64
        Flat positions in the unpadded plane of that image and channel; -1 for a window that lies wholly in the padding.

    Raises
    ------
    ShapeError, SettingError
        If sizes or settings do not fit together.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.
    """
    max_pool_backward.__doc__ = f"""Gradient of max_pool{axes}d with respect to x: each dy goes to the winner of its window.

    Parameters
    ----------
    dy : ({y_axes}) float32 or float64
    indices : ({y_axes}) int64
        As max_pool{axes}d(..., return_indices=True) returned them; -1 goes nowhere.
    x_shape : ({x_axes})

    Returns
    -------
    dx : ({x_axes})
        Windows that share a winner are added in scan order.
    """
    avg_pool.__doc__ = f"""The mean of every window that slides over each channel.

        y[n,c,q] = 1/count[q] * sum over s of x[n, c, q*stride + s - pad]      (one axis shown)

    float32 is summed in float32: the difference stays below 2e-7 * (taps per axis, added up) of the largest number in the window.

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    window, stride, padding, ceil_mode
        As in max_pool{axes}d; padding counts as 0.
    count_padding : bool
        Divide by the taps inside the padded input; otherwise by those inside the input itself.  What hangs over the end in ceil_mode is
        never counted.

    Returns
    -------
    y : ({y_axes})
        0 for a window that lies wholly in the padding.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.
    """
    avg_pool_backward.__doc__ = f"""Gradient of avg_pool{axes}d with respect to x: ({x_axes}), from dy ({y_axes}); settings as there."""
    functions = (max_pool, max_pool_backward, avg_pool, avg_pool_backward)
    for function, name in zip(functions, ("max_pool#", "max_pool#_backward", "avg_pool#", "avg_pool#_backward"), strict=True):
        function.__name__ = function.__qualname__ = name.replace("#", f"{axes}d")
    return functions


max_pool1d, max_pool1d_backward, avg_pool1d, avg_pool1d_backward = _family(1)
max_pool2d, max_pool2d_backward, avg_pool2d, avg_pool2d_backward = _family(2)
max_pool3d, max_pool3d_backward, avg_pool3d, avg_pool3d_backward = _family(3)
