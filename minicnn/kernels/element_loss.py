"""Losses of outputs that count one by one, for users: binary cross-entropy, squared, absolute and Huber's error, each with its gradient.

They are means over all elements of all images.  Outputs and target have one shape, (N, K) or (N, K, *space), and one type, float32 or
float64.  Both types go through the textbook loops, which sum in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_array, as_float_arrays, check_one_place, contiguous, extremes
from minicnn.kernels.checks.shapes import flattened
from minicnn.kernels.mean_loss import channel_weights, check_any, check_scores, letters, mean_loss, mean_loss_backward

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "huber",
    "huber_backward",
    "mean_absolute_error",
    "mean_absolute_error_backward",
    "mean_squared_error",
    "mean_squared_error_backward",
]


def binary_cross_entropy(logits: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike | None = None) -> float:
    """How surprised the network is by yes and no, in nats, averaged over all elements.

        loss = mean of pos_weight[k] * target * -log p  +  (1 - target) * -log(1 - p),      p = 1 / (1 + exp(-logits))

    Parameters
    ----------
    logits : (N, K, *space) float32 or float64
    target : shape of logits
        Integers 0 and 1, or numbers between them in the type of logits.
    pos_weight : float or (K,)
        How much a yes counts beside a no, at least 0.

    Returns
    -------
    loss : float
        As PyTorch's binary_cross_entropy_with_logits.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is nothing to average over.
    SettingError
        If the target leaves the range from 0 to 1.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.2.

    >>> round(binary_cross_entropy(np.zeros((1, 1)), np.ones((1, 1))), 4)
    0.6931
    """
    where = "binary_cross_entropy"
    logits, target, weights = _checked_yes_or_no(where, logits, target, pos_weight)
    check_any(where, "logits", logits)
    return mean_loss(where, where, flattened(logits), flattened(target), logits.size, weights)


def binary_cross_entropy_backward(dloss: float, logits: ArrayLike, target: ArrayLike, *, pos_weight: ArrayLike | None = None) -> np.ndarray:
    """Gradient of binary_cross_entropy with respect to logits: dloss / size * ((1 - target) * p - pos_weight[k] * target * (1 - p))."""
    where = "binary_cross_entropy_backward"
    logits, target, weights = _checked_yes_or_no(where, logits, target, pos_weight)
    dlogits = mean_loss_backward(where, "binary_cross_entropy", dloss, flattened(logits), flattened(target), logits.size, weights)
    return dlogits.reshape(logits.shape)


def mean_squared_error(y: ArrayLike, target: ArrayLike) -> float:
    """The mean of (y - target)^2 over all elements of y (N, K, *space).

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 5.1.4.

    >>> mean_squared_error(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    2.0
    """
    return _forward("mean_squared_error", y, target)


def mean_squared_error_backward(dloss: float, y: ArrayLike, target: ArrayLike) -> np.ndarray:
    """dy = dloss / size * 2 * (y - target)"""
    return _backward("mean_squared_error", dloss, y, target)


def mean_absolute_error(y: ArrayLike, target: ArrayLike) -> float:
    """The mean of |y - target| over all elements of y (N, K, *space).

    Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2009, section 10.6.

    >>> mean_absolute_error(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    1.0
    """
    return _forward("mean_absolute_error", y, target)


def mean_absolute_error_backward(dloss: float, y: ArrayLike, target: ArrayLike) -> np.ndarray:
    """dy = dloss / size * sign of y - target: at the kink itself the gradient is 0."""
    return _backward("mean_absolute_error", dloss, y, target)


def huber(y: ArrayLike, target: ArrayLike, *, delta: float = 1.0) -> float:
    """The mean over all elements of y (N, K, *space) of d^2 / 2 where |d| <= delta, else delta * (|d| - delta / 2), with d = y - target.

    Huber, "Robust estimation of a location parameter", 1964, section 4.

    >>> huber(np.array([[0.0, 0.0]]), np.array([[0.5, 3.0]]), delta=1.0)
    1.3125
    """
    return _forward("huber", y, target, _checked_delta("huber", delta))


def huber_backward(dloss: float, y: ArrayLike, target: ArrayLike, *, delta: float = 1.0) -> np.ndarray:
    """dy = dloss / size * (y - target, cut to the range from -delta to delta)"""
    return _backward("huber", dloss, y, target, _checked_delta("huber_backward", delta))


def _forward(loss: str, y: ArrayLike, target: ArrayLike, *settings: float) -> float:
    y, target = _checked(loss, y, target)
    check_any(loss, "y", y)
    return mean_loss(loss, loss, flattened(y), flattened(target), y.size, *settings)


def _backward(loss: str, dloss: object, y: ArrayLike, target: ArrayLike, *settings: float) -> np.ndarray:
    where = f"{loss}_backward"
    y, target = _checked(where, y, target)
    return mean_loss_backward(where, loss, dloss, flattened(y), flattened(target), y.size, *settings).reshape(y.shape)


def _checked(where: str, y: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    y, target = as_float_arrays(where, y=y, target=target)
    check_scores(where, "y", y)
    _check_same(where, "y", y, target)
    return contiguous(y), contiguous(target)


def _check_same(where: str, name: str, y: np.ndarray, target: np.ndarray) -> None:
    if y.shape != target.shape:
        width = max(len(name), len("target"))
        raise ShapeError(
            f"{where}: target has the shape {target.shape}, but needs that of {name}, {y.shape}"
            f"\n  {name:{width}}  {y.shape}  {letters(y)}\n  {'target':{width}}  {target.shape}"
        )


def _checked_yes_or_no(where: str, logits: Any, target: Any, pos_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (logits,), target = as_float_arrays(where, logits=logits), as_array(where, "target", target)
    if target.dtype.kind in "biu":
        if type(target) is np.ndarray:
            target = target if target.dtype.kind == "u" and target.size and target.max() > 1 else target.astype(np.int64)
        check_one_place(where, "logits", logits, "target", target)
        low, high = extremes(target) if target.size else (0, 0)
    else:
        logits, target = as_float_arrays(where, logits=logits, target=target)
        on_host = type(target) is np.ndarray and target.size  # a device would have to be waited for
        low, high = (target.min(), target.max()) if on_host else (0, 0)
    if low < 0 or high > 1:
        raise SettingError(f"{where}: target runs from {low:g} to {high:g}, but must lie between 0, no, and 1, yes")
    check_scores(where, "logits", logits)
    _check_same(where, "logits", logits, target)
    return contiguous(logits), contiguous(target), channel_weights(where, "pos_weight", pos_weight, logits)


def _checked_delta(where: str, delta: object) -> float:
    number = real_number(where, "delta", delta)
    if number <= 0:
        raise SettingError(f"{where}: delta is {number:g}, but must be above 0")
    return number
