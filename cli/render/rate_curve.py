"""The loss over the learning rate as a curve of Braille dots, two to a column and four to a row."""

from __future__ import annotations

import math

import numpy as np
from rich.console import Console
from rich.text import Text

from minicnn.train import RateCurve

ROWS, MOST_COLUMNS = 12, 72
LABEL = 9  # characters of a loss beside the curve
EMPTY = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a Braille character, by row and column


def print_rate_curve(console: Console, found: RateCurve, title: str) -> None:
    """The curve, its axis, and what to read from it."""
    columns = max(20, min(MOST_COLUMNS, console.width - LABEL - 1))
    console.print(Text(title, "bold"))
    for line in curve_lines(found, columns):
        console.print(Text(line), no_wrap=True)
    end = f"the loss broke away at {found.rates[-1]:.2g}" if found.diverged else f"the loss did not break away up to {found.rates[-1]:.2g}"
    console.print(f"falls fastest at {found.steepest:.2g}, lowest at {found.lowest:.2g}; {end}")
    console.print(
        Text(
            f"try --learning-rate {found.suggestion:.2g}, a tenth of the lowest, up to {found.steepest:.2g}"
            if found.steepest > found.suggestion
            else f"try --learning-rate {found.suggestion:.2g}",
            "green",
        )
    )


def curve_lines(found: RateCurve, columns: int) -> list[str]:
    """The rows of the curve with losses beside them, and the axis of rates, which is logarithmic."""
    losses = np.minimum(found.losses, 1.2 * max(found.losses[0], min(found.losses)) + 1e-12)  # what breaks away is cut off
    low, high = float(losses.min()), float(losses.max())
    span, (first, last) = max(high - low, 1e-12), np.log10([found.rates[0], found.rates[-1]])
    across = np.linspace(first, last, 2 * columns)
    heights = np.interp(across, np.log10(found.rates), losses)
    dots = np.rint((high - heights) / span * (4 * ROWS - 1)).astype(int)
    cells = np.full((ROWS, columns), EMPTY)
    previous = dots[0]
    for place, dot in enumerate(dots):
        for row in range(min(previous, dot), max(previous, dot) + 1):  # what is steep stays connected
            cells[row // 4, place // 2] |= DOTS[row % 4][place % 2]
        previous = dot
    beside = {0: f"{high:.3g}", ROWS - 1: f"{low:.3g}"}
    lines = [f"{beside.get(row, ''):>{LABEL - 2}} \u2502" + "".join(map(chr, cells[row])) for row in range(ROWS)]
    axis, words = ["\u2500"] * columns, [" "] * columns
    for power in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1):
        place = min(columns - 1, round((power - first) / max(last - first, 1e-12) * (columns - 1)))
        axis[place] = "\u253c"
        word = f"1e{power}"
        begin = min(place, columns - len(word))
        if all(each == " " for each in words[max(0, begin - 1) : begin + len(word)]):
            words[begin : begin + len(word)] = word
    return [*lines, " " * (LABEL - 1) + "\u2514" + "".join(axis), " " * LABEL + "".join(words).rstrip()]
