"""Verdicts from numbers: nobody writes them by hand.

A number is one measurement, or a sequence of them: one for each seed, in the same order on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.labs.lab import DIFFERENT, EQUAL, NOT_SEEN, SAME_EFFECT

ERRORS = 2.0  # standard errors of the mean that an effect over several seeds must exceed


def same(claimed: ArrayLike, measured: ArrayLike, within: float = 0) -> str:
    """Say "equal" if the numbers are those that are claimed, none further off than `within`; else "different"."""
    claim, found = np.asarray(claimed, np.float64), np.asarray(measured, np.float64)
    return EQUAL if claim.shape == found.shape and bool(np.all(np.abs(claim - found) <= within)) else DIFFERENT


def effect(*, smaller: ArrayLike, larger: ArrayLike, by: float = 0) -> str:
    """Say "same effect" if what should be smaller is smaller by more than `by` and by more than chance; "different" if it is larger by as much.

    Chance: over several seeds the mean of the differences must exceed two of its standard errors.

        effect(smaller=[0.10, 0.11, 0.10], larger=[0.33, 0.31, 0.33])      # "same effect"
    """
    differences = np.atleast_1d(np.asarray(larger, np.float64) - np.asarray(smaller, np.float64))
    least = by
    if len(differences) > 1:
        least = max(by, ERRORS * float(differences.std(ddof=1)) / len(differences) ** 0.5)
    mean = float(differences.mean())
    if not np.isfinite(mean):
        return SAME_EFFECT if mean == np.inf else DIFFERENT if mean == -np.inf else NOT_SEEN
    return SAME_EFFECT if mean > least else DIFFERENT if mean < -least else NOT_SEEN


def percent(shares: ArrayLike) -> str:
    """A share as people write it: "10.2 %", over several seeds "10.2 ± 0.4 %" with their standard deviation."""
    each = 100 * np.atleast_1d(np.asarray(shares, np.float64))
    if len(each) == 1:
        return f"{each[0]:.1f} %"
    return f"{each.mean():.1f} ± {each.std(ddof=1):.1f} %"


def seeds_text(count: int) -> str:
    """How many seeds: "1 seed", "3 seeds"."""
    return f"{count} seed{'s' * (count != 1)}"
