"""Recipes as a Rich table."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.recipes_text import format_range
from minicnn.graph.formats import sizes
from minicnn.zoo import ZooEntry

HEADINGS = ("Network", "Data", "Epochs>", "Optimizer", "Schedule", "Batch>", "Images>", "Accuracy>")  # > for numbers
NARROW = ("Network", "Data", "Epochs>", "Optimizer", "Batch>", "Accuracy>")


def print_recipes(console: Console, networks: Sequence[ZooEntry], data: str | None = None) -> None:
    """A line for each network and data set; where there is no room, without the schedule and the size of the images."""
    for headings in (HEADINGS, NARROW):
        table = recipes_table(networks, headings, data)
        if natural_width(console, table) <= console.width:
            break
    print_whole(console, table)


def recipes_table(networks: Sequence[ZooEntry], headings: Sequence[str] = HEADINGS, data: str | None = None) -> Table:
    """The columns of these headings."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", no_wrap=True)
    for entry in networks:
        recipe = entry.recipe
        for outcome in recipe.outcomes if recipe else ():
            if recipe and data in (None, outcome.data):
                cells: tuple[Text | str, ...] = (
                    Text(entry.name, "bold cyan"),
                    outcome.data,
                    str(outcome.epochs),
                    f"{recipe.optimizer.kind} {recipe.optimizer.learning_rate:g}",
                    recipe.schedule,
                    str(recipe.batch_size),
                    sizes(outcome.size or entry.input_shape[1:]),
                    Text(format_range(outcome.accuracy), "green"),
                )
                table.add_row(*(cell for heading, cell in zip(HEADINGS, cells, strict=True) if heading in headings))
    return table
