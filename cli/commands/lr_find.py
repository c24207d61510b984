"""`minicnn lr-find NETWORK`: a learning rate range test, drawn as a curve."""

from __future__ import annotations

from typing import Any

import click

from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import OwnChoice
from minicnn.cli.options import OPTIMIZERS, data_dir_option, device_option, format_option


@click.command("lr-find")
@click.argument("network", metavar="NETWORK", is_eager=True)
@click.option("--data", metavar="DATA", show_default="recipe, else digits", help="Data set, one of 'minicnn data list'.")
@data_dir_option
@click.option("--optimizer", type=OwnChoice(OPTIMIZERS), show_default="recipe, else adam", help="How weights are updated.")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", show_default="recipe, else 128", help="Images per update.")
@click.option("--lowest", type=click.FloatRange(min=0, min_open=True), default=1e-6, show_default=True, help="The first rate.")
@click.option("--highest", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True, help="The last rate.")
@click.option("--updates", type=click.IntRange(min=10), default=100, show_default=True, metavar="N", help="Updates, one for each rate.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", show_default="all", help="Processors to use.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", show_default="0", help="Seed of everything random.")
@device_option
@format_option
def lr_find(network: str, lowest: float, highest: float, updates: int, threads: int | None, device: str, form: str, **given: Any) -> None:
    """Find a learning rate for NETWORK: it trains while the rate grows, until the loss breaks away.

    The curve is the smoothed loss over the rate.  A good rate lies where it falls fastest; a tenth of where it is lowest is a safe one.
    Nothing is kept.
    """
    from minicnn.cli import run_making
    from minicnn.engine import checked_device

    device = checked_device(device)
    choice = run_making.chosen(network, given)
    settings, data = choice.settings, choice.train_data
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    with Waiting(stderr_console(), f"{settings.network}: {updates} updates"):
        found = run_making.make_trainer(choice.network, settings, data, device, threads).find_rate(data, lowest, highest, updates)
    if form == "json":
        where = {"network": settings.network, "data": settings.data, "optimizer": settings.optimizer, "batch_size": settings.batch_size}
        click.echo(json_text({**where, **found._asdict(), "suggestion": found.suggestion}))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.rate_curve import print_rate_curve

    print_rate_curve(
        stdout_console(), found, f"{settings.network} on {settings.data}, {settings.optimizer}, batches of {settings.batch_size}"
    )
