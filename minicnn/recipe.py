"""How a network is trained: the settings it was tried with, and the accuracy that they bring on which data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from minicnn.optimizers import Optimizer


@dataclass(frozen=True)
class Outcome:
    """What a recipe brings on one data set.

    data : name of the data set
    epochs : passes over its training images
    accuracy : (lowest, highest)
        Measured share of right answers on its test images after the last epoch, for the seeds 0, 1 and 2.
    size : rows and columns that the images are brought to; None for those of the network
    """

    data: str
    epochs: int
    accuracy: tuple[float, float]
    size: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Recipe:
    """Settings with which a network learns; `outcomes` begins with the data set to try it on."""

    optimizer: Optimizer
    outcomes: tuple[Outcome, ...]
    schedule: str = "cosine"
    batch_size: int = 128

    def on(self, data: str) -> Outcome | None:
        """What it brings on a data set; None if that was not tried."""
        return next((outcome for outcome in self.outcomes if outcome.data == data), None)

    def borrowed(self) -> Recipe:
        """The same for another network: what it brings there is unknown, and images have that network's size."""
        return replace(self, outcomes=tuple(replace(outcome, size=None) for outcome in self.outcomes))
