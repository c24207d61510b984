"""Local response normalization for users.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError
from minicnn.geometry import whole_number
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number, same_shape
from minicnn.kernels.checks.arrays import as_float_arrays, contiguous, empty
from minicnn.kernels.checks.shapes import check_channels, lines
from minicnn.kernels.cpu.normalization import local_response_call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["local_response_norm", "local_response_norm_backward"]


def local_response_norm(x: ArrayLike, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75) -> np.ndarray:
    """Strong channels suppress their neighbours at the same position.

        y[n,c] = x[n,c] / (k + alpha * sum over j of x[n,j]^2)^beta      where  c - size//2 <= j <= c + (size-1)//2, within 0 .. C-1

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    size : int
        Channels of a neighbourhood; if even, the extra one is before.
    k : float, above 0
    alpha : float, 0 or more
        Used as given: PyTorch and Caffe divide theirs by the size.
    beta : float

    Returns
    -------
    y : (N, C, *space)
        float32: within 1e-6 * (1 + beta * |ln(k + alpha * sum)|) of the true quotient, relatively.

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.

    >>> local_response_norm(np.ones((1, 3, 1, 1)), size=3, k=1.0, alpha=1.0, beta=1.0).ravel().round(3).tolist()
    [0.333, 0.25, 0.333]
    """
    where = "local_response_norm"
    (x,) = as_float_arrays(where, x=x)
    settings = _settings(where, x, size, k, alpha, beta)
    y = empty(where, x.shape, x)
    if by_loop(x):
        run(textbook.local_response_norm_forward, lines(y), lines(contiguous(x)), *settings)
    else:
        fast.forward(lines(y), lines(contiguous(x)), *settings)
    return y


def local_response_norm_backward(
    dy: ArrayLike, x: ArrayLike, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> np.ndarray:
    """Gradient of local_response_norm with respect to x, from dy and x (N, C, *space); settings as there."""
    where = "local_response_norm_backward"
    dy, x = as_float_arrays(where, dy=dy, x=x)
    settings = _settings(where, x, size, k, alpha, beta)
    same_shape(where, dy, "x", x)
    dx = empty(where, x.shape, x)
    if by_loop(x):
        run(textbook.local_response_norm_backward, lines(dx), lines(contiguous(dy)), lines(contiguous(x)), *settings)
    else:
        fast.backward(lines(dx), lines(contiguous(dy)), lines(contiguous(x)), *settings)
    return dx


def _settings(where: str, x: np.ndarray, size: object, k: object, alpha: object, beta: object) -> tuple[int, float, float, float]:
    check_channels(where, "x", x.shape)
    start, factor, power = real_number(where, "k", k), real_number(where, "alpha", alpha), real_number(where, "beta", beta)
    if start <= 0:
        raise SettingError(f"{where}: k is {start}, but must be above 0: where all neighbours are 0 it is what x is divided by")
    if factor < 0:
        raise SettingError(f"{where}: alpha is {factor}, but must be at least 0")
    return whole_number(where, "size", size, least=1), start, factor, power
