"""L2 pooling for users: l2_pool1d to 3d and their gradients.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.geometry import PaddingSetting
from minicnn.kernels import textbook
from minicnn.kernels.activation import same_shape
from minicnn.kernels.arrays import as_float_arrays, check_axes, contiguous, empty, x_letters, y_letters
from minicnn.kernels.cpu import pooling_call as fast
from minicnn.kernels.cpu.reads import backward as gathered
from minicnn.kernels.cpu.reads import of_windows
from minicnn.kernels.windows import Axes, check_pooled, planes_of, pool_axes, pooled_shape


def _numbers(axes: Axes) -> tuple[int, ...]:
    """The settings as the textbook loops take them."""
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes))


def forward(where: str, axis_count: int, x: Any, window: object, stride: object, padding: PaddingSetting, ceil_mode: object) -> np.ndarray:
    """l2_pool1d, l2_pool2d and l2_pool3d."""
    x = planes_of(where, axis_count, x)
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    y = empty(where, pooled_shape(x.shape, axes), x.dtype)
    if x.dtype == np.float64:
        getattr(textbook, f"l2_pool{axis_count}d_forward")(y, contiguous(x), *_numbers(axes))
    else:
        fast.l2_pool(y, contiguous(x), axes, lambda: [of_windows(where, axis) for axis in axes])
    return y


def backward(where: str, axis_count: int, dy: Any, x: Any, y: Any, window: object, stride: object, padding: PaddingSetting,
             ceil_mode: object) -> np.ndarray:
    """The gradient of x."""
    dy, x, y = as_float_arrays(where, dy=dy, x=x, y=y)
    check_axes(where, "x", x, x_letters(axis_count))
    axes = pool_axes(where, x.shape, window, stride, padding, 1, ceil_mode)
    check_pooled(where, "y", y, pooled_shape(x.shape, axes))
    same_shape(where, dy, "y", y)
    dx = empty(where, x.shape, x.dtype)
    if x.dtype == np.float64:
        getattr(textbook, f"l2_pool{axis_count}d_backward")(dx, contiguous(dy), contiguous(x), contiguous(y), *_numbers(axes))
    else:
        fast.l2_pool_backward(dx, contiguous(dy), contiguous(x), contiguous(y), axes,
                              lambda: [gathered(of_windows(where, axis)) for axis in axes])
    return dx


def _family(axes: int) -> tuple[Any, Any]:
    """The functions of one dimension, with their docstrings."""
    name, x_axes, y_axes = f"l2_pool{axes}d", x_letters(axes), y_letters(axes, "C")

    def l2_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0, ceil_mode: bool = False) -> np.ndarray:
        return forward(name, axes, x, window, stride, padding, ceil_mode)

    def l2_pool_backward(dy: Any, x: Any, y: Any, window: Any, *, stride: Any = None, padding: Any = 0, ceil_mode: bool = False
                         ) -> np.ndarray:
        return backward(f"{name}_backward", axes, dy, x, y, window, stride, padding, ceil_mode)

    l2_pool.__doc__ = f"""The length of every window that slides over each channel: the root of the sum of squares.

        y[n,c,q] = sqrt(sum over s of x[n, c, q*stride + s - pad]^2)      (one axis shown)

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    window, stride, padding, ceil_mode
        As in max_pool{axes}d; padding counts as 0.

    Returns
    -------
    y : ({y_axes})
        A sum, not a mean: PyTorch's lp_pool with norm_type=2.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3.
    """
    l2_pool_backward.__doc__ = f"""Gradient of {name} with respect to x: 0 where a whole window is 0.

        dx[n,c,w] = x[n,c,w] * sum over the windows q that hold w of dy[n,c,q] / y[n,c,q]      (one axis shown)

    Parameters
    ----------
    dy, y : ({y_axes}) float32 or float64
        y as {name} returned it.  In float32 the quotient dy / y must be a float32: lengths below 1e-38 times dy overflow.
    x : ({x_axes})
    window, stride, padding, ceil_mode
        As in {name}.

    Returns
    -------
    dx : ({x_axes})
    """
    for function, suffix in ((l2_pool, ""), (l2_pool_backward, "_backward")):
        function.__name__ = function.__qualname__ = name + suffix
    return l2_pool, l2_pool_backward


l2_pool1d, l2_pool1d_backward = _family(1)
l2_pool2d, l2_pool2d_backward = _family(2)
l2_pool3d, l2_pool3d_backward = _family(3)
