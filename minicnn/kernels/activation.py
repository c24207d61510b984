"""Activations for users: relu, leaky_relu, tanh, sigmoid, softmax, log_softmax and their gradients.

float64 goes through the textbook loops, float32 through the fast ones: tanh, sigmoid and softmax within 4 units in the last place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import as_float_arrays, check_axes, contiguous, empty
from minicnn.kernels.cpu.pointwise import activation_call as fast
from minicnn.kernels.cpu.pointwise import softmax_call
from minicnn.kernels.dispatch import by_loop, run

__all__ = [
    "leaky_relu",
    "leaky_relu_backward",
    "log_softmax",
    "log_softmax_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
]


def relu(x: ArrayLike) -> np.ndarray:
    """y = max(0, x), for x of any shape, float32 or float64; NaN stays NaN.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.3.1.

    >>> relu(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    """
    return _forward("relu", x)


def relu_backward(dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    """dx = dy where y > 0, else 0: at the kink itself the gradient is 0.

    `y` is the output; the input does as well, for both have the same sign.

    >>> relu_backward(np.ones((1, 2)), y=np.array([[0.0, 2.0]]))
    array([[0., 1.]])
    """
    return _backward("relu", dy, "y", y)


def leaky_relu(x: ArrayLike, slope: float = 0.01) -> np.ndarray:
    """y = x where x > 0, else slope * x, for x of any shape, float32 or float64; NaN stays NaN.

    Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.

    >>> leaky_relu(np.array([[-1.0, 2.0]]), slope=0.1)
    array([[-0.1,  2. ]])
    """
    return _forward("leaky_relu", x, real_number("leaky_relu", "slope", slope))


def leaky_relu_backward(dy: ArrayLike, x: ArrayLike, slope: float = 0.01) -> np.ndarray:
    """dx = dy where x > 0, else slope * dy: at the kink itself the gradient is that of the left side.

    `x` is the input; with a slope below 0 the output has lost its sign.
    """
    return _backward("leaky_relu", dy, "x", x, real_number("leaky_relu_backward", "slope", slope))


def tanh(x: ArrayLike) -> np.ndarray:
    """y = tanh(x), for x of any shape, float32 or float64.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.3.2.

    >>> tanh(np.zeros((1, 2)))
    array([[0., 0.]])
    """
    return _forward("tanh", x)


def tanh_backward(dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    """dx = dy * (1 - y^2), with the output y of tanh."""
    return _backward("tanh", dy, "y", y)


def sigmoid(x: ArrayLike) -> np.ndarray:
    """y = 1 / (1 + exp(-x)), for x of any shape, float32 or float64.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.3.2.

    >>> sigmoid(np.array([[0.0, 100.0]]))
    array([[0.5, 1. ]])
    """
    return _forward("sigmoid", x)


def sigmoid_backward(dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    """dx = dy * y * (1 - y), with the output y of sigmoid."""
    return _backward("sigmoid", dy, "y", y)


def softmax(x: ArrayLike) -> np.ndarray:
    """y[n,k] = exp(x[n,k]) / sum over j of exp(x[n,j]), for rows x (N, K), float32 or float64.

    The largest number of a row is taken away first, so that nothing overflows.  A NaN makes its whole row NaN.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3.

    >>> softmax(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    return _rows_forward("softmax", x)


def softmax_backward(dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    """dx[n,k] = y[n,k] * (dy[n,k] - sum over j of dy[n,j] * y[n,j]), with the output y (N, K) of softmax."""
    return _rows_backward("softmax", dy, y)


def log_softmax(x: ArrayLike) -> np.ndarray:
    """y[n,k] = x[n,k] - log(sum over j of exp(x[n,j])), for rows x (N, K), float32 or float64.

    A plain difference, where the logarithm of a softmax would be log(0) for logits far below the largest.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3.

    >>> log_softmax(np.zeros((1, 4))).round(3)
    array([[-1.386, -1.386, -1.386, -1.386]])
    """
    return _rows_forward("log_softmax", x)


def log_softmax_backward(dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    """dx[n,k] = dy[n,k] - exp(y[n,k]) * sum over j of dy[n,j], with the output y (N, K) of log_softmax."""
    return _rows_backward("log_softmax", dy, y)


def real_number(where: str, name: str, value: object) -> float:
    """Check that a setting is a finite number, not a boolean or text."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise SettingError(f"{where}: {name} is {value!r}, but must be a number")
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        number = np.inf
    if not np.isfinite(number):
        raise SettingError(f"{where}: {name} is {number}, but must be finite")
    return number


def _forward(name: str, x: ArrayLike, *slope: float) -> np.ndarray:
    (x,) = as_float_arrays(name, x=x)
    y = empty(name, x.shape, x)
    if by_loop(x):
        run(getattr(textbook, f"{name}_forward"), y.reshape(-1), contiguous(x).reshape(-1), *slope)
    else:
        fast.forward(name, y, contiguous(x), *slope)
    return y


def _backward(name: str, dy: ArrayLike, kept_name: str, kept: ArrayLike, *slope: float) -> np.ndarray:
    where = f"{name}_backward"
    dy, kept = as_float_arrays(where, dy=dy, **{kept_name: kept})
    same_shape(where, dy, kept_name, kept)
    dx = empty(where, dy.shape, dy)
    if by_loop(dy):
        run(getattr(textbook, where), dx.reshape(-1), contiguous(dy).reshape(-1), contiguous(kept).reshape(-1), *slope)
    else:
        fast.backward(name, dx, contiguous(dy), contiguous(kept), *slope)
    return dx


def same_shape(where: str, dy: np.ndarray, name: str, array: np.ndarray) -> None:
    """dy must have the shape of the array it is the gradient of."""
    if dy.shape != array.shape:
        raise ShapeError(f"{where}: dy has the shape {dy.shape}, but {name} has {array.shape}")


def rows(where: str, name: str, array: np.ndarray) -> np.ndarray:
    """(N, K) with at least one class."""
    check_axes(where, name, array, "N K")
    if not array.shape[1]:
        raise ShapeError(f"{where}: {name} has no classes\n  {name}  {array.shape}  N K")
    return array


def _rows_forward(name: str, x: ArrayLike) -> np.ndarray:
    (x,) = as_float_arrays(name, x=x)
    rows(name, "x", x)
    y = empty(name, x.shape, x)
    if by_loop(x):
        run(getattr(textbook, f"{name}_forward"), y, contiguous(x))
    else:
        softmax_call.forward(name, y, contiguous(x))
    return y


def _rows_backward(name: str, dy: ArrayLike, y: ArrayLike) -> np.ndarray:
    where = f"{name}_backward"
    dy, y = as_float_arrays(where, dy=dy, y=y)
    rows(where, "y", y)
    same_shape(where, dy, "y", y)
    dx = empty(where, y.shape, y)
    if by_loop(y):
        run(getattr(textbook, where), dx, contiguous(dy), contiguous(y))
    else:
        softmax_call.backward(name, dx, contiguous(dy), contiguous(y))
    return dx
