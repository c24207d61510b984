"""Soft Dice loss for users: the mean loss of a batch and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_float_arrays, contiguous
from minicnn.kernels.checks.shapes import lines
from minicnn.kernels.mean_loss import check_any, check_scores, mean_loss, mean_loss_backward, whole_labels

__all__ = ["dice", "dice_backward"]


def dice(logits: ArrayLike, labels: ArrayLike, *, smooth: float = 1.0) -> float:
    """How little predicted and true regions overlap: 1 minus the Dice coefficient, averaged over the classes, then over the images.

        loss = 1 - mean over n,k of (2 * sum over l of p*t + smooth) / (sum over l of p + sum over l of t + smooth)

    Parameters
    ----------
    logits : (N, K, *space) float32 or float64
        p is their softmax over K classes; the sigmoid if K is 1, and then it stands for class 1.
    labels : (N, *space) int
        The class of every position; t is 1 for this one, else 0.
    smooth : float
        Above 0, in positions: what a class that is neither predicted nor there is judged by.

    Returns
    -------
    loss : float
        Between 0 and 1.

    Raises
    ------
    ShapeError
        If the sizes differ, or there is nothing to average over.
    SettingError
        If a label is not a class, or smooth is not above 0.

    Milletari, Navab, Ahmadi, "V-Net: fully convolutional neural networks for volumetric medical image segmentation", 2016, section 3, with
    plain sums below the line as in Drozdzal and others, "The importance of skip connections in biomedical image segmentation", 2016, eq. 1.

    >>> round(dice(np.array([[[[50.0]], [[0.0]]]]), np.array([[[0]]])), 3)
    0.0
    """
    where = "dice"
    logits, labels, smooth = _checked(where, logits, labels, smooth)
    check_any(where, "logits", logits)
    return mean_loss(where, "dice", lines(logits), labels, len(logits), smooth)


def dice_backward(dloss: float, logits: ArrayLike, labels: ArrayLike, *, smooth: float = 1.0) -> np.ndarray:
    """Gradient of dice with respect to logits (N, K, *space)."""
    where = "dice_backward"
    logits, labels, smooth = _checked(where, logits, labels, smooth)
    return mean_loss_backward(where, "dice", dloss, lines(logits), labels, len(logits), smooth).reshape(logits.shape)


def _checked(where: str, logits: Any, labels: Any, smooth: object) -> tuple[np.ndarray, np.ndarray, float]:
    (logits,) = as_float_arrays(where, logits=logits)
    check_scores(where, "logits", logits)
    number = real_number(where, "smooth", smooth)
    if number <= 0:
        raise SettingError(f"{where}: smooth is {number:g}, but must be above 0, or a class that is nowhere is 0 / 0")
    labels = whole_labels(where, logits, labels, max(2, logits.shape[1]))
    return contiguous(logits), labels.reshape(len(logits), labels.size // max(1, len(logits))), number
