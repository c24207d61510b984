"""The fully connected layer for users: linear and its gradients.  float64 goes through the textbook loops, float32 through the tiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, check_shape, contiguous, empty
from minicnn.kernels.dispatch import by_loop, by_tiles, linear_passes, run

__all__ = ["linear", "linear_backward_bias", "linear_backward_input", "linear_backward_weight"]


def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> np.ndarray:
    """Every output is a weighted sum of all features of its image.

        y[n,k] = bias[k] + sum over f of x[n,f] * weight[k,f]

    Parameters
    ----------
    x : (N, F) float32 or float64
    weight : (K, F) of the same type
    bias : (K,), optional

    Returns
    -------
    y : (N, K)
        float32 is summed in float32: the difference stays below 2e-7 * sqrt(F) of the largest partial sum.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.1.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5])).tolist()
    [[11.5]]
    """
    where = "linear"
    given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
    x, weight, *rest = (contiguous(array) if array.ndim else array for array in as_float_arrays(where, **given))
    _check(where, weight, x=(x, "F"))
    if rest:
        check_shape(where, "bias", rest[0], weight.shape[:1], "K")
    y = empty(where, (len(x), len(weight)), x)
    if by_tiles(x, weight):
        linear_passes(x).forward(y, x, weight, rest[0] if rest else None)
    else:
        run(textbook.linear_forward, y, x, weight, rest[0] if rest else np.zeros(len(weight), x.dtype))
    return y


def linear_backward_input(dy: ArrayLike, weight: ArrayLike) -> np.ndarray:
    """Gradient of linear with respect to x: dx[n,f] = sum over k of dy[n,k] * weight[k,f], from dy (N, K) and weight (K, F)."""
    where = "linear_backward_input"
    dy, weight = (contiguous(array) if array.ndim else array for array in as_float_arrays(where, dy=dy, weight=weight))
    _check(where, weight, dy=(dy, "K"))
    dx = empty(where, (len(dy), weight.shape[1]), dy)
    if by_tiles(dy, weight):
        linear_passes(dy).backward_input(dx, dy, weight)
    else:
        run(textbook.linear_backward_input, dx, dy, weight)
    return dx


def linear_backward_weight(dy: ArrayLike, x: ArrayLike) -> np.ndarray:
    """Gradient of linear with respect to weight: dweight[k,f] = sum over n of dy[n,k] * x[n,f], from dy (N, K) and x (N, F)."""
    where = "linear_backward_weight"
    dy, x = (contiguous(array) if array.ndim else array for array in as_float_arrays(where, dy=dy, x=x))
    check_axes(where, "dy", dy, "N K")
    check_axes(where, "x", x, "N F")
    if len(dy) != len(x):
        raise ShapeError(f"{where}: dy has {len(dy)} images, but x has {len(x)}\n  dy  {dy.shape}  N K\n  x   {x.shape}  N F")
    dweight = empty(where, (dy.shape[1], x.shape[1]), x)
    if by_tiles(x, dy):
        linear_passes(x).backward_weight(dweight, dy, x)
    else:
        run(textbook.linear_backward_weight, dweight, dy, x)
    return dweight


def linear_backward_bias(dy: ArrayLike) -> np.ndarray:
    """Gradient of linear with respect to bias: dbias[k] = sum over n of dy[n,k], from dy (N, K)."""
    where = "linear_backward_bias"
    (dy,) = as_float_arrays(where, dy=dy)
    check_axes(where, "dy", dy, "N K")
    dbias = empty(where, dy.shape[1:], dy)
    if by_loop(dy):
        run(textbook.linear_backward_bias, dbias, contiguous(dy))
    else:
        linear_passes(dy).backward_bias(dbias, contiguous(dy))
    return dbias


def _check(where: str, weight: np.ndarray, **other: tuple[np.ndarray, str]) -> None:
    """The weight (K, F), and an array (N, F) or (N, K) that must fit it."""
    ((name, (array, letter)),) = other.items()
    check_axes(where, name, array, f"N {letter}")
    check_axes(where, "weight", weight, "K F")
    wanted = weight.shape["KF".index(letter)]
    if array.shape[1] != wanted:
        word = {"F": "features", "K": "outputs"}[letter]
        raise ShapeError(
            f"{where}: {name} has {array.shape[1]} {word}, but weight was made for {wanted}"
            f"\n  {name:6}  {array.shape}  N {letter}\n  weight  {weight.shape}  K F"
        )
