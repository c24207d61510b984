"""The list of networks as a Rich table: a column for the papers, or where there is no room for one, a line below their networks;
then the networks that were trained."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.recipes import print_recipes
from minicnn.graph.formats import count, sizes
from minicnn.graph.summary import Summary
from minicnn.zoo import Paper, ZooEntry

Networks = Sequence[tuple[ZooEntry, Summary]]

HEADINGS = ("Network", "Year", "Input>", "Classes>", "Parameters>", "MACs>")  # > for numbers


def print_zoo(console: Console, networks: Networks) -> None:
    """Every network, the oldest first; by paper where a column of their titles would be too wide."""
    table = _table((*HEADINGS, "Paper"))
    for entry, summary in networks:
        table.add_row(*_cells(entry, summary), Text(_reference(entry.paper), "dim"))
    if natural_width(console, table) <= console.width:
        print_whole(console, table)
    else:
        print_by_paper(console, networks)
    print_learners(console, networks)


def print_learners(console: Console, networks: Networks) -> None:
    """The networks that were trained here, below a line that says so."""
    console.print(Text.assemble("\nTrained here, three seeds each: ", ("minicnn train NAME", "bold"), " takes these settings.\n"))
    print_recipes(console, [entry for entry, _ in networks if entry.recipe])


def print_by_paper(console: Console, networks: Networks) -> None:
    """A line a network, and below those of one paper its authors and title."""
    papers: dict[Paper, list[list[Text]]] = {}
    for entry, summary in networks:
        papers.setdefault(entry.paper, []).append(_cells(entry, summary))
    lines = [[Text(heading.rstrip(">")) for heading in HEADINGS], *(line for each in papers.values() for line in each)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    print_whole(console, _table(HEADINGS, widths))
    for paper, rows in papers.items():
        table = _table(HEADINGS, widths)
        table.show_header = False
        for row in rows:
            table.add_row(*row)
        print_whole(console, table)
        console.print(Padding(Text(_reference(paper), "dim"), (0, 0, 0, 2), expand=False))


def _cells(entry: ZooEntry, summary: Summary) -> list[Text]:
    numbers = (entry.paper.year, sizes(entry.input_shape), count(entry.classes), count(summary.totals.params), count(summary.totals.macs))
    return [Text(entry.name, "bold cyan"), *(Text(str(number)) for number in numbers)]


def _reference(paper: Paper) -> str:
    return f"{paper.authors}: {paper.title}"


def _table(headings: Sequence[str], widths: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for n, heading in enumerate(headings):
        table.add_column(
            heading.rstrip(">"), justify="right" if heading.endswith(">") else "left", no_wrap=True, width=widths[n] if widths else None
        )
    return table
