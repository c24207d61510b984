"""Softmax cross-entropy for users: the mean loss of a batch and its gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number, rows
from minicnn.kernels.checks.arrays import as_array, as_float_arrays, check_one_place, contiguous, empty, extremes, on_host
from minicnn.kernels.cpu.pointwise import softmax_call as fast
from minicnn.kernels.dispatch import by_loop, run

__all__ = ["softmax_cross_entropy", "softmax_cross_entropy_backward"]


def softmax_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """How surprised the network is by the correct answers, in nats, averaged over the images.

        loss = 1/N * sum over n of (log(sum over k of exp(logits[n,k])) - logits[n,labels[n]])

    Parameters
    ----------
    logits : (N, K) float32 or float64
    labels : (N,) int
        0 <= labels < K.

    Returns
    -------
    loss : float

    Raises
    ------
    ShapeError
        If the sizes differ, or there are no images to average over.
    SettingError
        If a label is not a class.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3, eq. 6.30.
    """
    where = "softmax_cross_entropy"
    logits, labels = _checked(where, logits, labels)
    if not len(logits):
        raise ShapeError(f"{where}: logits hold no images, and the mean of nothing is undefined\n  logits  {logits.shape}  N K")
    if by_loop(logits):
        losses = empty(where, labels.shape, logits, np.float64)
        run(textbook.softmax_cross_entropy_forward, losses, empty(where, logits.shape, logits), logits, labels)
    else:
        shifted = empty(where, logits.shape, logits)
        fast.forward("log_softmax", shifted, logits)
        losses = -shifted[np.arange(len(labels)), labels]
    return float(on_host(losses).mean(dtype=np.float64))


def softmax_cross_entropy_backward(dloss: float, logits: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Gradient of softmax_cross_entropy with respect to logits.

        dlogits[n,k] = dloss / N * (softmax(logits)[n,k] - (1 if k is labels[n] else 0))

    Parameters
    ----------
    dloss : float
        The gradient of the loss itself, 1 if nothing follows it.
    logits : (N, K) float32 or float64
    labels : (N,) int

    Returns
    -------
    dlogits : (N, K)
    """
    where = "softmax_cross_entropy_backward"
    dloss = real_number(where, "dloss", dloss)
    logits, labels = _checked(where, logits, labels)
    dlogits = empty(where, logits.shape, logits)
    if by_loop(logits):
        losses, probabilities = empty(where, labels.shape, logits, np.float64), empty(where, logits.shape, logits)
        run(textbook.softmax_cross_entropy_forward, losses, probabilities, logits, labels)
        shares = np.full(len(logits), dloss / max(1, len(logits)))
        run(textbook.softmax_cross_entropy_backward, dlogits, shares, probabilities, labels)
    else:
        fast.cross_entropy_gradient(dlogits, logits, labels, dloss)
    return dlogits


def _checked(where: str, logits: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    (logits,) = as_float_arrays(where, logits=logits)
    rows(where, "logits", logits)
    labels = as_array(where, "labels", labels)
    if type(labels) is np.ndarray and not labels.size and labels.ndim == 1:
        labels = labels.astype(np.int64)  # an empty list is float64 to NumPy
    if labels.dtype.kind not in "iu":
        raise SettingError(f"{where}: labels are {labels.dtype}, but must be integers\n  use labels.astype('int64')")
    if labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"{where}: labels have the shape {labels.shape}, but there are {len(logits)} images"
            f"\n  logits  {logits.shape}  N K\n  labels  {labels.shape}  N"
        )
    check_one_place(where, "logits", logits, "labels", labels)
    low, high = extremes(labels) if len(labels) else (0, 0)
    if not 0 <= low <= high < logits.shape[1]:
        raise SettingError(f"{where}: labels run from {low} to {high}, but the classes are 0 to {logits.shape[1] - 1}")
    return contiguous(logits), contiguous(labels if type(labels) is not np.ndarray else labels.astype(np.int64))
