"""What predictions and labels say: one class or one yes or no for each place, so that they can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import DataError, ShapeError


def as_answers(
    where: str, predictions: ArrayLike, labels: ArrayLike, ignore_index: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers and truths of one shape, and which of them count; answers of -1 are of predictions that are NaN.

    predictions (N, K, *space) : the class of the largest; with a single channel, class 1 from 1/2 on
    labels (N, *space) : classes;  (N, K, *space) float : the class of the largest share

    Where both have one shape and labels are whole numbers, or there is a single channel, every element is a yes, from 1/2 on, or a no.

    Raises
    ------
    ShapeError
        If they do not fit each other.
    """
    p, t = np.asarray(predictions), np.asarray(labels)
    if p.ndim < 2 or not p.shape[1]:
        raise ShapeError(f"{where}: predictions have the shape {p.shape}, but need classes\n  wanted  (N, K, *space)")
    places = (*p.shape[:1], *p.shape[2:])
    if t.shape not in (places, p.shape):
        raise ShapeError(
            f"{where}: labels have the shape {t.shape}, but predictions {p.shape}\n  wanted  {places}, a class each, or {p.shape}, numbers"
        )
    if t.shape == places and p.shape[1] == 1:
        t = t.reshape(p.shape)
    if t.shape == p.shape and (p.shape[1] == 1 or t.dtype.kind in "biu"):
        answers, truths = np.where(np.isnan(p), -1, p >= 0.5), (t >= 0.5 if t.dtype.kind == "f" else t)
    else:
        answers = np.where(np.isnan(p).any(axis=1), -1, p.argmax(axis=1))
        truths = t.argmax(axis=1) if t.shape == p.shape else t
    return answers, truths.astype(np.int64), np.ones(truths.shape, bool) if ignore_index is None else truths != ignore_index


def share(where: str, right: np.ndarray) -> float:
    """The share of what is True; a DataError if there is nothing."""
    if not right.size:
        raise DataError(f"{where}: there are no labels to compare with, and the mean of nothing is undefined")
    return float(right.mean())
