"""The list of networks as a Rich table."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.graph.summary import Summary
from minicnn.graph.table import count, sizes
from minicnn.zoo import ZooEntry


def print_zoo(console: Console, networks: Sequence[tuple[ZooEntry, Summary]]) -> None:
    """Every network; where there is no room for the titles of the papers, their authors have to do."""
    table = zoo_table(networks, titles=True)
    if natural_width(console, table) > console.width:
        table = zoo_table(networks, titles=False)
    print_whole(console, table)


def zoo_table(networks: Sequence[tuple[ZooEntry, Summary]], titles: bool) -> Table:
    """One line a network."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("Network", "Year", "Input>", "Classes>", "Parameters>", "MACs>", "Paper"):
        table.add_column(heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", no_wrap=True)
    for entry, summary in networks:
        paper = f"{entry.authors}: {entry.paper}" if titles else entry.authors
        table.add_row(Text(entry.name, "bold cyan"), str(entry.year), sizes(entry.input_shape), count(entry.classes),
                      count(summary.totals.params), count(summary.totals.macs), Text(paper, "dim"))
    return table
