"""Axes: the range of the numbers, and ticks that a reader can count by (steps of 1, 2 or 5 times a power of ten, or powers of ten)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.charts.records import Bars, Chart

PLAIN = (1e-4, 1e6)  # sizes that are written out; others as 2e-7
BAR = 0.8  # of the room that a bar, or a group of them, fills


class Tick(NamedTuple):
    """A place on an axis and what is written there."""

    value: float
    label: str


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, by equal steps or by powers of ten."""

    low: float
    high: float
    log: bool
    ticks: tuple[Tick, ...]

    def places(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Where values lie, 0 at the low end and 1 at the high one; NaN for what has no place."""
        numbers = np.array(values, np.float64)
        numbers[~np.isfinite(numbers)] = np.nan
        low, high = self.low, self.high
        if self.log:
            numbers[numbers <= 0] = np.nan
            numbers, low, high = np.log10(numbers), math.log10(low), math.log10(high)
        return (numbers - low) / (high - low)


class Frame(NamedTuple):
    """Both axes of a chart; `words` are what its bars stand over, if anything."""

    x: Axis
    y: Axis
    words: tuple[str, ...]


def frame(chart: Chart, most_x: int, most_y: int) -> Frame:
    """The axes of a chart, with no more than about `most_x` and `most_y` ticks."""
    bars = [mark for mark in chart.marks if isinstance(mark, Bars)]
    ys = _known([y for mark in chart.marks for y in mark.y], chart.log_y)
    if bars and not chart.log_y:
        ys = np.append(ys, 0.0)
    y = axis(ys, most_y, chart.log_y, loose=True) if chart.y_range is None else between(*chart.y_range, most_y, chart.log_y)
    if chart.words:
        n = len(chart.words)
        return Frame(Axis(-0.5, n - 0.5, False, tuple(Tick(place, word) for place, word in enumerate(chart.words))), y, chart.words)
    xs = _known([float(x) for mark in chart.marks for x in mark.x], chart.log_x)
    if bars and not chart.log_x:
        half = bar_step(chart) / 2
        edges = [float(x) + side for mark in bars for x in mark.x for side in (-half, half)]
        return Frame(between(min([*xs, *edges]), max([*xs, *edges]), most_x, False, whole=False), y, ())
    return Frame(axis(xs, most_x, chart.log_x, loose=False), y, ())


def bar_step(chart: Chart) -> float:
    """From one place of bars to the next."""
    if chart.words:
        return 1.0
    places = np.unique([float(x) for mark in chart.marks if isinstance(mark, Bars) for x in mark.x])
    return float(np.diff(places).min()) if len(places) > 1 else 1.0


def axis(values: npt.NDArray[np.float64], most: int, log: bool, loose: bool) -> Axis:
    """An axis for values; a loose one reaches to the ticks around them."""
    if not len(values):
        return between(*((1, 10) if log else (0, 1)), most, log)
    low, high, whole = float(values.min()), float(values.max()), bool((values == np.rint(values)).all())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        spread = abs(low) / 2 or 0.5
        low, high, whole = (low / 2, high * 2, False) if log else (low - spread, high + spread, False)
    if loose and log:
        room = (high / low) ** 0.03
        low, high = low / room, high * room
    elif loose:
        step = _step(high - low, most, whole)
        low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    return between(low, high, most, log, whole)


def between(low: float, high: float, most: int, log: bool, whole: bool = False) -> Axis:
    """An axis from `low` to `high`; over whole numbers it has no ticks between them."""
    powers = _powers(low, high, most) if log else []
    if powers:
        return Axis(low, high, True, tuple(Tick(value, _plain(value)) for value in powers))
    step = _step(high - low, most, whole)
    values = [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    if log:
        values = [value for value in values if value > 0]
    labels = _labels(values, step)
    return Axis(low, high, log, tuple(Tick(value, label) for value, label in zip(values, labels, strict=True)))


def _known(values: list[float], log: bool) -> npt.NDArray[np.float64]:
    numbers = np.array(values, np.float64)
    return numbers[np.isfinite(numbers) & ((numbers > 0) | (not log))]


def _step(span: float, most: int, whole: bool) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that needs no more than `most` steps."""
    least = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
    return max(1.0, step) if whole else step


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, or 1, 2 and 5 times them, or every second, third, ... power; none if fewer than two lie in between."""
    first, last = math.floor(math.log10(low) - 1e-9), math.ceil(math.log10(high) + 1e-9)
    best: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5)):
        values = [f * 10.0**power for power in range(first, last + 1) for f in factors]
        values = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(values) > most:
            return best or values[:: math.ceil(len(values) / max(1, most))]
        best = values if len(values) > 1 else []
    return best


def _labels(values: list[float], step: float) -> list[str]:
    largest = max(map(abs, values), default=0.0)
    if largest and not (PLAIN[0] <= step and largest < PLAIN[1]):
        power = 3 * math.floor((math.log10(step) + 1e-9) / 3)  # thousandths, millions, ...
        return [f"{value / 10.0**power:,.0f}e{power}" if abs(value) > step / 2 else "0" for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{value + 0.0:,.{decimals}f}" if abs(value) > step / 2 else f"{0:.{decimals}f}" for value in values]


def _plain(value: float) -> str:
    """One power of ten, times 1 to 9."""
    power = math.floor(math.log10(value) + 1e-9)
    if PLAIN[0] <= value < PLAIN[1]:
        return f"{value:,.{max(0, -power)}f}"
    return f"{value / 10.0**power:.0f}e{power}"
