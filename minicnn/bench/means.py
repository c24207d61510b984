"""Many ratios in one figure: the geometric mean, which stays 1 if one layer is twice as fast and one half as fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import exp, log
from typing import Any

from minicnn.bench.records import OURS, Row

STEP = f"{OURS} step"


@dataclass(frozen=True)
class Mean:
    """Ratios of the best peer's time over ours, for the rows of one family, pass and batch.

    disturbed : how many of the rows are doubtful
    call, step : mean of the functions, and of the engine's steps; None if there are none
    least_call, least_step : the smallest of them, and its row
    """

    family: str
    work: str
    batch: int
    rows: int
    disturbed: int
    call: float | None
    least_call: tuple[str, float] | None
    step: float | None
    least_step: tuple[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def means(rows: Sequence[Row]) -> list[Mean]:
    """One mean for each family, pass and batch that was compared."""
    compared = [row for row in rows if row.family and row.best_peer is not None]
    keys = dict.fromkeys((row.family, row.work, row.batch) for row in compared)
    found = []
    for family, work, batch in keys:
        own = [row for row in compared if (row.family, row.work, row.batch) == (family, work, batch)]
        call, least_call = _mean(own, OURS)
        step, least_step = _mean(own, STEP)
        found.append(Mean(family, work, batch, len(own), sum(row.disturbed for row in own), call, least_call, step, least_step))
    return found


def _mean(rows: Sequence[Row], name: str) -> tuple[float | None, tuple[str, float] | None]:
    ratios = [(row.name, ratio) for row in rows if (ratio := row.ratio(row.timing(name)))]
    return geometric_mean(ratio for _, ratio in ratios), min(ratios, key=lambda pair: pair[1], default=None)


def geometric_mean(values: Iterable[float]) -> float | None:
    """The number whose logarithm is the mean of the logarithms; None if there are no values."""
    logarithms = [log(value) for value in values]
    return exp(sum(logarithms) / len(logarithms)) if logarithms else None
