"""A lab on the terminal: what the lecture says, what you got, the verdict; a row as soon as there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.labs import VERDICTS, Lab, Row

STYLES = {"equal": "green", "same effect": "green", "not seen": "yellow", "different": "bold red"}
VERDICT_WIDTH = max(map(len, VERDICTS))
WIDEST = 120
GAP = 2


def print_labs(console: Console, labs: Sequence[Lab]) -> None:
    """The list, and how to go on."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    table.add_column("Lab", no_wrap=True)
    table.add_column("About", no_wrap=True, justify="right")
    table.add_column("What it shows", overflow="fold")
    for lab in labs:
        table.add_row(Text(lab.name, "bold cyan"), duration(lab.seconds), lab.title)
    print_whole(console, table) if not console.is_terminal else console.print(table)
    console.print()
    console.print("minicnn lab NAME runs one; --quick in seconds; --explain says what to look at.", soft_wrap=True)


def print_meaning(console: Console, lab: Lab, path: str) -> None:
    """What to look at, two exercises, and where the code is."""
    width = min(console.width, WIDEST)
    console.print(Text(lab.title, "bold"), width=width)
    console.print(Text("; ".join(lab.sources), "dim"), width=width)
    console.print(Text(f"\nLook at\n{lab.look}"), width=width)
    for number, exercise in enumerate(lab.exercises, start=1):
        console.print(Text(f"\nExercise {number}\n{exercise}"), width=width)
    console.print(
        Text(f"\nAbout {duration(lab.seconds)} on two processors.  The lab is one file; copy it, change it, run it:", "dim"), width=width
    )
    console.print(Text(f"cp {path} own.py; minicnn lab own.py", "dim"), soft_wrap=True)


def print_start(console: Console, lab: Lab, quick: bool) -> None:
    """The title and the heads of the columns."""
    console.print(Text(lab.title, "bold"), width=min(console.width, WIDEST))
    if quick:
        console.print(
            Text("quick: fewer images, epochs and seeds; verdicts may be weaker than those of the whole lab", "dim"), soft_wrap=True
        )
    console.print()
    table = _table(console)
    table.add_row(*(Text(heading, "bold") for heading in ("The lecture says", "You got", "Verdict")))
    console.print(table)


def print_row(console: Console, row: Row) -> None:
    table = _table(console)
    table.add_row(Text(row.lecture), Text(row.ours), Text(row.verdict, STYLES[row.verdict]))
    console.print()
    console.print(table)


def print_end(console: Console, rows: Sequence[Row], seconds: float, quick: bool) -> None:
    """How often each verdict was given."""
    counts = Counter(row.verdict for row in rows)
    console.print()
    console.print(
        Text(f"{', '.join(f'{counts[each]} {each}' for each in VERDICTS if counts[each])}; {duration(seconds)}", "dim"), soft_wrap=True
    )


def duration(seconds: float) -> str:
    """About how long, for people."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _table(console: Console) -> Table:
    """Columns of the same widths for every row, so that rows can be printed one by one."""
    half = max(10, (min(console.width, WIDEST) - VERDICT_WIDTH - 2 * GAP) // 2)
    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for width in (half, half, VERDICT_WIDTH):
        table.add_column(width=width, overflow="fold")
    return table
