"""`minicnn recipes`: how each network of the zoo is trained, and the accuracy it reaches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.options import data_dir_option, format_option
from minicnn.errors import SettingError
from minicnn.zoo import ZooEntry, entries, find

if TYPE_CHECKING:
    from minicnn.zoo.trial import Trial


@click.command()
@click.argument("networks", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Train by each recipe from three seeds; exit status 1 if an accuracy falls short.")
@click.option("--data", metavar="NAME", help="Only the recipes for this data set.")
@data_dir_option
@click.option("--threads", type=click.IntRange(min=1), metavar="N", show_default="all", help="Processors to use; for --check.")
@format_option
def recipes(networks: tuple[str, ...], check: bool, data: str | None, data_dir: str | None, threads: int | None, form: str) -> int:
    """List the settings that 'minicnn train NAME' uses, for each network and data set that were tried.

    The accuracies are the lowest and the highest of three seeds, on test images, after the last epoch.
    """
    chosen = [find(name) for name in networks] or [entry for entry in entries() if entry.recipe]
    for entry in chosen:
        if entry.recipe is None:
            raise SettingError(f"{entry.name} has no recipe\n  'minicnn recipes' lists the networks that have one")
    if check:
        return run_check(chosen, data, data_dir, threads, form)
    if form == "json":
        click.echo(json.dumps([record for entry in chosen for record in records(entry, data)], indent=1))
        return 0
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.recipes import print_recipes

    print_recipes(stdout_console(), chosen, data)
    return 0


def records(entry: ZooEntry, data: str | None = None) -> list[dict[str, Any]]:
    """The recipe of a network for JSON: an object for each data set, empty if there is none."""
    recipe = entry.recipe
    return (
        [
            {
                "network": entry.name,
                "data": outcome.data,
                "epochs": outcome.epochs,
                "optimizer": recipe.optimizer.kind,
                "learning_rate": recipe.optimizer.learning_rate,
                "momentum": getattr(recipe.optimizer, "momentum", None),
                "weight_decay": recipe.optimizer.weight_decay,
                "schedule": recipe.schedule,
                "batch_size": recipe.batch_size,
                "image_size": list(outcome.size or entry.input_shape[1:]),
                "accuracy": list(outcome.accuracy),
            }
            for outcome in recipe.outcomes
            if data in (None, outcome.data)
        ]
        if recipe
        else []
    )


def run_check(chosen: list[ZooEntry], data: str | None, data_dir: str | None, threads: int | None, form: str) -> int:
    """Train by the recipes and report each result as soon as it is known; 1 if one falls short."""
    from minicnn.datasets import load
    from minicnn.zoo.trial import attempt

    failed = False
    for entry in chosen:
        for outcome in entry.recipe.outcomes if entry.recipe else ():
            if data in (None, outcome.data):
                train, test = (load(outcome.data, split, data_dir) for split in ("train", "test"))
                trial = attempt(entry, outcome, train, test, threads=threads)
                failed |= not trial.holds
                click.echo(line(trial, form))
    return int(failed)


def line(trial: Trial, form: str) -> str:
    """The result of a trial, as text or as a JSON object."""
    if form == "json":
        return json.dumps(
            {
                "network": trial.network,
                "data": trial.outcome.data,
                "accuracies": trial.accuracies,
                "stated": trial.outcome.accuracy,
                "floor": trial.floor,
                "holds": trial.holds,
                "seconds": trial.seconds,
            }
        )
    from minicnn.cli.render.recipes_text import trial_line

    return trial_line(trial)
