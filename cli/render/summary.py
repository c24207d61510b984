"""The summary of a network as Rich tables: wide where there is room, otherwise two lines a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.graph.columns import DEFAULT, WHAT_IS_COUNTED, Cells, cells, formula, operations
from minicnn.graph.cost import BYTES_PER_NUMBER
from minicnn.graph.formats import NOT_COUNTED, count, memory, percent, sizes
from minicnn.graph.summary import Summary, SummaryRow
from minicnn.graph.table import not_counted, shares

if TYPE_CHECKING:
    from minicnn.engine.counting import Check

FOOTER_WIDTH = 96
LEAST_STACK = 24  # letters of a line in the first column of the narrowest table


def print_summary(console: Console, summary: Summary, source: str, columns: Sequence[str] | None = None) -> None:
    """The table of layers, who has the parameters and who does the work, and what the columns count.

    Without `columns` it is the table that fits: one line a layer where there is room, else two, else as many as it takes.
    """
    table = wide_table(summary, columns or DEFAULT)
    if columns is None and natural_width(console, table) > console.width:
        table = narrow_table(summary)
    if columns is None and natural_width(console, table) > console.width:
        rest = natural_width(console, stacked_table(summary, 0))
        table = stacked_table(summary, max(LEAST_STACK, console.width - rest))
    console.print(heading(summary, source), Text(), sep="\n")
    print_whole(console, Group(table, Text(), share_table(summary), Text(), sum_table(summary), Text()))
    if summary.uncounted:
        console.print(Text(f"N{not_counted(summary)[1:]}"), Text(), sep="\n")
    print_footer(console)


def heading(summary: Summary, source: str) -> Text:
    count_of_layers = sum(row.layer_count for row in summary.layers)
    closed = sum(row.layer_count > 1 for row in summary.layers)
    shown = f"in {len(summary.layers)} rows" if closed else f"{sum(row.params > 0 for row in summary.layers)} of them with parameters"
    sharing = sum(row.shared_with is not None for row in summary.layers)
    layers = f"{count_of_layers} layers, {shown}" + (f", {sharing} sharing them" if sharing and not closed else "")
    return Text.assemble((summary.model, "bold"), f"  input {sizes(summary.input_shape)}, {layers}", (f"\n{source}", "dim"))


def wide_table(summary: Summary, columns: Sequence[str] = DEFAULT) -> Table:
    """One line a layer."""
    return _layers(summary, cells(summary, columns), columns)


def narrow_table(summary: Summary) -> Table:
    """Two lines for a layer with parameters: the settings below the operation, the formula below the count."""
    columns = tuple(name for name in DEFAULT if name != "formula")
    words = cells(summary, columns)
    below = {"operation": [", ".join(rest) for _, *rest in operations(summary)], "params": [formula(row) for row in summary.layers]}
    lines = tuple((name, first, *numbers) for (name, _, *numbers), (first, *_) in zip(words.lines, operations(summary), strict=True))
    return _layers(summary, words._replace(lines=lines), columns, below)


def stacked_table(summary: Summary, room: int) -> Table:
    """All words of a layer below its name, in lines of at most `room` letters; without them for 0, to see what the numbers take."""
    columns = tuple(name for name in DEFAULT if name not in ("operation", "formula"))
    words = cells(summary, columns)
    if not room:
        bare = [("", *line[1:]) for line in (words.headings, *words.lines, words.totals)]
        return _layers(summary, words._replace(headings=bare[0], lines=tuple(bare[1:-1]), totals=bare[-1]), columns)
    names = ("\n".join(wrap(row.name.replace(".", ". "), room, subsequent_indent="  ")).replace(". ", ".") for row in summary.layers)
    below = [
        "\n".join(f"  {line}" for text in (", ".join(each), formula(row)) for line in wrap(text, room - 2))
        for row, each in zip(summary.layers, operations(summary), strict=True)
    ]
    lines = tuple((name, *numbers) for name, (_, *numbers) in zip(names, words.lines, strict=True))
    return _layers(summary, words._replace(lines=lines), columns, {"layer": below})


def _layers(summary: Summary, words: Cells, columns: Sequence[str], below: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Table:
    """The cells as a table; `below` holds more lines for the cells of a column, in grey."""
    table = table_of(
        *(
            f"{heading.capitalize() if heading.islower() else heading}{'>' if right else ''}"
            for heading, right in zip(words.headings, words.right, strict=True)
        )
    )
    for n, (row, line) in enumerate(zip(summary.layers, words.lines, strict=True)):
        cells_of_row = [Text(cell, _style(row, name, cell)) for name, cell in zip(("layer", *columns), line, strict=True)]
        for cell, name in zip(cells_of_row, ("layer", *columns), strict=True):
            cell.append(f"\n{below[name][n]}" if name in below and below[name][n] else "", "dim")
        table.add_row(*cells_of_row)
    table.add_section()
    table.add_row(*(Text(cell, "bold") for cell in words.totals))
    return table


def share_table(summary: Summary) -> Table:
    """Convolution against fully connected."""
    table = table_of("", "Parameters>", "of all>", "MACs>", "of all>")
    for line in shares(summary):
        table.add_row(*line)
    return table


def sum_table(summary: Summary) -> Table:
    """The totals one below the other: operations, then memory."""
    totals, step = summary.totals, summary.training
    table = table_of("", ">", "")
    for name, number, note in (
        ("FLOPs", count(totals.flops), "two for every MAC"),
        ("Useful MACs", count(totals.useful_macs), f"{percent(totals.useful_macs, totals.macs)}: without taps on padding"),
        ("Backward MACs", count(totals.backward_macs), "gradients of weights and inputs"),
        ("Connections", count(totals.connections), "taps and biases of every output"),
        (
            "Parameter memory",
            memory(BYTES_PER_NUMBER * totals.params),
            f"and {memory(BYTES_PER_NUMBER * totals.buffers)} buffers" if totals.buffers else "",
        ),
        ("Activations", memory(totals.activation_bytes), "one image"),
        ("Training step", memory(step.total_bytes), f"{count(step.batch)} {'image' if step.batch == 1 else 'images'}, all of:"),
        ("  input and outputs", memory(step.activation_bytes), "kept for the way back"),
        ("  their gradients", memory(step.gradient_bytes), "the most at one time"),
        ("  parameters", memory(step.parameter_bytes + step.parameter_gradient_bytes), "and their gradients"),
    ):
        table.add_row(name, number, Text(note, "dim"))
    table.show_header = False
    return table


def print_check(console: Console, check: Check, width: float) -> None:
    """What was counted beside what was computed, and every layer where they differ."""
    table = table_of("Check", "By formula>", "Counted>")
    for each in (*check.totals(), *check.differences):
        style = "" if each.formula == each.counted else "bold red"
        name = each.quantity.replace("_", " ").replace("macs", "MACs").replace("params", "parameters")
        where = "" if each.layer == "total" else f"  {each.layer}: "
        table.add_row(Text(f"{where}{name}", style), count(each.formula), Text(count(each.counted), style))
    model = check.summary.model if width == 1 else f"{check.summary.model} with {width:g} times its filters"
    number = len(check.differences)
    verdict = (
        f"{number} of {len(check.counts)} numbers differ"
        if number
        else f"all {count(len(check.counts))} numbers of {count(len(check.summary.layers))} layers agree"
    )
    console.print()
    print_whole(console, Group(table, Text()))
    console.print(Text(f"{model}, input {sizes(check.summary.input_shape)}, run by the textbook loops on ones: {verdict}."))


def print_footer(console: Console) -> None:
    """What the columns count."""
    lines = Table.grid(padding=(0, 2))
    lines.add_column(overflow="fold")
    lines.add_column(overflow="fold")
    for name, meaning in WHAT_IS_COUNTED:
        lines.add_row(Text(name, "dim"), Text(meaning, "dim"))
    console.print(lines, width=min(console.width, FOOTER_WIDTH))


def table_of(*columns: str) -> Table:
    """A table without vertical lines; a column whose title ends with > holds numbers.  Nothing in it wraps or is cut."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", no_wrap=True)
    return table


def _style(row: SummaryRow, column: str, cell: str) -> str:
    if column in ("layer", "operation"):
        return "bold cyan" if row.params or row.shared_with else ""
    return "dim" if column == "formula" or cell in ("0", NOT_COUNTED) else ""
