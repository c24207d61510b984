"""Pooling across channels for users.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError, suggestion
from minicnn.geometry import whole_number
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_shape, contiguous, empty
from minicnn.kernels.checks.shapes import check_channels, lines
from minicnn.kernels.cpu.pooling import channel_call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["channel_pool", "channel_pool_backward"]

MODES = ("max", "avg", "l2")


def channel_pool(x: ArrayLike, size: int, *, mode: str = "max") -> np.ndarray:
    """`size` consecutive channels become one, position by position.

        "max"  y[n,m] = max over c of x[n,c]                (maxout)
        "avg"  y[n,m] = 1/size * sum over c of x[n,c]
        "l2"   y[n,m] = sqrt(sum over c of x[n,c]^2)        where  m*size <= c < (m+1)*size

    Filters that have learnt rotated versions of one pattern give, pooled, an answer that is invariant to the rotation.

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    size : int
        Must divide C.
    mode : "max", "avg" or "l2"

    Returns
    -------
    y : (N, C/size, *space)
        A NaN among the channels gives NaN.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.3 and figure 9.9.  Goodfellow, Warde-Farley, Mirza, Courville, Bengio,
    "Maxout networks", 2013.

    >>> x = np.arange(4.0).reshape(1, 4, 1, 1)
    >>> channel_pool(x, 2).ravel().tolist()
    [1.0, 3.0]
    >>> channel_pool(x, 2, mode="avg").ravel().tolist()
    [0.5, 2.5]
    """
    where = "channel_pool"
    (x,) = as_float_arrays(where, x=x)
    size, shape = _resolved(where, x, size, mode)
    y = empty(where, shape, x)
    if by_loop(x):
        _textbook_forward(where, mode, lines(y), lines(contiguous(x)), size)
    else:
        fast.forward(mode, lines(y), lines(contiguous(x)), size)
    return y


def channel_pool_backward(dy: ArrayLike, x: ArrayLike, size: int, *, mode: str = "max") -> np.ndarray:
    """Gradient of channel_pool with respect to x (N, C, *space), from dy (N, C/size, *space).

    "max": to the first channel that has the maximum.  "avg": equal shares.  "l2": dy * x / y, 0 where all channels are 0.
    """
    where = "channel_pool_backward"
    dy, x = as_float_arrays(where, dy=dy, x=x)
    size, shape = _resolved(where, x, size, mode)
    check_shape(where, "dy", dy, shape, "N C/size *space")
    dx = empty(where, x.shape, x)
    if by_loop(x):
        _textbook_backward(where, mode, lines(dx), lines(contiguous(dy)), lines(contiguous(x)), size)
    else:
        fast.backward(mode, lines(dx), lines(contiguous(dy)), lines(contiguous(x)), size)
    return dx


def _resolved(where: str, x: np.ndarray, size: object, mode: object) -> tuple[int, tuple[int, ...]]:
    """The checked size, and the shape of the result."""
    check_channels(where, "x", x.shape)
    if not isinstance(mode, str) or mode not in MODES:
        raise SettingError(f"{where}: mode {mode!r} is not one of {', '.join(MODES)}{suggestion(mode, MODES)}")
    number = whole_number(where, "size", size, least=1)
    if x.shape[1] % number:
        raise ShapeError(f"{where}: {x.shape[1]} channels do not divide into groups of {number}\n  x  {x.shape}  N C *space")
    return number, (x.shape[0], x.shape[1] // number, *x.shape[2:])


def _textbook_forward(where: str, mode: str, y: np.ndarray, x: np.ndarray, size: int) -> np.ndarray:
    """Write y; returns what the gradient needs besides x: the winners, or the lengths."""
    if mode == "max":
        winners = empty(where, y.shape, x, np.int64)
        run(textbook.channel_max_pool_forward, y, winners, x, size)
        return winners
    run(getattr(textbook, f"channel_{mode}_pool_forward"), y, x, size)
    return y


def _textbook_backward(where: str, mode: str, dx: np.ndarray, dy: np.ndarray, x: np.ndarray, size: int) -> None:
    if mode == "avg":
        run(textbook.channel_avg_pool_backward, dx, dy, size)
        return
    kept = _textbook_forward(where, mode, empty(where, dy.shape, dy), x, size)
    if mode == "max":
        run(textbook.channel_max_pool_backward, dx, dy, kept, size)
    else:
        run(textbook.channel_l2_pool_backward, dx, dy, x, kept, size)
