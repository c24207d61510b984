"""A trace in a terminal: the formula with its numbers, a row for every tap, the two results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.tracing import TraceTable
from minicnn.tracing.sheet import Sheet, number
from minicnn.tracing.text import blocks, map_lines, title, verdict

if TYPE_CHECKING:
    from minicnn.tracing.of_kernel import Kernel

STYLES = {"skip": "dim", "set": "dim"}
MOST_SHOWN = 256  # numbers of an array


def print_trace(console: Console, table: TraceTable, whole: bool = False) -> None:
    """The trace; a long sum without its middle unless it is wanted as a whole."""
    console.print(Text(title(table), "bold cyan"), soft_wrap=True)
    for note in table.notes:
        console.print(Text(note, "dim"), soft_wrap=True)
    for walk, own in blocks(table, whole):
        console.print()
        for line in walk.formula.splitlines():
            console.print(Text(line), soft_wrap=True)
        for line in map_lines(walk):
            console.print(Text(f"  {line}", "yellow"), soft_wrap=True)
        for each in own:
            if isinstance(each, str):
                console.print(Text(f"\n{each}"), soft_wrap=True)
                continue
            console.print()
            for word in each.constants:
                console.print(Text(f"all rows: {word}", "dim"), soft_wrap=True)
            print_whole(console, sheet_table(each))
    console.print()
    lines = verdict(table)
    width = max(len(name) for name, _ in lines)
    for name, words in lines:
        style = "bold red" if name == "difference" and not table.holds else ""
        console.print(Text(f"{name:{width}}  {words.rstrip()}", style), soft_wrap=True)


def sheet_table(sheet: Sheet) -> Table:
    """The steps of a sum, one a row; padding is dim."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for n, heading in enumerate(sheet.header):
        table.add_column(Text(heading), justify="right", no_wrap=True, style="cyan" if n < sheet.taps else "")
    for line, kind in zip(sheet.lines, sheet.kinds, strict=True):
        if line is None:
            table.add_row(*["..."] * (len(sheet.header) - 1), f"{sheet.hidden} more", style="dim")
        else:
            table.add_row(*map(Text, line), style=STYLES.get(kind, ""))
    return table


def print_arrays(console: Console, found: Kernel) -> None:
    """All numbers of a kernel: what goes in, and what it gives."""
    layered = found.layered
    arrays = dict(zip(["x"] if len(layered.inputs) == 1 else ["x1", "x2", "x3"], layered.inputs, strict=False))
    arrays |= {name: array for name, array in layered.parameters.items() if name != "bias" or array.any()}
    if layered.dy is not None:
        arrays["dy"] = layered.dy
    arrays[found.wanted] = layered.results[found.wanted]
    for name, array in arrays.items():
        console.print(Text(f"\n{name}  {' x '.join(map(str, array.shape))}", "bold cyan"), soft_wrap=True)
        if array.size > MOST_SHOWN:
            console.print(Text(f"{array.size:,} numbers: --at shows how one comes about", "dim"))
            continue
        console.print(Text("\n\n".join(_planes(array))), soft_wrap=True)


def _planes(array: Any) -> list[str]:
    """Rows of numbers in columns, plane by plane."""
    plane = array.reshape(-1, *array.shape[-2:]) if array.ndim > 2 and array.shape[-2:] != (1, 1) else array.reshape(1, -1, array.shape[-1])
    width = max(len(number(value)) for value in array.ravel().tolist())
    return ["\n".join("  ".join(number(value).rjust(width) for value in row) for row in each.tolist()) for each in plane]
