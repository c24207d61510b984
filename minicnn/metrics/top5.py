"""Top-5 accuracy: the share of answers that are right within five guesses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError
from minicnn.metrics.answers import as_answers, share


def top5(predictions: ArrayLike, labels: ArrayLike, *, guesses: int = 5, ignore_index: int | None = None) -> float:
    """The share of images, or of pixels, whose class is among the five most probable ones; of equals the first go before.

    Parameters
    ----------
    predictions : (N, K, *space)
        Probabilities of at least two classes, or anything that is larger where a class is more probable.
    labels : (N, *space) int
        Classes; or (N, K, *space) float, shares of each, of which the largest counts.
    guesses : int
        Another number than five.
    ignore_index : int
        A label that counts for nothing.

    Russakovsky and others, "ImageNet large scale visual recognition challenge", 2015, section 4.1.

    >>> top5([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]], [1, 0], guesses=2)
    0.5
    """
    if isinstance(guesses, bool) or not isinstance(guesses, int) or guesses < 1:
        raise SettingError(f"top5: guesses is {guesses!r}, but must be a whole number of at least 1")
    answers, truths, counted = as_answers("top5", predictions, labels, ignore_index)
    p = np.asarray(predictions)
    if answers.ndim == p.ndim:  # yes or no, where a second guess is always right
        return share("top5", np.ones(answers.shape, bool)[counted]) if guesses > 1 else share("top5", (answers == truths)[counted])
    known = np.where(counted, truths, 0)[:, None]
    own = np.take_along_axis(p, known, axis=1)
    before = (p > own) | ((p == own) & (np.arange(p.shape[1]).reshape(1, -1, *[1] * (p.ndim - 2)) < known))
    return share("top5", ((before.sum(axis=1) < guesses) & (answers >= 0))[counted])
