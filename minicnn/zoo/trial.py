"""A recipe put to the test: its network trained from several seeds, the accuracies held against the range that it states."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.errors import SettingError
from minicnn.losses.base import build_loss
from minicnn.recipe import Outcome, Recipe
from minicnn.train import EpochRecord, Trainer
from minicnn.zoo.registry import ZooEntry

if TYPE_CHECKING:
    from minicnn.datasets import Dataset

SEEDS = (0, 1, 2)


class Trial(NamedTuple):
    """What came of it.

    accuracies : one for each seed
    test_images : that they were measured on
    seconds : of all seeds
    """

    network: str
    recipe: Recipe
    outcome: Outcome
    accuracies: tuple[float, ...]
    test_images: int
    seconds: float

    @property
    def floor(self) -> float:
        """The lowest accuracy that still is as stated.

        On processors with other vectors, sums are rounded differently and other weights come out: the accuracy may be lower by three
        standard deviations of the share of right answers among so many images.
        """
        low = self.outcome.accuracy[0]
        return low - 3 * math.sqrt(low * (1 - low) / self.test_images)

    @property
    def holds(self) -> bool:
        """Whether every seed reaches the floor."""
        return min(self.accuracies) >= self.floor


def attempt(
    entry: ZooEntry,
    outcome: Outcome,
    train: Dataset,
    test: Dataset,
    seeds: tuple[int, ...] = SEEDS,
    threads: int | None = None,
    recipe: Recipe | None = None,
) -> Trial:
    """Train a network by its recipe, or another one, as `minicnn train` does, from each of the seeds."""
    recipe = recipe or entry.recipe
    if recipe is None:
        raise SettingError(f"{entry.name} has no recipe")
    begin = time.perf_counter()
    accuracies = tuple(_accuracy(entry, recipe, outcome, train, test, seed, threads) for seed in seeds)
    return Trial(entry.name, recipe, outcome, accuracies, len(test), time.perf_counter() - begin)


def _accuracy(entry: ZooEntry, recipe: Recipe, outcome: Outcome, train: Dataset, test: Dataset, seed: int, threads: int | None) -> float:
    net = entry.build(len(train.classes), (train.input_shape[0], *(outcome.size or entry.input_shape[1:])), seed, init=recipe.init)
    how: dict[str, Any] = {"batch_size": recipe.batch_size, "threads": threads, "seed": seed}
    loss = build_loss(recipe.loss) if recipe.loss else None
    trainer = Trainer(net, recipe.optimizer, loss, clip_norm=recipe.clip_norm, ema=recipe.ema, **how)
    records = trainer.stream(
        train, test, until_epoch=outcome.epochs, schedule=recipe.schedule, warmup=recipe.warmup, augment=recipe.augment
    )
    *_, last = (record for record in records if isinstance(record, EpochRecord))
    return next(iter(last.metrics.values()))
