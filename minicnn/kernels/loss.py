"""Softmax cross-entropy for users: the mean loss of a batch and its gradient, of labels or of shares, at one position or at many."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import DataError, SettingError, ShapeError
from minicnn.geometry import LARGEST_SETTING, whole_number
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_array, as_float_arrays, contiguous, empty, on_host
from minicnn.kernels.checks.shapes import lines
from minicnn.kernels.cpu.pointwise import softmax_call as fast
from minicnn.kernels.dispatch import by_loop, run
from minicnn.kernels.mean_loss import channel_weights, check_any, check_scores, letters, mean_loss, mean_loss_backward, whole_labels

__all__ = ["softmax_cross_entropy", "softmax_cross_entropy_backward"]


def softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> float:
    """How surprised the network is by the correct answers, in nats, averaged over all positions of all images.

        loss = 1/W * sum over n,k,l of class_weights[k] * t[n,k,l] * -log p[n,k,l],      p = softmax of logits over k

    where t is 1 for the label and 0 for other classes, and W the sum of the labels' weights: without weights, the number of labels.

    Parameters
    ----------
    logits : (N, K, *space) float32 or float64
        (N, K) for one answer an image.
    labels : (N, *space) int, or (N, K, *space) float
        A class for each position, 0 <= label < K; or the share of each class, in the type of logits: then W is the number of positions.
    label_smoothing : float
        At least 0, below 1: the part of the truth that all K classes share equally.
    class_weights : (K,) float
        How much each class counts, at least 0.
    ignore_index : int
        A label of positions that count for nothing.

    Returns
    -------
    loss : float
        As PyTorch's cross_entropy with the mean as its reduction.

    Raises
    ------
    ShapeError
        If the sizes differ, or there are no images to average over.
    SettingError
        If a label is not a class, or a setting is out of range.
    DataError
        If all labels are ignored, or count for 0.

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.3, eq. 6.30.  Label smoothing: Szegedy and others, "Rethinking the
    Inception architecture for computer vision", 2016, section 7.

    >>> softmax_cross_entropy(np.zeros((2, 4)), [0, 3])  # log 4: as good as guessing
    1.3862943611198906
    """
    where = "softmax_cross_entropy"
    own = _checked(where, logits, labels, label_smoothing, class_weights, ignore_index)
    check_any(where, "logits", own.logits)
    if not own.plain:
        return mean_loss(where, own.loss, lines(own.logits), own.target, own.divisor(where), *own.settings)
    logits, labels = own.logits, own.target
    if by_loop(logits):
        losses = empty(where, labels.shape, logits, np.float64)
        run(textbook.softmax_cross_entropy_forward, losses, empty(where, logits.shape, logits), logits, labels)
    else:
        shifted = empty(where, logits.shape, logits)
        fast.forward("log_softmax", shifted, logits)
        losses = -shifted[np.arange(len(labels)), labels]
    return float(on_host(losses).mean(dtype=np.float64))


def softmax_cross_entropy_backward(
    dloss: float,
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> np.ndarray:
    """Gradient of softmax_cross_entropy with respect to logits.

        dlogits[n,k,l] = dloss / W * (p[n,k,l] * sum over j of class_weights[j] * t[n,j,l]  -  class_weights[k] * t[n,k,l])

    Parameters
    ----------
    dloss : float
        The gradient of the loss itself, 1 if nothing follows it.
    logits, labels, label_smoothing, class_weights, ignore_index
        As in softmax_cross_entropy.

    Returns
    -------
    dlogits : (N, K, *space)
    """
    where = "softmax_cross_entropy_backward"
    dloss = real_number(where, "dloss", dloss)
    own = _checked(where, logits, labels, label_smoothing, class_weights, ignore_index)
    if not own.plain:
        dlogits = mean_loss_backward(where, own.loss, dloss, lines(own.logits), own.target, own.divisor(where), *own.settings)
        return dlogits.reshape(own.logits.shape)
    logits, labels = own.logits, own.target
    dlogits = empty(where, logits.shape, logits)
    if by_loop(logits):
        losses, probabilities = empty(where, labels.shape, logits, np.float64), empty(where, logits.shape, logits)
        run(textbook.softmax_cross_entropy_forward, losses, probabilities, logits, labels)
        shares = np.full(len(logits), dloss / max(1, len(logits)))
        run(textbook.softmax_cross_entropy_backward, dlogits, shares, probabilities, labels)
    else:
        fast.cross_entropy_gradient(dlogits, logits, labels, dloss)
    return dlogits


NOTHING_IGNORED = -1  # which no label is


class _Case(NamedTuple):
    """A checked call.

    target : labels (N, L), or (N,) if it is plain; shares (N, K, L)
    plain : whether one label an image is all there is, with no setting
    """

    logits: np.ndarray
    target: np.ndarray
    soft: bool
    plain: bool
    weights: np.ndarray
    smoothing: float
    ignored: int

    @property
    def loss(self) -> str:
        return "soft_cross_entropy" if self.soft else "cross_entropy"

    @property
    def settings(self) -> tuple[Any, ...]:
        return (self.weights, self.smoothing) if self.soft else (self.weights, self.smoothing, self.ignored)

    def divisor(self, where: str) -> float:
        """What the mean divides by."""
        positions = self.logits.size // self.logits.shape[1]
        if self.soft or not positions:
            return positions
        labels = on_host(self.target)
        counted = labels[labels != self.ignored]
        total = float(self.weights[counted].sum(dtype=np.float64))
        if not total:
            reason = f"count for 0 by class_weights {self.weights.tolist()}" if counted.size else f"are ignored, {self.ignored}"
            raise DataError(f"{where}: all labels {reason}, and the mean of nothing is undefined")
        return total


def _checked(where: str, logits: Any, labels: Any, label_smoothing: object, class_weights: Any, ignore_index: Any) -> _Case:
    (logits,) = as_float_arrays(where, logits=logits)
    check_scores(where, "logits", logits)
    smoothing = real_number(where, "label_smoothing", label_smoothing)
    if not 0 <= smoothing < 1:
        raise SettingError(f"{where}: label_smoothing is {smoothing:g}, but must be at least 0 and below 1")
    ignored = None if ignore_index is None else whole_number(where, "ignore_index", ignore_index, least=-LARGEST_SETTING)
    weights = channel_weights(where, "class_weights", class_weights, logits)
    labels = as_array(where, "labels", labels)
    soft = labels.dtype.kind == "f" and labels.ndim == logits.ndim
    plain = not soft and logits.ndim == 2 and not smoothing and class_weights is None and ignored is None
    if soft:
        logits, labels = as_float_arrays(where, logits=logits, labels=labels)
        if labels.shape != logits.shape:
            raise ShapeError(
                f"{where}: labels have the shape {labels.shape}, but shares of classes need that of the scores, {logits.shape}"
                f"\n  logits  {logits.shape}  {letters(logits)}\n  labels  {labels.shape}  {letters(logits)}"
            )
        if ignored is not None:
            raise SettingError(f"{where}: ignore_index is {ignored}, but labels hold shares of classes, none of which is a class to ignore")
        target = lines(contiguous(labels))
    else:
        target = whole_labels(where, logits, labels, logits.shape[1], ignored)
        target = target if plain else target.reshape(len(logits), target.size // max(1, len(logits)))
    return _Case(contiguous(logits), target, soft, plain, weights, smoothing, NOTHING_IGNORED if ignored is None else ignored)
