"""The summary of a network as Rich tables: wide where there is room, otherwise two lines a layer."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.graph.columns import cells
from minicnn.graph.cost import BYTES_PER_NUMBER
from minicnn.graph.summary import Summary, SummaryRow
from minicnn.graph.table import WHAT_IS_COUNTED, count, field, formula, memory, not_counted, operations, percent, sizes

if TYPE_CHECKING:
    from minicnn.engine.counting import Check

FOOTER_WIDTH = 96
LEAST_STACK = 24  # letters of a line in the first column of the narrowest table


def print_summary(console: Console, summary: Summary, source: str, columns: Sequence[str] | None = None) -> None:
    """The table of layers, who has the parameters and who does the work, and what the columns count.

    Without `columns` it is the table that fits: one line a layer where there is room, else two, else as many as it takes.
    """
    table = wide_table(summary) if columns is None else chosen_table(summary, columns)
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


def wide_table(summary: Summary) -> Table:
    """One line a layer."""
    table = table_of("Layer", "Operation", "Output", "Parameters>", "Formula", "MACs>", "Field>")
    for row, words in zip(summary.layers, operations(summary), strict=True):
        style = _style(row)
        table.add_row(
            Text(row.name, style),
            Text(", ".join(words), style),
            sizes(row.output_shape),
            _number(row.params),
            Text(formula(row), "dim"),
            _number(row.macs),
            field(row.receptive_field),
        )
    table.add_section()
    table.add_row(Text("total", "bold"), "", "", _total(summary.totals.params), "", _total(summary.totals.macs), "")
    return table


def narrow_table(summary: Summary) -> Table:
    """Two lines for a layer with parameters: the settings below the operation, the formula below the count."""
    table = table_of("Layer", "Operation", "Output", "Parameters>", "MACs>", "Field>")
    for row, (first, *rest) in zip(summary.layers, operations(summary), strict=True):
        style = _style(row)
        lines = Text(first, style).append("".join(f"\n{', '.join(rest)}" if rest else ""), "dim")
        params = _number(row.params).append(f"\n{formula(row)}" if formula(row) else "", "dim")
        table.add_row(Text(row.name, style), lines, sizes(row.output_shape), params, _number(row.macs), field(row.receptive_field))
    table.add_section()
    table.add_row(Text("total", "bold"), "", "", _total(summary.totals.params), _total(summary.totals.macs), "")
    return table


def stacked_table(summary: Summary, room: int) -> Table:
    """All words of a layer below its name, in lines of at most `room` letters; without them for 0, to see what the numbers take."""
    table = table_of("Layer" if room else "", "Output", "Parameters>", "MACs>", "Field>")
    for row, words in zip(summary.layers, operations(summary), strict=True):
        lines = Text("")
        if room:
            below = wrap(", ".join(words), room - 2) + wrap(formula(row), room - 2)
            name = wrap(row.name.replace(".", ". "), room, subsequent_indent="  ")
            lines = Text("\n".join(name).replace(". ", "."), _style(row)).append("".join(f"\n  {line}" for line in below), "dim")
        table.add_row(lines, sizes(row.output_shape), _number(row.params), _number(row.macs), field(row.receptive_field))
    table.add_section()
    table.add_row(Text("total" if room else "", "bold"), "", _total(summary.totals.params), _total(summary.totals.macs), "")
    return table


def chosen_table(summary: Summary, columns: Sequence[str]) -> Table:
    """One line a layer, with the columns that were asked for."""
    words = cells(summary, columns)
    table = table_of(
        *(
            f"{heading.capitalize() if heading.islower() else heading}{'>' if right else ''}"
            for heading, right in zip(words.headings, words.right, strict=True)
        )
    )
    for row, line in zip(summary.layers, words.lines, strict=True):
        table.add_row(Text(line[0], _style(row)), *line[1:])
    table.add_section()
    table.add_row(*(Text(cell, "bold") for cell in words.totals))
    return table


def share_table(summary: Summary) -> Table:
    """Convolution against fully connected."""
    totals = summary.totals
    table = table_of("", "Parameters>", "of all>", "MACs>", "of all>")
    for share in summary.by_kind:
        table.add_row(
            share.kind, count(share.params), percent(share.params, totals.params), count(share.macs), percent(share.macs, totals.macs)
        )
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


def _style(row: SummaryRow) -> str:
    return "bold cyan" if row.params or row.shared_with else ""


def _number(value: int | None) -> Text:
    return Text(count(value), "" if value else "dim")


def _total(value: int) -> Text:
    return Text(count(value), "bold")
