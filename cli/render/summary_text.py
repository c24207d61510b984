"""The summary of a network for other programs: CSV for spreadsheets, Markdown for notes, LaTeX for papers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import fields

from minicnn.graph.columns import DEFAULT, WHAT_IS_COUNTED, cells
from minicnn.graph.formats import sizes
from minicnn.graph.summary import Summary, SummaryRow
from minicnn.graph.table import not_counted, shares
from minicnn.tables import latex_table, markdown_table

MADE_BY = "made by minicnn summary"


def as_csv(summaries: Sequence[Summary]) -> str:
    """One line per layer, sizes as 96x55x55, an empty cell if not counted."""
    out = io.StringIO()
    records = [_csv_record(summary.model, row) for summary in summaries for row in summary.layers]
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def _csv_record(model: str, row: SummaryRow) -> dict[str, object]:
    """The record's fields under their own names, padding as two; what does not fit a cell is left out."""
    before, after = zip(*row.padding, strict=True) if row.padding else (None, None)
    record: dict[str, object] = {"model": model}
    for name in (field.name for field in fields(row) if field.name not in ("input_shapes", "settings")):
        record |= {"padding_before": before, "padding_after": after} if name == "padding" else {name: getattr(row, name)}
    return {name: _csv_cell(value) for name, value in record.items()}


def _csv_cell(value: object) -> object:
    if isinstance(value, tuple):
        return (" " if value and isinstance(value[0], str) else "x").join(str(each) for each in value)
    return "" if value is None else value


def as_markdown(summaries: Sequence[Summary], columns: Sequence[str] = DEFAULT) -> str:
    """A heading and two tables for every network, and at the end what the columns count."""
    return "\n\n".join([*(_markdown(summary, columns) for summary in summaries), markdown_notes()])


def markdown_notes() -> str:
    """What the columns count, as a list."""
    return "\n".join(f"- {name}: {meaning}" for name, meaning in WHAT_IS_COUNTED).replace("*", r"\*")


def _markdown(summary: Summary, columns: Sequence[str]) -> str:
    table = cells(summary, columns)
    formula = table.headings.index("formula") if "formula" in table.headings else None
    rows = [tuple(f"`{cell}`" if index == formula and cell else cell for index, cell in enumerate(line)) for line in table.lines]
    rows.append(tuple(f"**{cell}**" if cell else "" for cell in table.totals))
    return "\n".join(
        [
            f"## {summary.model}, input {sizes(summary.input_shape)}",
            "",
            *markdown_table(table.headings, "".join("r" if right else "l" for right in table.right), rows),
            "",
            *markdown_table(("", "parameters", "of all", "MACs", "of all"), "lrrrr", shares(summary)),
            *(["", f"N{not_counted(summary)[1:]}."] if summary.uncounted else []),
        ]
    )


def as_latex(summaries: Sequence[Summary], columns: Sequence[str] = DEFAULT) -> str:
    """A plain tabular for every network; no package is needed."""
    return "\n\n".join(_latex(summary, columns) for summary in summaries)


def _latex(summary: Summary, columns: Sequence[str]) -> str:
    table = cells(summary, columns)
    sides = "".join("r" if right else "l" for right in table.right)
    return latex_table(f"{summary.model}, input {sizes(summary.input_shape)}; {MADE_BY}", table.headings, sides, table.lines, table.totals)
