"""The share of right answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import NDArray


def accuracy(prediction: NDArray, labels: NDArray) -> float:
    """The share of labels that have the largest probability, the first of equals; NaN is never right.

    Parameters
    ----------
    prediction : (N, K, *space) float
        Probabilities or scores of the classes.
    labels : (N, *space) integers
        Negative ones are not counted.

        >>> accuracy(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 1]))
        0.5
    """
    import numpy as np

    answers = np.where(np.isnan(prediction.max(axis=1)), -1, prediction.argmax(axis=1))
    counted = labels >= 0
    return float((answers == labels)[counted].mean()) if counted.any() else float("nan")
