"""Recipes as text: what each reaches, and the result of trying one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicnn.optimizers.base import ALL
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo import NamedRecipe, ZooEntry

if TYPE_CHECKING:
    from minicnn.zoo.trial import Trial


def format_range(accuracy: tuple[float, float]) -> str:
    """Two shares in per cent."""
    low, high = (f"{100 * share:.1f}" for share in accuracy)
    return f"{low} %" if low == high else f"{low} - {high} %"


def more_settings(recipe: Recipe) -> str:
    """What a recipe sets beside optimizer, rate, schedule and batch size, as in "momentum 0.9, weight decay 0.0005, crop=4, flip"."""
    optimizer, momentum, smoothing = recipe.optimizer, getattr(recipe.optimizer, "momentum", None), recipe.loss.get("label_smoothing")
    said = (
        f"momentum {momentum:g}" if momentum else "",
        f"weight decay {optimizer.weight_decay:g}" if optimizer.weight_decay else "",
        f"decay of {optimizer.decay}" if optimizer.weight_decay and optimizer.decay != ALL else "",
        f"warm-up {recipe.warmup:g}" if recipe.warmup else "",
        f"clipped to {recipe.clip_norm:g}" if recipe.clip_norm else "",
        f"averaged by {recipe.ema:g}" if recipe.ema else "",
        f"label smoothing {smoothing:g}" if smoothing else "",
        f"init {recipe.init}" if recipe.init else "",
        recipe.augment.replace(",", ", "),
    )
    return ", ".join(each for each in said if each)


def definitions(networks: Sequence[ZooEntry], named: Sequence[NamedRecipe] = ()) -> list[tuple[str, str]]:
    """(network or recipe, what came of it) for networks that have a recipe, then for those with names of their own."""
    own = [(f"--recipe {each.name}", "; ".join(f"{tried.network}, {_reached(tried.outcome)}" for tried in each.tried)) for each in named]
    return [
        (
            entry.name,
            "; ".join(map(_reached, entry.recipe.outcomes)),
        )
        for entry in networks
        if entry.recipe
    ] + own


def _reached(outcome: Outcome) -> str:
    return f"{outcome.data} {format_range(outcome.accuracy)} in {outcome.epochs} epochs"


def trial_line(trial: Trial) -> str:
    """As in "lenet on digits: 97.2, 97.8, 98.1 % (stated: 97.2 - 98.1 %), 12 s"."""
    measured = ", ".join(f"{100 * accuracy:.1f}" for accuracy in trial.accuracies)
    verdict = "stated" if trial.holds else f"below {100 * trial.floor:.1f} %, stated"
    return (
        f"{trial.network} on {trial.outcome.data}: {measured} % ({verdict}: {format_range(trial.outcome.accuracy)}), {trial.seconds:.0f} s"
    )
