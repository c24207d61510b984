"""`minicnn recipes`: how networks are trained, and the accuracy they reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import data_dir_option, format_option
from minicnn.errors import SettingError
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo import RECIPES, NamedRecipe, ZooEntry, entries, find

if TYPE_CHECKING:
    from minicnn.zoo.trial import Trial


class Line(NamedTuple):
    """A network trained by a recipe on a data set.  named : the recipe, if it has a name of its own"""

    entry: ZooEntry
    recipe: Recipe
    outcome: Outcome
    named: NamedRecipe | None = None


@click.command()
@click.argument("names", nargs=-1, metavar="[RECIPE]...")
@click.option("--check", is_flag=True, help="Train by each recipe from three seeds; exit status 1 if an accuracy falls short.")
@click.option("--data", metavar="DATA", help="Only the recipes for this data set.")
@data_dir_option
@click.option("--threads", type=click.IntRange(min=1), metavar="N", show_default="all", help="Processors to use; for --check.")
@format_option
def recipes(names: tuple[str, ...], check: bool, data: str | None, data_dir: str | None, threads: int | None, form: str) -> int:
    """List the settings that 'minicnn train NETWORK' uses, for each network and data set that were tried, and the recipes that have names of
    their own, for 'minicnn train NETWORK --recipe RECIPE', with their sources.

    RECIPE is a network or a recipe.  The accuracies are the lowest and the highest of three seeds, on test images, after the last epoch.
    """
    named = [RECIPES[name] for name in names if name in RECIPES] if names else list(RECIPES.values())
    chosen = [find(name) for name in names if name not in RECIPES] if names else [entry for entry in entries() if entry.recipe]
    for entry in chosen:
        if entry.recipe is None:
            raise SettingError(f"{entry.name} has no recipe\n  'minicnn recipes' lists the networks that have one")
    if check:
        return run_check([*lines(chosen, data), *named_lines(named, data)], data_dir, threads, form)
    if form == "json":
        own = [record for entry in chosen for record in records(entry, data)]
        click.echo(json_text([*own, *(named_record(each, data) for each in named)], indent=1))
        return 0
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.recipes import print_named_recipes, print_recipes

    console = stdout_console()
    if lines(chosen, data):
        print_recipes(console, chosen, data)
    if lines(chosen, data) and named:
        console.print()
    print_named_recipes(console, named, data)
    return 0


def lines(chosen: list[ZooEntry], data: str | None = None) -> list[Line]:
    """What networks reach by their own recipes."""
    return [
        Line(entry, entry.recipe, outcome)
        for entry in chosen
        for outcome in (entry.recipe.outcomes if entry.recipe else ())
        if entry.recipe and data in (None, outcome.data)
    ]


def named_lines(named: list[NamedRecipe], data: str | None = None) -> list[Line]:
    """What recipes with names reached."""
    return [
        Line(find(tried.network), each.of(tried.network), tried.outcome, each)
        for each in named
        for tried in each.tried
        if data in (None, tried.outcome.data)
    ]


def records(entry: ZooEntry, data: str | None = None) -> list[dict[str, Any]]:
    """The recipe of a network for JSON: an object for each data set, empty if there is none."""
    return [{**outcome_record(line), **settings_record(line.recipe)} for line in lines([entry], data)]


def named_record(named: NamedRecipe, data: str | None = None) -> dict[str, Any]:
    """A recipe with a name for JSON."""
    tried = [outcome_record(line) for line in named_lines([named], data)]
    return {
        "recipe": named.name,
        "network": named.network,
        "source": named.source,
        "notes": list(named.notes),
        **settings_record(named.recipe),
        "tried": tried,
    }


def outcome_record(line: Line) -> dict[str, Any]:
    """What was reached, for JSON."""
    outcome = line.outcome
    return {
        "network": line.entry.name,
        "data": outcome.data,
        "epochs": outcome.epochs,
        "image_size": list(outcome.size or line.entry.input_shape[1:]),
        "accuracy": list(outcome.accuracy),
    }


def settings_record(recipe: Recipe) -> dict[str, Any]:
    """The settings of a recipe for JSON."""
    return {
        "optimizer": recipe.optimizer.kind,
        "learning_rate": recipe.optimizer.learning_rate,
        "momentum": getattr(recipe.optimizer, "momentum", None),
        "weight_decay": recipe.optimizer.weight_decay,
        "decay": recipe.optimizer.decay,
        "schedule": recipe.schedule,
        "warmup": recipe.warmup,
        "batch_size": recipe.batch_size,
        "clip_norm": recipe.clip_norm,
        "ema": recipe.ema,
        "augment": recipe.augment,
        "init": recipe.init,
        "loss": dict(recipe.loss),
    }


def run_check(chosen: list[Line], data_dir: str | None, threads: int | None, form: str) -> int:
    """Train by the recipes and report each result as soon as it is known; 1 if one falls short."""
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting
    from minicnn.datasets import load
    from minicnn.zoo.trial import attempt

    failed = False
    with Waiting(stderr_console(), total=len(chosen)) as waiting:
        for each in chosen:
            waiting.show(f"training {each.entry.name} on {each.outcome.data}, three seeds")
            train, test = (load(each.outcome.data, split, data_dir) for split in ("train", "test"))
            trial = attempt(each.entry, each.outcome, train, test, threads=threads, recipe=each.recipe)
            failed |= not trial.holds
            waiting.clear()
            click.echo(trial_record(trial, each.named, form))
    return int(failed)


def trial_record(trial: Trial, named: NamedRecipe | None, form: str) -> str:
    """The result of a trial, as text or as a JSON object."""
    if form == "json":
        return json_text(
            {
                "network": trial.network,
                **({"recipe": named.name} if named else {}),
                "data": trial.outcome.data,
                "accuracies": trial.accuracies,
                "stated": trial.outcome.accuracy,
                "floor": trial.floor,
                "holds": trial.holds,
                "seconds": trial.seconds,
            }
        )
    from minicnn.cli.render.recipes_text import trial_line

    return f"{named.name}: {trial_line(trial)}" if named else trial_line(trial)
