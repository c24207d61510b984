"""The course of a training as charts: loss, the first metric, the learning rate, over the epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from minicnn.charts import Chart, Line
from minicnn.metrics import SHARES, words

POINTS = 40  # epochs up to which each is marked


def charts(
    epochs: Sequence[int], losses: Mapping[str, Sequence[float]], metric: str, figures: Mapping[str, Sequence[float]]
) -> list[Chart]:
    """The loss and, if there is any, a metric: a curve for each kind of images, by its name; those without a number are left out."""
    found = [Chart("Loss", _lines(epochs, losses, 1), x_label="epoch")]
    if metric:
        share = 100 if metric in SHARES else 1
        heading = words(metric)
        heading = heading if heading[1:2].isupper() else heading[0].upper() + heading[1:]
        found.append(Chart(heading, _lines(epochs, figures, share), x_label="epoch", y_label="%" if metric in SHARES else ""))
    return found


def rate_chart(epochs: Sequence[int], rates: Sequence[float]) -> Chart:
    """The learning rate."""
    return Chart("Learning rate", (Line("", epochs, rates, points=len(epochs) <= POINTS),), x_label="epoch")


def _lines(epochs: Sequence[int], curves: Mapping[str, Sequence[float]], share: float) -> tuple[Line, ...]:
    known = {name: curve for name, curve in curves.items() if any(map(math.isfinite, curve))}
    return tuple(Line(name, epochs, [share * each for each in curve], points=len(epochs) <= POINTS) for name, curve in known.items())
