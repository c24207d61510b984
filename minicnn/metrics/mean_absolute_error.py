"""Mean absolute error: how far predicted numbers are from the true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import DataError, ShapeError


def mean_absolute_error(predictions: ArrayLike, labels: ArrayLike) -> float:
    """The mean of |prediction - label| over all numbers, in their unit.

    Parameters
    ----------
    predictions : (N, ...) float
    labels : shape of predictions, or (N,) for a single number each

    Raises
    ------
    ShapeError, DataError
        If shapes do not fit; if there is nothing to compare.

    >>> mean_absolute_error([[1.0], [2.0]], [1.0, 4.0])
    1.0
    """
    p, t = np.asarray(predictions, np.float64), np.asarray(labels, np.float64)
    if t.ndim == 1 and p.shape == (*t.shape, 1):
        t = t[:, None]
    if p.shape != t.shape:
        raise ShapeError(f"mean_absolute_error: labels have the shape {t.shape}, but predictions {p.shape}")
    if not p.size:
        raise DataError("mean_absolute_error: there are no numbers to compare, and the mean of nothing is undefined")
    return float(np.abs(p - t).mean())
