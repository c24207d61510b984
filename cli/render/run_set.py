"""What came of the runs of several seeds: a line a seed, then mean and spread."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.cli.render.summary import table_of
from minicnn.metrics import figure, words
from minicnn.train.spread import Spread


def print_spreads(console: Console, seeds: Sequence[int], spreads: Mapping[str, Spread], out: str) -> None:
    """A table with a column for each metric."""
    table = table_of("Seed", *(f"Test {words(name)}>" for name in spreads))
    for place, seed in enumerate(seeds):
        table.add_row(str(seed), *(figure(name, spread.values[place]) for name, spread in spreads.items()))
    table.add_section()
    table.add_row(Text("mean", "bold"), *(Text(figure(name, spread.mean), "bold green") for name, spread in spreads.items()))
    table.add_row("standard deviation", *(figure(name, spread.standard_deviation) for name, spread in spreads.items()))
    table.add_row("lowest", *(figure(name, spread.lowest) for name, spread in spreads.items()))
    table.add_row("highest", *(figure(name, spread.highest) for name, spread in spreads.items()))
    console.print()
    print_whole(console, table)
    console.print(Text(f"\ncompare them: minicnn compare {shlex.quote(out)}", "dim"), soft_wrap=True)
