"""The chosen algorithms as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.bench.explain import Explanation
from minicnn.cli.render.console import print_whole
from minicnn.kernels.cpu.convolution.choice import NAMES
from minicnn.kernels.cpu.convolution.problem import DIRECT

WAYS = (DIRECT, *NAMES)


def print_explanations(console: Console, found: Sequence[Explanation]) -> None:
    """A row per pass; the cycles of the chosen algorithm in bold."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("layer", "pass"):
        table.add_column(title, no_wrap=True)
    for title in ("batch", *WAYS):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("way", no_wrap=True)
    table.add_column("because")
    for each in found:
        figures = [f"{each.cycles[way]:.3g}" if way in each.cycles else "-" for way in WAYS]
        marked = [
            Text(text, style="bold" if way == (each.way if each.way in NAMES else DIRECT) else "")
            for way, text in zip(WAYS, figures, strict=True)
        ]
        table.add_row(each.name, each.work, str(each.batch), *marked, each.way, each.reason)
    print_whole(console, table)
    console.print(
        "\nMillions of cycles for the batch on one thread, by the cost model in minicnn/kernels/cpu/convolution/choice.py.  "
        "MINICNN_CONVOLUTION=direct, winograd2 or winograd4 overrides the choice.",
        style="dim",
    )
