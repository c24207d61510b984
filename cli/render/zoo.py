"""The list of networks as a Rich table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.graph.summary import Summary
from minicnn.graph.table import count, sizes
from minicnn.zoo import Paper, ZooEntry


def print_zoo(console: Console, networks: Sequence[tuple[ZooEntry, Summary]]) -> None:
    """Every network; where there is no room for the titles of the papers their authors have to do, then the years."""
    for paper in (_authors_and_title, _authors, None):
        table = zoo_table(networks, paper)
        if natural_width(console, table) <= console.width:
            break
    print_whole(console, table)


def zoo_table(networks: Sequence[tuple[ZooEntry, Summary]], paper: Callable[[Paper], str] | None) -> Table:
    """One line a network; `paper` says what of it is shown."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("Network", "Year", "Input>", "Classes>", "Parameters>", "MACs>", *(["Paper"] if paper else [])):
        table.add_column(heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", no_wrap=True)
    for entry, summary in networks:
        words = [Text(paper(entry.paper), "dim")] if paper else []
        table.add_row(Text(entry.name, "bold cyan"), str(entry.paper.year), sizes(entry.input_shape), count(entry.classes),
                      count(summary.totals.params), count(summary.totals.macs), *words)
    return table


def _authors_and_title(paper: Paper) -> str:
    return f"{paper.authors}: {paper.title}"


def _authors(paper: Paper) -> str:
    return paper.authors
