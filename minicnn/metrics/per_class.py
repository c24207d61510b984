"""What a confusion matrix says about every class: of those that were called so, how many are; of those that are, how many were found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import DataError, ShapeError
from minicnn.metrics.answers import as_answers


class ClassFigures(NamedTuple):
    """Figures of one class.

    precision : share of the answers of this class that are right; None if none were given
    recall : share of the images, or pixels, of this class that were found; None if there are none
    labels : how many are of this class
    """

    precision: float | None
    recall: float | None
    labels: int

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if neither is known, 0 if one is not, or both are 0."""
        if self.precision is None and self.recall is None:
            return None
        if not self.precision or not self.recall:
            return 0.0
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def confusion_matrix(
    predictions: ArrayLike, labels: ArrayLike, classes: int | None = None, *, ignore_index: int | None = None
) -> np.ndarray:
    """(K, K) int64: a row for each true class, a column for each answer.

    predictions (N, K, *space), with a single channel the probability of class 1;  labels (N, *space)

    Predictions that are NaN answer nothing, and are left out.

    Raises
    ------
    ShapeError
        If shapes do not fit.
    DataError
        If a label is no class.
    """
    answers, truths, counted = as_answers("confusion_matrix", predictions, labels, ignore_index)
    known = max(2, np.asarray(predictions).shape[1]) if classes is None else classes
    seen = truths[counted]
    if seen.size and not 0 <= seen.min() <= seen.max() < known:
        raise DataError(f"confusion_matrix: labels run from {seen.min()} to {seen.max()}, but the classes are 0 to {known - 1}")
    counted &= answers >= 0
    return np.bincount(truths[counted] * known + answers[counted], minlength=known * known).reshape(known, known)


def per_class(confusion: ArrayLike) -> list[ClassFigures]:
    """Precision and recall of every class, from a confusion matrix (K, K): a row for each true class, a column for each answer.

    >>> per_class([[3, 1], [0, 0]])
    [ClassFigures(precision=1.0, recall=0.75, labels=4), ClassFigures(precision=0.0, recall=None, labels=0)]
    """
    matrix = np.asarray(confusion)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(
            f"per_class: the confusion matrix has the shape {matrix.shape}, but needs as many rows, true classes, as columns, answers"
        )
    right, given, there = (each.tolist() for each in (matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)))
    return [
        ClassFigures(n / answers if answers else None, n / count if count else None, count)
        for n, answers, count in zip(right, given, there, strict=True)
    ]
