"""Dropout for users.  float64 goes through the textbook loops, float32 through the fast ones; both drop the same elements."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import whole_number
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_float_arrays, contiguous, empty
from minicnn.kernels.cpu.pointwise import dropout_call as fast
from minicnn.kernels.dispatch import by_loop, run
from minicnn.kernels.random_bits import uniform_bits

__all__ = ["dropout", "dropout_backward"]


def dropout(x: ArrayLike, rate: float, *, seed: int) -> np.ndarray:
    """In training, set a share of all elements to zero and scale the others up, so that the expected value is unchanged.

        y[n,f] = x[n,f] / (1 - rate) where random bits of (seed, n, f) say so, else 0

    The bits are a pure function of seed, image and element: the same call drops the same elements on every machine.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Parameters
    ----------
    x : (N, ...) float32 or float64
    rate : float, 0 <= rate < 1
        Share to drop.
    seed : int
        Use a new one for every batch.

    >>> y = dropout(np.ones((1, 1000)), 0.25, seed=3)
    >>> sorted({round(each, 3) for each in y[0].tolist()})
    [0.0, 1.333]
    """
    return _run("dropout", "x", x, rate, seed)


def dropout_backward(dy: ArrayLike, rate: float, *, seed: int) -> np.ndarray:
    """Gradient of dropout with respect to x: dy / (1 - rate) where the same seed kept the element, else 0."""
    return _run("dropout_backward", "dy", dy, rate, seed)


def _run(where: str, name: str, x: ArrayLike, rate: object, seed: object) -> np.ndarray:
    (x,) = as_float_arrays(where, **{name: x})
    if not x.ndim:
        raise ShapeError(f"{where}: {name} is a single number, but needs an axis of images\n  wanted  (N, ...)")
    share = real_number(where, "rate", rate)
    if not 0 <= share < 1:
        raise SettingError(f"{where}: rate is {share}, but must be from 0 to below 1")
    key = uniform_bits(whole_number(where, "seed", seed, least=0), 0, 0)
    y = empty(where, x.shape, x)
    rows = (len(x), prod(x.shape[1:]))
    if by_loop(x):
        run(textbook.dropout_forward, y.reshape(rows), contiguous(x).reshape(rows), key, 0, share)
    else:
        fast.dropout(y.reshape(rows), contiguous(x).reshape(rows), key, share)
    return y
