"""Batches whose gradients are added before an update: which belong together, and how far their images count."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Groups(NamedTuple):
    """The batches of an epoch, `size` of them to an update; the last update may have fewer."""

    batches: int
    size: int

    @property
    def updates(self) -> int:
        """Updates of an epoch."""
        return -(-self.batches // self.size)

    def begins(self, batch: int) -> bool:
        """Whether batch 0, 1, ... is the first of its update."""
        return batch % self.size == 0

    def ends(self, batch: int) -> bool:
        """Whether it is the last."""
        return (batch + 1) % self.size == 0 or batch + 1 == self.batches

    def finished(self, batch: int) -> int:
        """Updates after so many batches of the epoch."""
        return self.updates if batch == self.batches else batch // self.size

    def part(self, batch: int) -> float:
        """The share of the epoch before the update that a batch belongs to: all batches of an update have one learning rate."""
        return (batch // self.size) / self.updates

    def scales(self, counts: np.ndarray, first: int, stop: int) -> np.ndarray:
        """What sums over each of the batches first to stop - 1 are multiplied by, for a mean over its update.

        counts : (batches,) what each batch of the epoch counts, as in its images
        """
        total = np.add.reduceat(np.asarray(counts, np.float64), np.arange(0, self.batches, self.size))
        own = total[np.arange(first, stop) // self.size]
        return np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)  # 0 where all of an update is ignored
