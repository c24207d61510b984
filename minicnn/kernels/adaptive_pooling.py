"""Adaptive pooling for users: the output's size is given.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.arrays import contiguous, empty, x_letters, y_letters
from minicnn.kernels.cpu import pooling_call as fast
from minicnn.kernels.cpu.reads import backward as gathered
from minicnn.kernels.cpu.reads import check_regions, of_regions
from minicnn.kernels.pooling import max_backward
from minicnn.kernels.windows import flag, plane_shape, planes_of, sizes_per_axis


def check_pixels(where: str, shape: Sequence[int]) -> None:
    """There must be something to share among the regions."""
    if 0 in shape[2:]:
        raise ShapeError(f"{where}: x has no pixels\n  x  {tuple(shape)}  {x_letters(len(shape) - 2)}")


def _check_sizes(where: str, x: np.ndarray, sizes: Sequence[int]) -> None:
    """Before anything is allocated."""
    check_pixels(where, x.shape)
    for size, out in zip(x.shape[2:], sizes, strict=True) if x.dtype == np.float32 else ():
        check_regions(where, size, out)


def max_forward(where: str, axis_count: int, x: Any, output_size: object, return_indices: object) -> Any:
    """adaptive_max_pool1d, adaptive_max_pool2d and adaptive_max_pool3d."""
    x = planes_of(where, axis_count, x)
    wanted = flag(where, "return_indices", return_indices)
    sizes = sizes_per_axis(where, "output_size", output_size, axis_count)
    _check_sizes(where, x, sizes)
    y = empty(where, (*x.shape[:2], *sizes), x.dtype)
    indices = empty(where, y.shape, np.int64) if wanted or x.dtype == np.float64 else None
    if x.dtype == np.float64:
        getattr(textbook, f"adaptive_max_pool{axis_count}d_forward")(y, indices, contiguous(x))
    else:
        fast.max_pool(y, indices, contiguous(x), "adaptive",
                      lambda: [of_regions(where, size, out) for size, out in zip(x.shape[2:], sizes, strict=True)])
    return (y, indices) if wanted else y


def average_forward(where: str, axis_count: int, x: Any, output_size: object) -> np.ndarray:
    """adaptive_avg_pool1d, adaptive_avg_pool2d and adaptive_avg_pool3d."""
    x = planes_of(where, axis_count, x)
    sizes = sizes_per_axis(where, "output_size", output_size, axis_count)
    _check_sizes(where, x, sizes)
    y = empty(where, (*x.shape[:2], *sizes), x.dtype)
    if x.dtype == np.float64:
        getattr(textbook, f"adaptive_avg_pool{axis_count}d_forward")(y, contiguous(x))
    else:
        fast.resample(y, contiguous(x), "adaptive",
                      lambda: [of_regions(where, size, out) for size, out in zip(x.shape[2:], sizes, strict=True)])
    return y


def average_backward(where: str, axis_count: int, dy: Any, x_shape: Any) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    check_pixels(where, shape)
    if shape[:2] != dy.shape[:2] or 0 in dy.shape[2:]:
        raise ShapeError(f"{where}: dy has the shape {dy.shape}, which no pooling of {shape} gives"
                         f"\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}\n  x   {shape}  {x_letters(axis_count)}")
    dx = empty(where, shape, dy.dtype)
    if dy.dtype == np.float64:
        getattr(textbook, f"adaptive_avg_pool{axis_count}d_backward")(dx, contiguous(dy))
    else:
        fast.resample(dx, contiguous(dy), "adaptive backward",
                      lambda: [gathered(of_regions(where, size, out)) for size, out in zip(shape[2:], dy.shape[2:], strict=True)])
    return dx


def _family(axes: int) -> tuple[Any, ...]:
    """The functions of one dimension, with their docstrings."""
    x_axes, y_axes = x_letters(axes), y_letters(axes, "C")

    def max_pool(x: Any, output_size: Any, *, return_indices: bool = False) -> Any:
        return max_forward(f"adaptive_max_pool{axes}d", axes, x, output_size, return_indices)

    def max_pool_backward(dy: Any, indices: Any, x_shape: Sequence[int]) -> np.ndarray:
        return max_backward(f"adaptive_max_pool{axes}d_backward", axes, dy, indices, x_shape)

    def avg_pool(x: Any, output_size: Any) -> np.ndarray:
        return average_forward(f"adaptive_avg_pool{axes}d", axes, x, output_size)

    def avg_pool_backward(dy: Any, x_shape: Sequence[int]) -> np.ndarray:
        return average_backward(f"adaptive_avg_pool{axes}d_backward", axes, dy, x_shape)

    max_pool.__doc__ = f"""The largest number of every region, for an output of a given size.

        y[n,c,q] = max over w of x[n,c,w]      where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)      (one axis shown)

    Neighbouring regions share a pixel where the sizes do not divide.  Ties, NaN and indices as in max_pool{axes}d.

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    output_size : int or one per axis
    return_indices : bool
        Also return where the winners lie.

    Returns
    -------
    y : ({y_axes})
    indices : ({y_axes}) int64
        Flat positions in the plane of that image and channel.

    He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional networks for visual recognition", 2014.
    """
    max_pool_backward.__doc__ = f"""Gradient of adaptive_max_pool{axes}d with respect to x: ({x_axes}), from dy and indices ({y_axes})."""
    avg_pool.__doc__ = f"""The mean of every region, for an output of a given size.

        y[n,c,q] = mean over w of x[n,c,w]      where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)      (one axis shown)

    Parameters
    ----------
    x : ({x_axes}) float32 or float64
    output_size : int or one per axis

    Returns
    -------
    y : ({y_axes})
        float32: within 2e-7 * (pixels per axis of a region, added up) of the largest number in the region.

    He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional networks for visual recognition", 2014.
    """
    avg_pool_backward.__doc__ = f"""Gradient of adaptive_avg_pool{axes}d with respect to x: ({x_axes}), from dy ({y_axes})."""
    functions = (max_pool, max_pool_backward, avg_pool, avg_pool_backward)
    for function, name in zip(functions, ("max_pool#", "max_pool#_backward", "avg_pool#", "avg_pool#_backward"), strict=True):
        function.__name__ = function.__qualname__ = "adaptive_" + name.replace("#", f"{axes}d")
    return functions


adaptive_max_pool1d, adaptive_max_pool1d_backward, adaptive_avg_pool1d, adaptive_avg_pool1d_backward = _family(1)
adaptive_max_pool2d, adaptive_max_pool2d_backward, adaptive_avg_pool2d, adaptive_avg_pool2d_backward = _family(2)
adaptive_max_pool3d, adaptive_max_pool3d_backward, adaptive_avg_pool3d, adaptive_avg_pool3d_backward = _family(3)
