"""`minicnn zoo`: list every network."""

from __future__ import annotations

import click

from minicnn.cli.commands.recipes import records
from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice
from minicnn.zoo import entries


@click.command()
@click.option("--format", "form", type=Choice(("table", "json")), default="table", show_default=True, help="Output format.")
def zoo(form: str) -> None:
    """List every network with its input, parameters, multiplications (MACs), year and paper, and how well it learns."""
    networks = [(entry, entry.summary()) for entry in entries()]
    if form == "json":
        click.echo(
            json_text(
                [
                    {
                        "name": entry.name,
                        "title": entry.title,
                        "year": entry.paper.year,
                        "authors": entry.paper.authors,
                        "paper": entry.paper.title,
                        "input_shape": list(entry.input_shape),
                        "output_shape": list(summary.layers[-1].output_shape),
                        "classes": entry.classes,
                        "params": summary.totals.params,
                        "macs": summary.totals.macs,
                        "recipes": records(entry),
                    }
                    for entry, summary in networks
                ],
                indent=1,
            )
        )
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.zoo import print_zoo

    print_zoo(stdout_console(), networks)
