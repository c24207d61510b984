"""Networks side by side: on a terminal, in Markdown and LaTeX one column each, in CSV one line each."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.summary import print_footer, table_of
from minicnn.cli.render.summary_text import MADE_BY, markdown_notes
from minicnn.graph.cost import BYTES_PER_NUMBER
from minicnn.graph.formats import count, field, memory, sizes
from minicnn.graph.summary import Summary
from minicnn.tables import latex_table, markdown_table


class Quantity(NamedTuple):
    """A line of the comparison: its heading and format in tables, its name in CSV, and its value for each network."""

    heading: str
    name: str
    values: tuple[object, ...]
    text: Callable[..., str] = count
    total: bool = False

    @property
    def cells(self) -> list[str]:
        """The values as a table writes them."""
        return [self.text(value) for value in self.values]


def quantities(summaries: Sequence[Summary]) -> list[Quantity]:
    """What networks are compared by."""
    totals = [summary.totals for summary in summaries]
    shares = [{share.kind: share for share in summary.by_kind} for summary in summaries]
    kinds = list(dict.fromkeys(kind for each in shares for kind in each))

    def by_kind(name: str) -> list[Quantity]:
        return [
            Quantity(f"  {kind}", f"{name} of {kind}", tuple(getattr(each[kind], name) if kind in each else 0 for each in shares))
            for kind in kinds
        ]

    return [
        Quantity("Input", "input", tuple(sizes(summary.input_shape) for summary in summaries), str),
        Quantity("Layers", "layers", tuple(sum(row.layer_count for row in summary.layers) for summary in summaries)),
        Quantity("Parameters", "params", tuple(each.params for each in totals), total=True),
        *by_kind("params"),
        Quantity("MACs", "macs", tuple(each.macs for each in totals), total=True),
        *by_kind("macs"),
        Quantity("  useful", "useful_macs", tuple(each.useful_macs for each in totals)),
        Quantity("  backward", "backward_macs", tuple(each.backward_macs for each in totals)),
        Quantity("FLOPs", "flops", tuple(each.flops for each in totals)),
        Quantity("Parameter memory", "parameter_bytes", tuple(BYTES_PER_NUMBER * each.params for each in totals), memory),
        Quantity("Activations", "activation_bytes", tuple(each.activation_bytes for each in totals), memory),
        Quantity("Training step", "training_bytes", tuple(summary.training.total_bytes for summary in summaries), memory),
        Quantity("Largest field", "largest_field", tuple(map(_largest_field, summaries)), field),
    ]


def print_comparison(console: Console, summaries: Sequence[Summary]) -> None:
    """Networks side by side, in as many tables as it takes, and what the lines count."""
    left = list(summaries)
    while left:
        fitting = len(left)
        while fitting > 1 and natural_width(console, compare_table(left[:fitting])) > console.width:
            fitting -= 1
        print_whole(console, Group(compare_table(left[:fitting]), Text()))
        left = left[fitting:]
    print_footer(console)


def compare_table(summaries: Sequence[Summary]) -> Table:
    """Networks side by side, one column each."""
    table = table_of("", *(f"{summary.model}>" for summary in summaries))
    for each in quantities(summaries):
        cells = [Text(cell, "bold" if each.total else "" if value else "dim") for cell, value in zip(each.cells, each.values, strict=True)]
        table.add_row(Text(each.heading, "dim" if each.heading.startswith(" ") else ""), *cells)
    return table


def comparison_markdown(summaries: Sequence[Summary]) -> str:
    """One table, a column for each network, and what its lines count."""
    header = ("", *(summary.model for summary in summaries))
    rows = [(each.heading.replace("  ", "- "), *each.cells) for each in quantities(summaries)]
    return "\n".join([*markdown_table(header, "l" + "r" * len(summaries), rows), "", markdown_notes()])


def comparison_latex(summaries: Sequence[Summary]) -> str:
    """A plain tabular, a column for each network."""
    rows = [(each.heading.replace("  ", "- "), *each.cells) for each in quantities(summaries)]
    return latex_table(
        f"networks side by side; {MADE_BY}", ["", *(summary.model for summary in summaries)], "l" + "r" * len(summaries), rows
    )


def comparison_csv(summaries: Sequence[Summary]) -> str:
    """A line for each network, memory in bytes."""
    out = io.StringIO()
    lines = quantities(summaries)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", *(each.name.replace(" ", "_") for each in lines)])
    for n, summary in enumerate(summaries):
        values = [each.values[n] for each in lines]
        writer.writerow([summary.model, *(sizes(value) if isinstance(value, tuple) else value for value in values)])
    return out.getvalue()


def _largest_field(summary: Summary) -> tuple[int, ...] | None:
    return max((row.receptive_field for row in summary.layers if row.receptive_field is not None), default=None)
