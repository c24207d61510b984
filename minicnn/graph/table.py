"""A summary as plain text: what `repr` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicnn.graph.columns import cells
from minicnn.graph.formats import count, percent, sizes
from minicnn.markup import shown, table

if TYPE_CHECKING:
    from minicnn.graph.summary import Summary


def plain_table(summary: Summary) -> str:
    """The whole summary in monospaced text."""
    whole = cells(summary)
    lines = [f"{summary.model}, input {sizes(summary.input_shape)}"]
    lines += aligned([whole.headings, *whole.lines, whole.totals], whole.right)
    lines += [f"{kind}: {params} parameters ({share}), {macs} MACs ({work})" for kind, params, share, macs, work in shares(summary)]
    lines += [not_counted(summary)] if summary.uncounted else []
    return "\n".join(lines)


def html_table(summary: Summary) -> str:
    """The whole summary as HTML, for a notebook."""
    whole = cells(summary)
    parts = [f"{kind}: {params} parameters ({share}), {macs} MACs ({work})" for kind, params, share, macs, work in shares(summary)]
    parts += [not_counted(summary)] if summary.uncounted else []
    title = f"{summary.model}, input {sizes(summary.input_shape)}"
    below = "".join(f"<div>{shown(line)}</div>" for line in parts)
    return f"{table(whole.headings, whole.lines, whole.right, title, whole.totals)}{below}"


def shares(summary: Summary) -> list[tuple[str, str, str, str, str]]:
    """For every kind of layer its parameters and MACs, each with its share of the total."""
    totals = summary.totals
    return [
        (each.kind, count(each.params), percent(each.params, totals.params), count(each.macs), percent(each.macs, totals.macs))
        for each in summary.by_kind
    ]


def not_counted(summary: Summary) -> str:
    """The operations that are in no sum: "not counted: 7 ReLU, 3 MaxPool2D"."""
    return f"not counted: {', '.join(f'{each.layers} {each.type}' for each in summary.uncounted)}"


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Cells in columns, those marked in `right` flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) if side else cell.ljust(width) for cell, width, side in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
