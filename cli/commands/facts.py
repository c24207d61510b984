"""`minicnn facts`: numbers from lectures and papers, and the computed ones."""

from __future__ import annotations

import click

from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice


@click.command()
@click.option("--format", "form", type=Choice(("table", "json")), default="table", show_default=True, help="Output format.")
def facts(form: str) -> None:
    """Compare numbers in lectures and papers with those computed from the layers and networks here."""
    from minicnn.facts import facts as all_facts

    found = all_facts()
    if form == "json":
        click.echo(
            json_text(
                [
                    {
                        "claim": fact.claim,
                        "source": fact.source.full,
                        "claimed": fact.claimed,
                        "computed": fact.computed,
                        "readings": [fact.computed, *fact.readings],
                        "text": fact.text,
                        "verdict": fact.verdict,
                        "why": fact.why,
                    }
                    for fact in found
                ],
                indent=1,
            )
        )
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.facts import print_facts

    print_facts(stdout_console(), found)
