"""Recipes as text: what each reaches, and the result of trying one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicnn.zoo import ZooEntry

if TYPE_CHECKING:
    from minicnn.zoo.trial import Trial


def format_range(accuracy: tuple[float, float]) -> str:
    """Two shares in per cent."""
    low, high = (f"{100 * share:.1f}" for share in accuracy)
    return f"{low} %" if low == high else f"{low} - {high} %"


def definitions(networks: Sequence[ZooEntry]) -> list[tuple[str, str]]:
    """(network, outcome of its recipe) for those that have one."""
    return [
        (
            entry.name,
            "; ".join(f"{outcome.data} {format_range(outcome.accuracy)} in {outcome.epochs} epochs" for outcome in entry.recipe.outcomes),
        )
        for entry in networks
        if entry.recipe
    ]


def trial_line(trial: Trial) -> str:
    """As in "lenet on digits: 97.2, 97.8, 98.1 % (stated: 97.2 - 98.1 %), 12 s"."""
    measured = ", ".join(f"{100 * accuracy:.1f}" for accuracy in trial.accuracies)
    verdict = "stated" if trial.holds else f"below {100 * trial.floor:.1f} %, stated"
    return (
        f"{trial.network} on {trial.outcome.data}: {measured} % ({verdict}: {format_range(trial.outcome.accuracy)}), {trial.seconds:.0f} s"
    )
