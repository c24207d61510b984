"""Recipes as Rich tables: those of networks, and those with names of their own, with their sources."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.recipes_text import format_range, more_settings
from minicnn.graph.formats import sizes
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo import NamedRecipe, ZooEntry, find

HEADINGS = ("Network", "Data", "Epochs>", "Optimizer", "Schedule", "Batch>", "Images>", "Accuracy>")  # > for numbers
NARROW = ("Network", "Data", "Epochs>", "Optimizer", "Batch>", "Accuracy>")


def print_recipes(console: Console, networks: Sequence[ZooEntry], data: str | None = None) -> None:
    """A line for each network and data set; if there is no room, without the schedule and the size of the images."""
    rows = [
        _cells(entry, entry.recipe, outcome)
        for entry in networks
        for outcome in (entry.recipe.outcomes if entry.recipe else ())
        if entry.recipe and data in (None, outcome.data)
    ]
    print_whole(console, _fitting(console, rows))


def print_named_recipes(console: Console, named: Sequence[NamedRecipe], data: str | None = None) -> None:
    """Each under its name: source, what is set beside the columns, what was tried, and what is not as in the source."""
    for number, each in enumerate(named):
        if number:
            console.print()
        own = f"minicnn train {each.network} --recipe {each.name}"
        console.print(Text.assemble((each.name, "bold cyan"), "   ", (own, "dim")), soft_wrap=True)
        rows = [
            _cells(find(tried.network), each.of(tried.network), tried.outcome) for tried in each.tried if data in (None, tried.outcome.data)
        ]
        if rows:
            print_whole(console, Padding(_fitting(console, rows, 2), (0, 0, 0, 2), expand=False))
        for line in (more_settings(each.recipe), *each.notes, each.source):
            if line:
                console.print(Padding(Text(line, "dim" if line == each.source else ""), (0, 0, 0, 2)))


def _fitting(console: Console, rows: Sequence[tuple[Text | str, ...]], indent: int = 0) -> Table:
    """The table with all columns, or if there is no room with the most important ones."""
    whole = _table(rows, HEADINGS)
    return whole if natural_width(console, whole) + indent <= console.width else _table(rows, NARROW)


def _table(rows: Sequence[tuple[Text | str, ...]], headings: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", no_wrap=True)
    for cells in rows:
        table.add_row(*(cell for heading, cell in zip(HEADINGS, cells, strict=True) if heading in headings))
    return table


def _cells(entry: ZooEntry, recipe: Recipe, outcome: Outcome) -> tuple[Text | str, ...]:
    return (
        Text(entry.name, "bold cyan"),
        outcome.data,
        str(outcome.epochs),
        f"{recipe.optimizer.kind} {recipe.optimizer.learning_rate:g}",
        recipe.schedule,
        str(recipe.batch_size),
        sizes(outcome.size or entry.input_shape[1:]),
        Text(format_range(outcome.accuracy), "green"),
    )
