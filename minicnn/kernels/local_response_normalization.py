"""Local response normalization for users.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import whole_number
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number, same_shape
from minicnn.kernels.arrays import as_float_arrays, contiguous, empty
from minicnn.kernels.cpu import local_response_normalization_call as fast


def local_response_norm(x: Any, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> np.ndarray:
    """Strong channels quieten their neighbours at the same position.

        y[n,c] = x[n,c] / (k + alpha * sum over j of x[n,j]^2)^beta      where  c - size//2 <= j <= c + (size-1)//2, within 0 .. C-1

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    size : int
        Channels of a neighbourhood; of an even number the extra one lies before.
    k : float, above 0
    alpha : float, 0 or more
        As it stands: PyTorch and Caffe divide theirs by the size.
    beta : float

    Returns
    -------
    y : (N, C, *space)
        float32: within 1e-6 * (1 + beta * |ln(k + alpha * sum)|) of the true quotient, relatively.

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
    """
    where = "local_response_norm"
    (x,) = as_float_arrays(where, x=x)
    settings = _settings(where, x, size, k, alpha, beta)
    y = empty(where, x.shape, x.dtype)
    if x.dtype == np.float64:
        textbook.local_response_norm_forward(_lines(y), _lines(contiguous(x)), *settings)
    else:
        fast.forward(_lines(y), _lines(contiguous(x)), *settings)
    return y


def local_response_norm_backward(dy: Any, x: Any, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> np.ndarray:
    """Gradient of local_response_norm with respect to x, from dy and x (N, C, *space); settings as there."""
    where = "local_response_norm_backward"
    dy, x = as_float_arrays(where, dy=dy, x=x)
    settings = _settings(where, x, size, k, alpha, beta)
    same_shape(where, dy, "x", x)
    dx = empty(where, x.shape, x.dtype)
    if x.dtype == np.float64:
        textbook.local_response_norm_backward(_lines(dx), _lines(contiguous(dy)), _lines(contiguous(x)), *settings)
    else:
        fast.backward(_lines(dx), _lines(contiguous(dy)), _lines(contiguous(x)), *settings)
    return dx


def _settings(where: str, x: np.ndarray, size: object, k: object, alpha: object, beta: object) -> tuple[int, float, float, float]:
    if x.ndim < 2:
        raise ShapeError(f"{where}: x has {x.ndim} axes, but needs at least 2\n  x  {x.shape}\n  wanted  (N, C, *space)")
    start, factor, power = real_number(where, "k", k), real_number(where, "alpha", alpha), real_number(where, "beta", beta)
    if start <= 0:
        raise SettingError(f"{where}: k is {start}, but must be above 0: where all neighbours are 0 it is what x is divided by")
    if factor < 0:
        raise SettingError(f"{where}: alpha is {factor}, but must be at least 0")
    return whole_number(where, "size", size, least=1), start, factor, power


def _lines(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, C, L)."""
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))
