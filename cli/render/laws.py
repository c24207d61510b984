"""The laws as a table: what each says, how far its sides lay apart, how far they may, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.laws import TIERS, Result


@contextmanager
def waiting(console: Console) -> Iterator[Callable[[str], None]]:
    """On a terminal, a line that says what is being checked: the first check of a kind compiles its loops."""
    if not console.is_terminal:
        yield lambda words: None
        return
    with console.status("", spinner="line") as status:
        yield lambda words: status.update(Text(words))


def print_laws(console: Console, results: Sequence[Result]) -> None:
    """The table, with what the laws say where there is room; then the sum of it, and what is broken."""
    table = laws_table(results, statements=True)
    if natural_width(console, table) > console.width:
        table = laws_table(results, statements=False)
    print_whole(console, table)
    broken = [result for result in results if not result.holds]
    laws, examples = len({result.law for result in results}), max(result.examples for result in results)
    console.print()
    if not broken:
        words = "1 law holds" if laws == 1 else f"{laws} laws hold"
        console.print(Text(f"{words}, each on {examples} random settings in float32 ({TIERS['float32']}) and in float64"
                           f" ({TIERS['float64']})", "green"), soft_wrap=True)
    for result in broken:
        console.print(Text(f"{result.law} is broken in {result.dtype} ({TIERS[result.dtype]}): {result.statement}", "bold red"),
                      soft_wrap=True)
        console.print(Text(f"  {result.setting}"), soft_wrap=True)


def laws_table(results: Sequence[Result], statements: bool) -> Table:
    """One line for each law and type; the law's name stands on its first."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Law", no_wrap=True)
    if statements:
        table.add_column("It says", no_wrap=True)
    table.add_column("Device", no_wrap=True)
    table.add_column("Worst error", justify="right", no_wrap=True)
    table.add_column("Bound", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    before = ""
    for result in results:
        first = result.law != before
        before = result.law
        row = [Text(result.law if first else "", "bold cyan")]
        if statements:
            row.append(Text(result.statement if first else "", "dim"))
        row += [Text(f"{result.device} {result.dtype}"), Text(f"{result.worst_error:.1e}" if result.worst_error else "0"),
                Text(f"{result.bound:.1e}"), Text("holds", "green") if result.holds else Text("broken", "bold red")]
        table.add_row(*row)
    return table
