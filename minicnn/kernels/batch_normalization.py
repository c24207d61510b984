"""Batch normalization for users.  float64 goes through the textbook loops, float32 through the fast ones."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number, same_shape
from minicnn.kernels.checks.arrays import as_float_arrays, beside, check_shape, contiguous, empty, on_host
from minicnn.kernels.checks.shapes import check_channels, lines
from minicnn.kernels.cpu.normalization import batch_call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["batch_norm", "batch_norm_backward", "batch_norm_training", "batch_norm_training_backward"]


class BatchNorm(NamedTuple):
    """What batch_norm_training returns.

    y : (N, C, *space)
    mean, variance : (C,)
        Of this batch; the gradient needs them.
    running_mean, running_variance : (C,), or None if none were given
        The running averages after this batch.
    """

    y: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    running_mean: np.ndarray | None
    running_variance: np.ndarray | None


def batch_norm(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, mean: ArrayLike, variance: ArrayLike, *, epsilon: float = 1e-5
) -> np.ndarray:
    """Shift and scale every channel by given statistics, as a trained network does.

        y[n,c] = gamma[c] * (x[n,c] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    gamma, beta, mean, variance : (C,) of the same type
        variance is 0 or more.
    epsilon : float, above 0

    Returns
    -------
    y : (N, C, *space)

    Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015, algorithm 2.
    """
    where = "batch_norm"
    x, gamma, beta, mean, variance = _checked(where, {"x": x}, gamma=gamma, beta=beta, mean=mean, variance=variance)
    number = _epsilon(where, epsilon)
    check_variance(where, variance)
    y = empty(where, x.shape, x)
    if x.size and by_loop(x):
        run(textbook.batch_norm_inference_forward, lines(y), lines(x), mean, variance, gamma, beta, number)
    elif x.size:
        fast.inference(lines(y), lines(x), mean, variance, gamma, beta, number)
    return y


def batch_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, mean: ArrayLike, variance: ArrayLike, *, epsilon: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of batch_norm with respect to x, gamma and beta: (dx, dgamma, dbeta); mean and variance are constants."""
    return _backward("batch_norm_backward", "inference", dy, x, gamma, mean, variance, epsilon)


def batch_norm_training(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    running_mean: ArrayLike | None = None,
    running_variance: ArrayLike | None = None,
    *,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> BatchNorm:
    """Shift and scale every channel to mean 0 and variance 1 over the batch, then by gamma and beta; update the running averages.

        mean[c] = mean over images n and positions l of x[n,c,l],   variance[c] = mean of (x[n,c,l] - mean[c])^2
        y[n,c] = gamma[c] * (x[n,c] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_variance = (1 - momentum) * running_variance + momentum * variance * M/(M - 1)      where M counts images and positions

    Parameters
    ----------
    x : (N, C, *space) float32 or float64
    gamma, beta : (C,) of the same type
    running_mean, running_variance : (C,), both or none
        Not written: the new ones are returned.  If a channel holds a single number (M = 1: one image of flat features or of one pixel),
        which has no variance, they are returned unchanged: Keras then pulls the variance towards 0, PyTorch refuses.
    momentum : float, 0 to 1
        Share of the new batch, as in PyTorch.
    epsilon : float, above 0

    Returns
    -------
    BatchNorm(y, mean, variance, running_mean, running_variance)

    Raises
    ------
    ShapeError
        If there are no numbers to average.

    float32: deviations from the mean beyond 1.8e19 have infinite squares, and an infinite variance.

    Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015, algorithm 1;
    M/(M - 1) as in its algorithm 2.
    """
    where = "batch_norm_training"
    if (running_mean is None) != (running_variance is None):
        raise SettingError(f"{where}: only one of running_mean and running_variance is given\n  give both or neither")
    given = {"running_mean": running_mean, "running_variance": running_variance}
    running = {name: values for name, values in given.items() if values is not None}
    x, gamma, beta, *old = _checked(where, {"x": x}, gamma=gamma, beta=beta, **running)
    number, share = _epsilon(where, epsilon), real_number(where, "momentum", momentum)
    if not 0 <= share <= 1:
        raise SettingError(f"{where}: momentum is {share}, but must be between 0 and 1")
    count = x.shape[0] * prod(x.shape[2:])
    if not count:
        raise ShapeError(f"{where}: x holds no numbers to take the mean of\n  x  {x.shape}  N C *space")
    y = empty(where, x.shape, x)
    mean, variance = empty(where, gamma.shape, x), empty(where, gamma.shape, x)
    if x.size and by_loop(x):
        run(textbook.batch_norm_training_forward, lines(y), mean, variance, lines(x), gamma, beta, number)
    elif x.size:
        fast.training(lines(y), mean, variance, lines(x), gamma, beta, number)
    if not old:
        return BatchNorm(y, mean, variance, None, None)
    old_mean, old_variance = map(on_host, old)
    if count == 1:
        return BatchNorm(y, mean, variance, beside(x, old_mean.copy()), beside(x, old_variance.copy()))
    keep, new, unbiased = (x.dtype.type(each) for each in (1 - share, share, share * count / (count - 1)))
    new_mean, new_variance = keep * old_mean + new * on_host(mean), keep * old_variance + unbiased * on_host(variance)
    return BatchNorm(y, mean, variance, beside(x, new_mean), beside(x, new_variance))


def batch_norm_training_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, mean: ArrayLike, variance: ArrayLike, *, epsilon: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of batch_norm_training with respect to x, gamma and beta: (dx, dgamma, dbeta); mean and variance as it returned them.

    They depend on x as well, which gives the last two terms (z the normalized x, M numbers in a channel):

        dbeta[c] = sum of dy,   dgamma[c] = sum of dy * z
        dx = gamma[c] / sqrt(variance[c] + epsilon) * (dy - dbeta[c]/M - z * dgamma[c]/M)

    With a single number (M = 1) y does not depend on x: dx and dgamma are 0.
    """
    return _backward("batch_norm_training_backward", "training", dy, x, gamma, mean, variance, epsilon)


def _backward(
    where: str, kind: str, dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, mean: ArrayLike, variance: ArrayLike, epsilon: object
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dy, x, gamma, mean, variance = _checked(where, {"dy": dy, "x": x}, gamma=gamma, mean=mean, variance=variance)
    number = _epsilon(where, epsilon)
    check_variance(where, variance)
    same_shape(where, dy, "x", x)
    dx = empty(where, x.shape, x)
    dgamma, dbeta = beside(x, np.zeros(gamma.shape, x.dtype)), beside(x, np.zeros(gamma.shape, x.dtype))
    if x.size and by_loop(x):
        run(getattr(textbook, f"batch_norm_{kind}_backward"), lines(dx), dgamma, dbeta, lines(dy), lines(x), mean, variance, gamma, number)
    elif x.size:
        fast.backward(lines(dx), dgamma, dbeta, lines(dy), lines(x), mean, variance, gamma, number, kind == "training")
    return dx, dgamma, dbeta


def _checked(where: str, large: dict[str, ArrayLike], **small: ArrayLike) -> list[np.ndarray]:
    """Arrays (N, C, *space), then arrays (C,), all of one type and contiguous."""
    arrays = as_float_arrays(where, **large, **small)
    for name, array in zip(large, arrays, strict=False):
        check_channels(where, name, array.shape)
    channels = arrays[len(large) - 1].shape[1]
    for name, array in zip(small, arrays[len(large) :], strict=True):
        check_shape(where, name, array, (channels,), "C")
    return [contiguous(array) for array in arrays]


def _epsilon(where: str, epsilon: object) -> float:
    number = real_number(where, "epsilon", epsilon)
    if number <= 0:
        raise SettingError(f"{where}: epsilon is {number}, but must be above 0: a channel may be constant")
    return number


def check_variance(where: str, variance: np.ndarray) -> None:
    """A variance is not negative."""
    least = on_host(variance).min(initial=0)
    if least < 0:
        raise SettingError(f"{where}: variance goes down to {least}, but must be at least 0")
