"""Predictions as a table: a line per picture, its most probable classes side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.errors import one_line
from minicnn.train import Guess

SURE = 0.9  # from here on the first class is shown as certain


def print_predictions(console: Console, images: Sequence[str], answers: Sequence[Sequence[Guess]]) -> None:
    """The table, never cut."""
    print_whole(console, prediction_table(images, answers))


def prediction_table(images: Sequence[str], answers: Sequence[Sequence[Guess]]) -> Table:
    """One line per picture."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Image", no_wrap=True)
    for heading in ("First", "Second", "Third")[: max(map(len, answers))]:
        table.add_column(heading, no_wrap=True)
    for image, best in zip(images, answers, strict=True):
        cells = [
            Text.assemble((one_line(guess.name), "bold cyan" if n == 0 else ""), (f" {100 * guess.probability:.1f} %", _style(n, guess)))
            for n, guess in enumerate(best)
        ]
        table.add_row(one_line(image), *cells)
    return table


def _style(place: int, guess: Guess) -> str:
    if place:
        return "dim"
    return "green" if guess.probability >= SURE else "yellow"
