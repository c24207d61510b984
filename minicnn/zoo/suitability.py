"""Whether a network suits a data set: how long a training of a pair that was not tried will take, and what was tried instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicnn.geometry import shape_text
from minicnn.zoo.registry import ZooEntry, entries

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.recipe import Outcome

LONG_SECONDS = 300  # a training that takes longer is worth a word before it starts
SLOWEST_FLOPS = 1e10  # of any machine: what takes it less time than that needs no measurement
ENGINE_SHARE = 0.8  # of the processors' peak: alexnet trains at 0.95 of it, resnet20 and densenet40 at about half
SUGGESTIONS = 3
UNITS = (("minute", 60.0), ("hour", 3600.0), ("day", 86_400.0))


def warning(net: Graph, data: Dataset, epochs: int, peak_flops: Callable[[], float]) -> str | None:
    """What to know before a long training of a pair without a recipe: the time it takes, and what suits the data; None where all is well.

    peak_flops : measures what the processors do at most, in operations a second; asked only where it matters
    """
    if net.recipe is not None and net.recipe.on(data.name) is not None:
        return None
    totals = net.summary().totals
    work = 2.0 * (totals.macs + totals.backward_macs) * len(data) * epochs
    if work < LONG_SECONDS * SLOWEST_FLOPS:
        return None
    seconds = work / (ENGINE_SHARE * peak_flops())
    if seconds < LONG_SECONDS:
        return None
    scaled = f", whose images of {shape_text(data.input_shape)} are enlarged to {shape_text(net.input_shape)}"
    enlarged = scaled if data.input_shape != net.input_shape else ""
    return (
        f"{net.name} has no recipe for {data.name}{enlarged}: {epochs} epoch{'s' * (epochs != 1)} will take about"
        f" {duration(seconds)}\n  {suggestion(data.name)}"
    )


def suggestion(data: str) -> str:
    """Which networks learn a data set, the best first."""
    tried = sorted(((entry.name, outcome.accuracy[0]) for entry, outcome in tried_on(data)), key=lambda pair: -pair[1])
    if not tried:
        return f"no network was tried on {data}; 'minicnn recipes' shows what was"
    return f"what suits {data}: " + ", ".join(f"{name} ({100 * accuracy:.1f} %)" for name, accuracy in tried[:SUGGESTIONS])


def tried_on(data: str) -> list[tuple[ZooEntry, Outcome]]:
    """The networks with a recipe for a data set, and what it brings."""
    return [(entry, outcome) for entry in entries() if entry.recipe for outcome in entry.recipe.outcomes if outcome.data == data]


def duration(seconds: float) -> str:
    """For people: "28 minutes", "3 hours", "5 days"."""
    unit, length = next(((unit, length) for unit, length in reversed(UNITS) if seconds >= 1.5 * length), UNITS[0])
    return f"{round(seconds / length):,} {unit}s"
