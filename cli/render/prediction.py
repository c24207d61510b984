"""Predictions as a table: a line per picture, its most probable classes side by side, and the picture as the network saw it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.charts.samples import to_pictures
from minicnn.cli.render.console import print_whole
from minicnn.cli.render.data import can_draw_blocks, draw_ascii, draw_blocks
from minicnn.errors import one_line
from minicnn.train import Guess

SURE = 0.9  # from here on the first class is shown as certain


def print_predictions(
    console: Console, images: Sequence[str], answers: Sequence[Sequence[Guess]], seen: Sequence[np.ndarray] | None = None
) -> None:
    """The table, never cut."""
    print_whole(console, prediction_table(console, images, answers, seen))


def prediction_table(
    console: Console, images: Sequence[str], answers: Sequence[Sequence[Guess]], seen: Sequence[np.ndarray] | None = None
) -> Table:
    """One line per picture; with `seen`, (1 or 3, rows, columns) each, the picture in the last column, half a line for a row of pixels."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Image", no_wrap=True)
    for heading in ("First", "Second", "Third")[: max(map(len, answers))]:
        table.add_column(heading, no_wrap=True)
    if seen:
        table.add_column("As the network saw it", no_wrap=True)
    draw = draw_blocks if can_draw_blocks(console) else draw_ascii
    for n, (image, best) in enumerate(zip(images, answers, strict=True)):
        cells = [
            Text.assemble((one_line(guess.name), "bold cyan" if k == 0 else ""), (f" {100 * guess.probability:.1f} %", _style(k, guess)))
            for k, guess in enumerate(best)
        ]
        table.add_row(one_line(image), *cells, *([draw(to_pictures(seen[n][None])[0])] if seen else []), end_section=bool(seen))
    return table


def _style(place: int, guess: Guess) -> str:
    if place:
        return "dim"
    return "green" if guess.probability >= SURE else "yellow"
