"""`minicnn summary NETWORK`: a network layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from minicnn.cli import network_choice
from minicnn.cli.echo import json_text
from minicnn.cli.footprint import OPTION, asked_footprints, footprints
from minicnn.cli.mistakes import Choice
from minicnn.cli.weights_choice import trained_on, trained_words
from minicnn.graph import Summary, fold, summarize
from minicnn.graph.columns import DEFAULT, chosen

if TYPE_CHECKING:
    from minicnn.engine.counting import Check
    from minicnn.trained_on import TrainedOn

FORMATS = ("table", "json", "csv", "markdown", "latex")
COUNTABLE_MACS = 100_000_000  # of one pass; counting takes six passes, about a second on one core
WIDTHS = tuple(1 / 2**halvings for halvings in range(7))


class ImageShape(click.ParamType):
    """3x224x224: channels, then sizes; 3x?x? leaves sizes open."""

    name = "CxHxW"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int | None, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).lower().split("x")
        whole = [part.isascii() and part.isdigit() and len(part) < 10 and int(part) > 0 for part in parts]
        if not 1 <= len(parts) <= 4 or not whole[0] or not all(fits or part == "?" for fits, part in zip(whole, parts, strict=True)):
            self.fail(f"{value!r} is not an input like 3x224x224, or 3x?x? for any size: channels, then rows and columns", param, ctx)
        return tuple(None if part == "?" else int(part) for part in parts)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NETWORK [--compare NETWORK ...]")
@click.option("--input", "input_shape", type=ImageShape(), metavar="CxHxW", help="Input shape, as in 1x28x28; 1x?x? for any size.")
@click.option("--classes", type=click.IntRange(min=1), metavar="K", help="Number of classes.")
@click.option("--width", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Multiply the number of filters, as in 0.25.")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="1",
    help="Images at a time; given, with the memory of a process for them.",
)
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="Fold blocks nested deeper than N; 0 gives one row.")
@click.option("--columns", metavar="LIST", help="Columns to show, separated by commas, or all.")
@click.option("--format", "form", type=Choice(FORMATS), default="table", show_default=True, help="Output format.")
@click.option("--check", is_flag=True, help="Run the network, count, and compare; exit status 1 if a number differs.")
@click.option("--compare", is_flag=True, help="Show networks side by side.")
@click.option(OPTION, "plans", is_flag=True, hidden=True)
def summary(
    names: tuple[str, ...],
    input_shape: tuple[int | None, ...] | None,
    classes: int | None,
    width: float | None,
    batch: int | None,
    depth: int | None,
    columns: str | None,
    form: str,
    check: bool,
    compare: bool,
    plans: bool,
) -> None:
    """Show a network layer by layer: shapes, parameters with their formula, operations, receptive field.

    NETWORK is one of 'minicnn zoo', a Python file that defines 'network', or a run or a file of a network, of which it says as well
    what it was trained on.
    """
    if len(names) > 1 and columns is not None:
        raise click.UsageError("--columns is for one network: a comparison has no columns to choose")
    if len(names) > 1 and not compare:
        raise click.UsageError(f"one network at a time; side by side: minicnn summary {names[0]} --compare {' '.join(names[1:])}")
    if check and input_shape and None in input_shape:
        raise click.UsageError("--check runs the network: give an input of one size, as in --input 1x28x28")
    picked = None if columns is None else chosen(columns)
    networks = [network_choice.find(name) for name in names]
    nets = [network.build(classes, input_shape, width=width) for network in networks]
    if plans:
        click.echo(json_text(footprints(nets, batch or 1)))
        return
    summaries = [summarize(net.topology, net.name, batch or 1) for net in nets]
    memory = None
    if batch is not None and form in ("table", "json"):
        from minicnn.cli.render.console import stderr_console
        from minicnn.cli.render.waiting import Waiting

        with Waiting(stderr_console(), f"planning the memory of a batch of {batch:,}"):
            memory = asked_footprints(_arguments(names, input_shape, classes, width, batch), len(nets))
    as_saved = classes is None and input_shape is None and width is None
    learnt = [trained_on(name) if as_saved else None for name in names]
    checks = []
    if check:
        from minicnn.cli.render.console import stderr_console
        from minicnn.cli.render.waiting import Waiting

        with Waiting(stderr_console(), total=len(networks)) as waiting:
            for network in networks:
                waiting.show(f"counting {network.name}")
                checks.append(_checked(network, classes, input_shape, width))
    if depth is not None:
        summaries = [fold(each, depth) for each in summaries]
    if form == "table":
        from minicnn.cli.render.comparison import print_comparison
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.footprint import print_footprints
        from minicnn.cli.render.summary import print_check, print_summary

        if len(summaries) == 1:
            told = "" if learnt[0] is None else f"\n{trained_words(learnt[0])}"
            print_summary(stdout_console(), summaries[0], f"{networks[0].source}{told}", picked)
        else:
            print_comparison(stdout_console(), summaries)
        if memory is not None:
            print_footprints(stdout_console(), [each.model for each in summaries], memory)
        for each in checks:
            print_check(stdout_console(), *each)
    else:
        click.echo(_written(summaries, form, picked, checks, learnt, memory), nl=form != "csv")
    if any(counted.differences for counted, _ in checks):
        click.get_current_context().exit(1)


def _arguments(
    names: tuple[str, ...], input_shape: tuple[int | None, ...] | None, classes: int | None, width: float | None, batch: int
) -> list[str]:
    """What another process is asked of the same networks."""
    found = [*names, "--batch", str(batch), *(["--compare"] if len(names) > 1 else [])]
    if input_shape:
        found += ["--input", "x".join("?" if size is None else str(size) for size in input_shape)]
    for name, value in (("--classes", classes), ("--width", width)):
        found += [] if value is None else [name, str(value)]
    return found


def _checked(
    entry: network_choice.Network, classes: int | None, input_shape: tuple[int | None, ...] | None, width: float | None
) -> tuple[Check, float]:
    """The counts of a network, and its width: with as many filters as can be counted in about a second."""
    from minicnn.engine.counting import check

    full = 1.0 if width is None else width
    for share in WIDTHS if entry.widths else WIDTHS[:1]:
        net = entry.build(classes, input_shape, width=None if share * full == 1 else share * full)
        if net.summary().totals.macs <= COUNTABLE_MACS:
            break
    return check(net), share * full


def _written(
    summaries: list[Summary],
    form: str,
    columns: tuple[str, ...] | None,
    checks: list[tuple[Check, float]],
    learnt: list[TrainedOn | None],
    memory: list[dict[str, Any]] | None,
) -> str:
    if form == "json":
        records = [each.to_dict() for each in summaries]
        for record, footprint in zip(records, memory or (), strict=False):
            record["memory"] = footprint
        for record, known in zip(records, learnt, strict=True):
            if known is not None:
                record["trained_on"] = {
                    "data": known.data,
                    "epoch": known.epoch,
                    "classes": list(known.classes),
                    "image_shape": list(known.image_shape),
                    "loss": known.loss.describe(),
                    "preparation": known.preparation.to_json(),
                }
        for record, (counted, width) in zip(records, checks, strict=False):
            record["check"] = {
                "width": width,
                "input_shape": list(counted.summary.input_shape),
                "compared": len(counted.counts),
                "totals": {each.quantity: {"formula": each.formula, "counted": each.counted} for each in counted.totals()},
                "differences": [each._asdict() for each in counted.differences],
            }
        return json_text(records[0] if len(records) == 1 else {"models": records}, indent=1)
    if len(summaries) > 1:
        from minicnn.cli.render import comparison

        return {"csv": comparison.comparison_csv, "markdown": comparison.comparison_markdown, "latex": comparison.comparison_latex}[form](
            summaries
        )
    from minicnn.cli.render.summary_text import as_csv, as_latex, as_markdown

    if form == "csv":
        return as_csv(summaries)
    return (as_latex if form == "latex" else as_markdown)(summaries, columns or DEFAULT)
