"""Global pooling for users: one number per channel.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_shape, contiguous, empty
from minicnn.kernels.checks.shapes import check_channels, checked_shape, lines
from minicnn.kernels.checks.windows import checked_positions, flag
from minicnn.kernels.cpu.pooling import call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["global_avg_pool", "global_avg_pool_backward", "global_max_pool", "global_max_pool_backward"]


@overload
def global_max_pool(x: ArrayLike, *, return_indices: Literal[False] = False) -> np.ndarray: ...


@overload
def global_max_pool(x: ArrayLike, *, return_indices: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...


def global_max_pool(x: ArrayLike, *, return_indices: bool = False) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The largest number of every channel: y[n,c] = max over all positions l of x[n,c,l].

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    return_indices : bool
        Also return the positions of the winners.

    Returns
    -------
    y : (N, C)
        Ties and NaN as in max_pool2d.
    indices : (N, C) int64
        Flat positions in the plane of that image and channel.

    Oquab, Bottou, Laptev, Sivic, "Is object localization for free?", 2015, section 3.

    >>> global_max_pool(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[3.0, 7.0]]
    """
    where = "global_max_pool"
    x = _planes(where, x)
    wanted = flag(where, "return_indices", return_indices)
    y, indices = empty(where, x.shape[:2], x), empty(where, x.shape[:2], x, np.int64)
    if by_loop(x):
        run(textbook.global_max_pool_forward, y, indices, lines(contiguous(x)))
    else:
        fast.global_max_pool(y, indices, contiguous(x))
    return (y, indices) if wanted else y


def global_max_pool_backward(dy: ArrayLike, indices: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of global_max_pool with respect to x (N, C, *space): each dy (N, C) goes to the winner of its channel.

    `indices` (N, C) int64 as global_max_pool(x, return_indices=True) returned them.
    """
    where = "global_max_pool_backward"
    dy, shape = _gradient(where, dy, x_shape)
    indices = checked_positions(where, indices, dy, "dy", shape[2:])
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(textbook.global_max_pool_backward, lines(dx), contiguous(dy), contiguous(indices))
    else:
        fast.max_pool_backward(dx, contiguous(dy), contiguous(indices))
    return dx


def global_avg_pool(x: ArrayLike) -> np.ndarray:
    """The mean of every channel: y[n,c] = 1/L * sum over all positions l of x[n,c,l].

    Parameters
    ----------
    x : (N, C, *space) float32 or float64

    Returns
    -------
    y : (N, C)
        float32 is summed in float32 within 64 vectors and in float64 over these: within 2e-6 of the largest number of the channel.

    Lin, Chen, Yan, "Network in network", 2014, section 3.2.

    >>> global_avg_pool(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[1.5, 5.5]]
    """
    where = "global_avg_pool"
    x = _planes(where, x)
    y = empty(where, x.shape[:2], x)
    if by_loop(x):
        run(textbook.global_avg_pool_forward, y, lines(contiguous(x)))
    else:
        fast.global_avg_pool(y, contiguous(x))
    return y


def global_avg_pool_backward(dy: ArrayLike, x_shape: Sequence[int]) -> np.ndarray:
    """Gradient of global_avg_pool with respect to x (N, C, *space): dx[n,c,l] = dy[n,c] / L."""
    where = "global_avg_pool_backward"
    dy, shape = _gradient(where, dy, x_shape)
    dx = empty(where, shape, dy)
    if by_loop(dy):
        run(textbook.global_avg_pool_backward, lines(dx), contiguous(dy))
    else:
        fast.global_avg_pool_backward(dx, contiguous(dy))
    return dx


def _planes(where: str, x: ArrayLike) -> np.ndarray:
    (x,) = as_float_arrays(where, x=x)
    _check(where, x.shape)
    return x


def _gradient(where: str, dy: ArrayLike, x_shape: Sequence[int]) -> tuple[np.ndarray, tuple[int, ...]]:
    (dy,) = as_float_arrays(where, dy=dy)
    shape = checked_shape(where, "x_shape", x_shape)
    _check(where, shape)
    check_shape(where, "dy", dy, shape[:2], "N C")
    return dy, shape


def _check(where: str, shape: tuple[int, ...]) -> None:
    check_channels(where, "x", shape)
    if not prod(shape[2:]):
        raise ShapeError(f"{where}: x has no pixels\n  x  {shape}  N C *space")
