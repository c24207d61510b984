"""`minicnn summary NAME`: a network layer by layer."""

from __future__ import annotations

import json

import click

from minicnn import zoo
from minicnn.graph import Summary

FORMATS = ("table", "json", "csv", "markdown")


class ImageShape(click.ParamType):
    """3x224x224: channels, then sizes."""

    name = "CxHxW"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        if not 1 <= len(parts) <= 4 or not all(part.isascii() and part.isdigit() and len(part) < 10 and int(part) for part in parts):
            self.fail(f"{value!r} is not an input like 3x224x224: channels, then rows and columns, all at least 1", param, ctx)
        return tuple(int(part) for part in parts)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME [--compare NAME ...]")
@click.option("--input", "input_shape", type=ImageShape(), metavar="CxHxW", help="Another input, as in 1x28x28.")
@click.option("--classes", type=click.IntRange(min=1), help="Another number of classes.")
@click.option("--width", type=click.FloatRange(min=0, min_open=True), metavar="X", help="So many times the filters, as in 0.25.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to write it.")
@click.option("--compare", is_flag=True, help="Show several networks side by side.")
def summary(names: tuple[str, ...], input_shape: tuple[int, ...] | None, classes: int | None, width: float | None, form: str,
            compare: bool) -> None:
    """Show a network layer by layer: shapes, parameters with their formula, operations, receptive field.

    Networks are listed by 'minicnn zoo'.
    """
    if len(names) > 1 and not compare:
        raise click.UsageError(f"one network at a time; side by side: minicnn summary {names[0]} --compare {' '.join(names[1:])}")
    summaries = [zoo.find(name).summary(classes, input_shape, width) for name in names]
    if form != "table":
        click.echo(_written(summaries, form), nl=form != "csv")
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.summary import print_comparison, print_summary

    if len(summaries) == 1:
        print_summary(stdout_console(), summaries[0], zoo.find(names[0]).source)
    else:
        print_comparison(stdout_console(), summaries)


def _written(summaries: list[Summary], form: str) -> str:
    if form == "json":
        records = [each.to_dict() for each in summaries]
        return json.dumps(records[0] if len(records) == 1 else {"models": records}, indent=1)
    from minicnn.cli.render.summary_text import as_csv, as_markdown

    return as_csv(summaries) if form == "csv" else as_markdown(summaries)
