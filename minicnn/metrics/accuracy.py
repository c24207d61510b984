"""Accuracy: the share of right answers."""

from __future__ import annotations

from numpy.typing import ArrayLike

from minicnn.metrics.answers import as_answers, share


def accuracy(predictions: ArrayLike, labels: ArrayLike, *, ignore_index: int | None = None) -> float:
    """The share of images, or of pixels, whose class is the most probable one, the first of equals.

    Parameters
    ----------
    predictions : (N, K, *space)
        Probabilities, or anything that is larger where a class is more probable; with a single channel, the probability of class 1.
    labels : (N, *space) int, or (N, K, *space)
        Classes; or shares of each class, of which the largest counts; or, as whole numbers 0 and 1, a yes or no for every output.
    ignore_index : int
        A label that counts for nothing.

    Returns
    -------
    accuracy : float
        From 0 to 1.

    Raises
    ------
    ShapeError, DataError
        If shapes do not fit; if there is nothing to compare.

    >>> accuracy([[0.7, 0.3], [0.4, 0.6]], [0, 0])
    0.5
    """
    answers, truths, counted = as_answers("accuracy", predictions, labels, ignore_index)
    return share("accuracy", (answers == truths)[counted])
