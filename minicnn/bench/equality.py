"""How far results differ: equality first, time second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from minicnn.bench.protocol import Agreement

LEAST_TOLERANCE = 1e-5
TINY = 1e-38  # below the smallest normal float32
NOISE = 1e-3  # an array this much smaller than the largest one is rounding noise, and is measured against that one


def tolerance(terms: int) -> float:
    """How much two float32 sums of so many terms may differ, relative to the largest result.

    Each addition rounds by up to 6e-8, and the sum of roundings grows like the square root of their number; both sides round, in
    orders of their own, and fast algorithms such as Winograd's round about five times as much: 1e-6 * sqrt(terms).
    """
    return max(LEAST_TOLERANCE, 1e-6 * sqrt(max(terms, 1)))


def relative_error(ours: Any, theirs: Any) -> float:
    """The largest difference over the largest number; for several arrays (a sequence, or a mapping by name) the worst of them.

    NaN or infinity anywhere gives NaN, a different shape infinity: neither is ever within a tolerance.
    """
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in _pairs(ours, theirs)]
    if any(a.shape != b.shape for a, b in pairs):
        return float("inf")
    sizes = [_largest(b) for _, b in pairs]
    floor = NOISE * max([0.0, *sizes])
    worst = 0.0
    for (a, b), size in zip(pairs, sizes, strict=True):
        error = _difference(a, b) / max(size, floor, TINY)
        if not np.isfinite(error):
            return float("nan")
        worst = max(worst, error)
    return worst


def all_alike(results: Iterable[Any], limit: float) -> Agreement | None:
    """The worst difference of any result from the first; None if there is nothing to compare."""
    everybody = iter(results)
    first = next(everybody)
    errors = [relative_error(first, each) for each in everybody if first is not None and each is not None]
    return Agreement(float(np.max(errors)), limit) if errors else None


def _pairs(ours: Any, theirs: Any) -> list[tuple[Any, Any]]:
    if isinstance(ours, Mapping):
        return [(ours[name], theirs[name]) for name in ours]
    if isinstance(ours, Sequence):
        return list(zip(ours, theirs, strict=True))
    return [(ours, theirs)]


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest absolute difference; row by row, because a copy of a whole activation may be a gigabyte."""
    with np.errstate(invalid="ignore", over="ignore"):
        if a.ndim < 2:
            return _largest(a - b)
        differences = [_largest(one - other) for one, other in zip(a, b, strict=True)]
    return float(np.max(differences)) if differences else 0.0


def _largest(array: np.ndarray) -> float:
    """The largest absolute value, NaN if there is one; 0 of nothing."""
    if not array.size:
        return 0.0
    return max(abs(float(array.max())), abs(float(array.min())))
