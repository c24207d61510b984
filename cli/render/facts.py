"""Claims and verdicts as a Rich table, or as a list if there is no room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width
from minicnn.facts import Fact

STYLES = {"right": "green", "rounded": "cyan", "unclear": "yellow", "wrong": "bold red", "answer": "bold"}
LEAST_WHY = 36  # columns for the reasons, below which a list is easier to read
LEAST_LIST = 30  # columns of a list: the longest number and its margin


def print_facts(console: Console, facts: Sequence[Fact]) -> None:
    """Every claim, then the count of each verdict and the sources."""
    table = facts_table(facts, with_reasons=False)
    room = console.width - natural_width(console, table) - 2
    if room >= LEAST_WHY:
        console.print(facts_table(facts, with_reasons=True))
    else:
        print_list(console, facts)
    counts = Counter(fact.verdict for fact in facts)
    console.print(
        Text(
            "\n"
            + ", ".join(f"{counts[verdict]} {verdict}" for verdict in STYLES if counts[verdict])
            + ".\nRounded: right but for its last digit.  Unclear: right in one reading, wrong in another.\n"
        )
    )
    for source in dict.fromkeys(fact.source for fact in facts):
        console.print(Text(f"{source.short}: {source.full}", "dim"), width=max(LEAST_LIST, console.width))


def facts_table(facts: Sequence[Fact], with_reasons: bool) -> Table:
    """One line per claim; only the reasons may take more."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("Verdict", "Claim", "Source", "Computed"):
        table.add_column(heading, no_wrap=True)
    if with_reasons:
        table.add_column("Why", overflow="fold")
    for fact in facts:
        long = fact.text.replace("; ", "\n")
        cells: list[RenderableType] = [_verdict(fact), fact.claim, Text(fact.source.short, "dim"), long]
        table.add_row(*cells, *([Text(fact.why, "dim")] if with_reasons else []))
    return table


def print_list(console: Console, facts: Sequence[Fact]) -> None:
    """Two lines per claim, or more if there is little room: the claim, and the computed value."""
    margin = max(map(len, STYLES)) + 2
    for fact in facts:
        said = Text(fact.claim).append(f"  ({fact.source.short})", "dim")
        said.append(f"\n{fact.text}").append(f": {fact.why}" if fact.why else "", "dim")
        start = _verdict(fact)
        for line in said.wrap(console, max(LEAST_LIST, console.width) - margin):
            line.rstrip()
            start.pad_right(margin - len(start))
            console.print(start.append_text(line), soft_wrap=True)
            start = Text()


def _verdict(fact: Fact) -> Text:
    return Text(fact.verdict, STYLES[fact.verdict])
