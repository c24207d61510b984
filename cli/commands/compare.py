"""`minicnn compare RUN...`: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import format_option

if TYPE_CHECKING:
    from minicnn.train.comparison import Contender


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--out", metavar="FILE.svg", help="Write the curves as a picture, .svg or .png.")
@format_option
def compare(runs: tuple[str, ...], out: str | None, form: str) -> None:
    """Show runs side by side: loss and accuracy over the epochs, the settings that differ, and the results.

    RUN is a run folder, finished or not, or a folder of several seeds, made by 'minicnn train --repeat': its curves are means, its
    results mean and standard deviation.  Such a folder alone is shown seed by seed.
    """
    from minicnn.charts import write
    from minicnn.cli.render.chart import print_figure
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.run_comparison import charts, print_run_comparison
    from minicnn.train.comparison import compared

    sides = compared(runs)
    figures = charts(sides)
    if out:
        write(out, figures)
    if form == "json":
        click.echo(json_text(as_json(sides)))
        return
    console = stdout_console()
    print_run_comparison(console, sides)
    print_figure(console, figures)
    if out:
        click.echo(f"\n{out}: {len(figures)} charts", err=True)


def as_json(sides: tuple[Contender, ...]) -> dict[str, Any]:
    """The comparison as JSON values."""
    from minicnn.train.comparison import differences

    return {
        "differences": differences(sides),
        "runs": [
            {
                "name": side.name,
                "folders": [str(run.path) for run in side.runs],
                "settings": side.settings(),
                "finished": all(run.finished for run in side.runs),
                "metrics": {name: spread._asdict() for name, spread in side.figures().items()},
                "histories": [[line._asdict() for line in run.history] for run in side.runs],
            }
            for side in sides
        ],
    }
