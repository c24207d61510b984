"""Adaptive pooling for users: the output's size is given.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import ShapeError
from minicnn.geometry import SizeSetting
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import contiguous, empty, x_letters, y_letters
from minicnn.kernels.checks.windows import flag, plane_shape, planes_of, sizes_per_axis
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.cpu.pooling.reads import backward as gathered
from minicnn.kernels.cpu.pooling.reads import check_regions, of_regions
from minicnn.kernels.dispatch import by_loop, run
from minicnn.kernels.pooling import max_backward

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool1d_backward",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "adaptive_avg_pool3d",
    "adaptive_avg_pool3d_backward",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_backward",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_backward",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_backward",
]


def check_pixels(where: str, shape: Sequence[int]) -> None:
    """There must be pixels to distribute over the regions."""
    if 0 in shape[2:]:
        raise ShapeError(f"{where}: x has no pixels\n  x  {tuple(shape)}  {x_letters(len(shape) - 2)}")


def _check_sizes(where: str, x: np.ndarray, sizes: Sequence[int]) -> None:
    """Before anything is allocated."""
    check_pixels(where, x.shape)
    for size, out in zip(x.shape[2:], sizes, strict=True) if not by_loop(x) else ():
        check_regions(where, size, out)


def max_forward(
    where: str, axis_count: int, x: ArrayLike, output_size: object, return_indices: object
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """adaptive_max_pool1d, adaptive_max_pool2d and adaptive_max_pool3d."""
    x = planes_of(where, axis_count, x)
    wanted = flag(where, "return_indices", return_indices)
    sizes = sizes_per_axis(where, "output_size", output_size, axis_count)
    _check_sizes(where, x, sizes)
    y = empty(where, (*x.shape[:2], *sizes), x)
    indices = empty(where, y.shape, x, np.int64) if wanted or by_loop(x) else None
    if by_loop(x):
        run(getattr(textbook, f"adaptive_max_pool{axis_count}d_forward"), y, indices, contiguous(x))
    else:
        fast.max_pool(
            y,
            indices,
            contiguous(x),
            "adaptive",
            lambda: [of_regions(where, size, out) for size, out in zip(x.shape[2:], sizes, strict=True)],
        )
    return y if indices is None or not wanted else (y, indices)


def average_forward(where: str, axis_count: int, x: ArrayLike, output_size: object) -> np.ndarray:
    """adaptive_avg_pool1d, adaptive_avg_pool2d and adaptive_avg_pool3d."""
    x = planes_of(where, axis_count, x)
    sizes = sizes_per_axis(where, "output_size", output_size, axis_count)
    _check_sizes(where, x, sizes)
    y = empty(where, (*x.shape[:2], *sizes), x)
    if by_loop(x):
        run(getattr(textbook, f"adaptive_avg_pool{axis_count}d_forward"), y, contiguous(x))
    else:
        fast.resample(
            y, contiguous(x), "adaptive", lambda: [of_regions(where, size, out) for size, out in zip(x.shape[2:], sizes, strict=True)]
        )
    return y


def average_backward(where: str, axis_count: int, dy: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """The gradient of x."""
    dy = planes_of(where, axis_count, dy, "dy", y_letters(axis_count, "C"))
    shape = plane_shape(where, axis_count, x_shape)
    check_pixels(where, shape)
    if shape[:2] != dy.shape[:2] or 0 in dy.shape[2:]:
        raise ShapeError(
            f"{where}: dy has the shape {dy.shape}, which no pooling of {shape} gives"
            f"\n  dy  {dy.shape}  {y_letters(axis_count, 'C')}\n  x   {shape}  {x_letters(axis_count)}"
        )
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(getattr(textbook, f"adaptive_avg_pool{axis_count}d_backward"), dx, contiguous(dy))
    else:
        fast.resample(
            dx,
            contiguous(dy),
            "adaptive backward",
            lambda: [gathered(of_regions(where, size, out)) for size, out in zip(shape[2:], dy.shape[2:], strict=True)],
        )
    return dx


@overload
def adaptive_max_pool1d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[False] = False) -> np.ndarray: ...


@overload
def adaptive_max_pool1d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...


def adaptive_max_pool1d(
    x: ArrayLike, output_size: SizeSetting, *, return_indices: bool = False
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """As `adaptive_max_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return max_forward("adaptive_max_pool1d", 1, x, output_size, return_indices)


@overload
def adaptive_max_pool2d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[False] = False) -> np.ndarray: ...


@overload
def adaptive_max_pool2d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...


def adaptive_max_pool2d(
    x: ArrayLike, output_size: SizeSetting, *, return_indices: bool = False
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The largest number of every region, for an output of a given size.

        y[n,c,q] = max over w of x[n,c,w]      where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)      (one axis shown)

    Neighbouring regions share a pixel if the sizes do not divide evenly.  Ties, NaN and indices as in max_pool2d.

    Parameters
    ----------
    x : (N C H W) float32 or float64
    output_size : int or one per axis
    return_indices : bool
        Also return the positions of the winners.

    Returns
    -------
    y : (N C P Q)
    indices : (N C P Q) int64
        Flat positions in the plane of that image and channel.

    He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional networks for visual recognition", 2014.

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> adaptive_max_pool2d(x, (2, 3)).tolist()
    [[[[5.0, 6.0, 7.0], [13.0, 14.0, 15.0]]]]
    """
    return max_forward("adaptive_max_pool2d", 2, x, output_size, return_indices)


@overload
def adaptive_max_pool3d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[False] = False) -> np.ndarray: ...


@overload
def adaptive_max_pool3d(x: ArrayLike, output_size: SizeSetting, *, return_indices: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...


def adaptive_max_pool3d(
    x: ArrayLike, output_size: SizeSetting, *, return_indices: bool = False
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """As `adaptive_max_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return max_forward("adaptive_max_pool3d", 3, x, output_size, return_indices)


def adaptive_max_pool1d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_max_pool1d with respect to x: (N C W), from dy and indices (N C Q)."""
    return max_backward("adaptive_max_pool1d_backward", 1, dy, indices, x_shape)


def adaptive_max_pool2d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_max_pool2d with respect to x: (N C H W), from dy and indices (N C P Q)."""
    return max_backward("adaptive_max_pool2d_backward", 2, dy, indices, x_shape)


def adaptive_max_pool3d_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_max_pool3d with respect to x: (N C D H W), from dy and indices (N C O P Q)."""
    return max_backward("adaptive_max_pool3d_backward", 3, dy, indices, x_shape)


def adaptive_avg_pool1d(x: ArrayLike, output_size: SizeSetting) -> np.ndarray:
    """As `adaptive_avg_pool2d`, along one axis: x (N C W) -> y (N C Q)."""
    return average_forward("adaptive_avg_pool1d", 1, x, output_size)


def adaptive_avg_pool2d(x: ArrayLike, output_size: SizeSetting) -> np.ndarray:
    """The mean of every region, for an output of a given size.

        y[n,c,q] = mean over w of x[n,c,w]      where  floor(q*W/Q) <= w < ceil((q+1)*W/Q)      (one axis shown)

    Parameters
    ----------
    x : (N C H W) float32 or float64
    output_size : int or one per axis

    Returns
    -------
    y : (N C P Q)
        float32: within 2e-7 * (pixels per axis of a region, added up) of the largest number in the region.

    He, Zhang, Ren, Sun, "Spatial pyramid pooling in deep convolutional networks for visual recognition", 2014.

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> adaptive_avg_pool2d(x, 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    return average_forward("adaptive_avg_pool2d", 2, x, output_size)


def adaptive_avg_pool3d(x: ArrayLike, output_size: SizeSetting) -> np.ndarray:
    """As `adaptive_avg_pool2d`, along three axes: x (N C D H W) -> y (N C O P Q)."""
    return average_forward("adaptive_avg_pool3d", 3, x, output_size)


def adaptive_avg_pool1d_backward(dy: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_avg_pool1d with respect to x: (N C W), from dy (N C Q)."""
    return average_backward("adaptive_avg_pool1d_backward", 1, dy, x_shape)


def adaptive_avg_pool2d_backward(dy: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_avg_pool2d with respect to x: (N C H W), from dy (N C P Q)."""
    return average_backward("adaptive_avg_pool2d_backward", 2, dy, x_shape)


def adaptive_avg_pool3d_backward(dy: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of adaptive_avg_pool3d with respect to x: (N C D H W), from dy (N C O P Q)."""
    return average_backward("adaptive_avg_pool3d_backward", 3, dy, x_shape)
