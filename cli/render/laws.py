"""The laws as a table: what each says, how far its sides differ, how far they may, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.laws import TIERS, Result

NARROWER = ((), ("Bound>",), ("Bound>", "Error>"), ("Bound>", "Error>", "Device"))  # columns to leave out on narrow terminals


def print_laws(console: Console, results: Sequence[Result]) -> None:
    """The table; then the total, and what is broken."""
    table = laws_table(results)
    for without in NARROWER:
        if natural_width(console, table) > console.width:
            table = stacked_table(results, without)
    print_whole(console, table)
    broken = [result for result in results if not result.holds]
    laws, examples = len({result.law for result in results}), max(result.examples for result in results)
    console.print()
    if not broken:
        words = "1 law holds" if laws == 1 else f"{laws} laws hold"
        console.print(
            Text(
                f"{words}, each on {examples} random settings in float32 ({TIERS['float32']}) and in float64 ({TIERS['float64']})", "green"
            ),
            soft_wrap=True,
        )
    for result in broken:
        console.print(
            Text(f"{result.law} is broken in {result.dtype} ({TIERS[result.dtype]}): {result.statement}", "bold red"), soft_wrap=True
        )
        console.print(Text(f"  {result.setting}"), soft_wrap=True)


def laws_table(results: Sequence[Result]) -> Table:
    """One line for each law and type; the first has the law's name and statement."""
    table = _table(2, "Law", "It says", "Device", "Worst error>", "Bound>", "Verdict")
    before = ""
    for result in results:
        first = result.law != before
        before = result.law
        table.add_row(
            Text(result.law if first else "", "bold cyan"), Text(result.statement if first else "", "dim"), *_cells(result).values()
        )
    return table


def stacked_table(results: Sequence[Result], without: Sequence[str]) -> Table:
    """The statement is below the law's name, beside its second type; some columns may be left out."""
    kept = [heading for heading in ("Device", "Error>", "Bound>", "Verdict") if heading not in without]
    table = _table(0, "Law", *kept)
    for law, each in groupby(results, key=lambda result: result.law):
        lines = list(each)
        first = [Text(law, "bold cyan"), Text(lines[0].statement, "dim")]
        first += [Text("") for _ in lines[2:]]
        for words, result in zip(first, lines, strict=False):
            cells = _cells(result)
            table.add_row(words, *(cells[heading] for heading in kept))
    return table


def _cells(result: Result) -> dict[str, Text]:
    """The results, by the heading of their column."""
    return {
        "Device": Text(f"{result.device} {result.dtype}"),
        "Error>": Text(f"{result.worst_error:.1e}" if result.worst_error else "0"),
        "Bound>": Text(f"{result.bound:.1e}" if result.bound else "0"),
        "Verdict": Text("holds", "green") if result.holds else Text("broken", "bold red"),
    }


def _table(gap: int, *columns: str) -> Table:
    """A heading that ends with > has numbers below it."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", no_wrap=True)
    return table
