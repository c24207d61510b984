"""Figures of several seeds as one: mean, and how far they lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple


class Spread(NamedTuple):
    """standard_deviation : of the sample, which divides by one less than the number of values; None for a single one"""

    values: tuple[float, ...]
    mean: float
    standard_deviation: float | None
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one number.

        >>> Spread.of([1.0, 2.0, 3.0])
        Spread(values=(1.0, 2.0, 3.0), mean=2.0, standard_deviation=1.0, lowest=1.0, highest=3.0)
        """
        finite = all(map(math.isfinite, values))
        deviation = (stdev(values) if finite else math.nan) if len(values) > 1 else None
        return cls(tuple(values), fmean(values) if finite else math.nan, deviation, min(values), max(values))
