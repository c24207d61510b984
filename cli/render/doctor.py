"""The doctor's findings as a table, state first, so that problems stand out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.machine import MISSING, OK, WARN, Finding
from minicnn.cli.render.console import print_whole

STYLES = {OK: "green", MISSING: "dim", WARN: "bold yellow"}
LEAST_COLUMNS = 60


def print_findings(console: Console, found: Sequence[Finding]) -> None:
    """The table, long details folded on a terminal, whole in a pipe; then the conclusion."""
    table = findings_table(found)
    if console.is_terminal and console.width >= LEAST_COLUMNS:
        console.print(table)
    else:
        print_whole(console, table)
    broken = [finding.what for finding in found if finding.needed and finding.state != OK]
    warned = [finding.what for finding in found if not finding.needed and finding.state == WARN]
    if broken:
        verdict = Text(f"minicnn cannot work without {', '.join(broken)}", "bold red")
    elif warned:
        verdict = Text(f"minicnn can train on this machine; worth a look: {', '.join(warned)}", "yellow")
    else:
        verdict = Text("minicnn can train on this machine", "green")
    console.print()
    console.print(verdict, soft_wrap=True)


def findings_table(found: Sequence[Finding]) -> Table:
    """One item per row; the fix is below the detail."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Point", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Detail", overflow="fold")
    for finding in found:
        detail = Text(finding.detail)
        if finding.fix:
            detail.append(f"\n{finding.fix}", "cyan")
        table.add_row(finding.what, Text(finding.state, STYLES[finding.state]), detail)
    return table
