"""The columns that a table of a summary can have, each with its heading, its cell for a row, and its total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minicnn.errors import SettingError, suggestion
from minicnn.graph.summary import Summary, SummaryRow
from minicnn.graph.table import count, field, formula, memory, operations, sizes


class Column(NamedTuple):
    """A column; `total` None where a sum means nothing, `right` for numbers."""

    heading: str
    cell: Callable[[SummaryRow], str]
    total: Callable[[Summary], str] | None = None
    right: bool = True


COLUMNS = {
    "operation": Column("operation", lambda row: row.type, right=False),  # in words: see `cells`
    "input": Column("input", lambda row: " ".join(sizes(shape) for shape in row.input_shapes), right=False),
    "output": Column("output", lambda row: sizes(row.output_shape), right=False),
    "params": Column("parameters", lambda row: count(row.params), lambda summary: count(summary.totals.params)),
    "formula": Column("formula", formula, right=False),
    "buffers": Column("buffers", lambda row: count(row.buffers), lambda summary: count(summary.totals.buffers)),
    "macs": Column("MACs", lambda row: count(row.macs), lambda summary: count(summary.totals.macs)),
    "useful": Column("useful MACs", lambda row: count(row.useful_macs), lambda summary: count(summary.totals.useful_macs)),
    "backward": Column("backward MACs", lambda row: count(row.backward_macs), lambda summary: count(summary.totals.backward_macs)),
    "connections": Column("connections", lambda row: count(row.connections), lambda summary: count(summary.totals.connections)),
    "activations": Column("activations", lambda row: memory(row.activation_bytes), lambda summary: memory(summary.totals.activation_bytes)),
    "training": Column(
        "training memory", lambda row: memory(row.training_bytes), lambda summary: memory(summary.training.activation_bytes)
    ),
    "field": Column("field", lambda row: field(row.receptive_field)),
    "jump": Column("jump", lambda row: field(row.jump)),
}
DEFAULT = ("operation", "output", "params", "formula", "macs", "field")


class Cells(NamedTuple):
    """A table as words: headings, which columns hold numbers, a line for every row, and the totals."""

    headings: tuple[str, ...]
    right: tuple[bool, ...]
    lines: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


def chosen(text: str) -> tuple[str, ...]:
    """The columns that "operation,macs" or "all" names; a SettingError that lists them if one is unknown."""
    names = tuple(COLUMNS) if text.strip() == "all" else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in COLUMNS:
            raise SettingError(f"there is no column called {name!r}{suggestion(name, COLUMNS)}\n  use all, or some of {', '.join(COLUMNS)}")
    return names


def cells(summary: Summary, columns: Sequence[str] = DEFAULT) -> Cells:
    """The table of these columns, the layers' names first."""
    picked = [COLUMNS[name] for name in columns]
    lines = []
    for row, words in zip(summary.layers, operations(summary), strict=True):
        lines.append((row.name, *(", ".join(words) if name == "operation" else COLUMNS[name].cell(row) for name in columns)))
    totals = ("total", *("" if column.total is None else column.total(summary) for column in picked))
    return Cells(("layer", *(column.heading for column in picked)), (False, *(column.right for column in picked)), tuple(lines), totals)
