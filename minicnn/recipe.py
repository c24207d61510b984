"""How a network is trained: settings that were tried, and the accuracy they reach on which data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from minicnn.optimizers import Optimizer


@dataclass(frozen=True)
class Outcome:
    """What a recipe reaches on one data set.

    data : name of the data set
    epochs : passes over its training images
    accuracy : (lowest, highest)
        Measured share of correct answers, or what else its loss judges by, on its test images after the last epoch, for the seeds 0, 1 and 2.
    size : rows and columns that the images are brought to; None for those of the network
    """

    data: str
    epochs: int
    accuracy: tuple[float, float]
    size: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Recipe:
    """Settings with which a network learns; the first of `outcomes` has the data set to try it on.

    loss : as `Loss.describe` gives it, or a part of that; none for softmax cross-entropy
    warmup, clip_norm, ema, augment, init : as for `minicnn train`
    epochs : for data without an outcome; None for as many as without a recipe
    """

    optimizer: Optimizer
    outcomes: tuple[Outcome, ...]
    schedule: str = "cosine"
    batch_size: int = 128
    loss: Mapping[str, Any] = field(default_factory=dict)
    warmup: float = 0.0
    clip_norm: float | None = None
    ema: float | None = None
    augment: str = ""
    init: str | None = None
    epochs: int | None = None

    def on(self, data: str) -> Outcome | None:
        """What it reaches on a data set; None if that was not tried."""
        return next((outcome for outcome in self.outcomes if outcome.data == data), None)

    def borrowed(self) -> Recipe:
        """The same for another network: its accuracy there is unknown, and images take that network's size."""
        return replace(self, outcomes=tuple(replace(outcome, size=None) for outcome in self.outcomes))
