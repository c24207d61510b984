"""Where training stands, and all that is needed to continue from there: named arrays, and JSON values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.optimizers.update import AVERAGE, Update
from minicnn.train.records import EpochRecord

if TYPE_CHECKING:
    from minicnn.network import Graph


@dataclass
class Position:
    """Where a training stands.

    steps : updates so far
    epoch, batch : the current epoch, from 1, and its batches so far
    sums : loss and correct answers of that epoch so far
    seconds : of that epoch, training alone
    stopping : whether it was asked to stop
    """

    steps: int = 0
    epoch: int = 1
    batch: int = 0
    sums: np.ndarray = field(default_factory=lambda: np.zeros(2))
    seconds: float = 0.0
    history: list[EpochRecord] = field(default_factory=list)
    stopping: bool = False

    def count(self, statistics: np.ndarray, seconds: float, updates: int) -> None:
        """Advance by finished batches, given the loss and correct answers of each, and by the updates that they made."""
        self.seconds += seconds
        for each in statistics:  # one by one, so that the sum does not depend on how they were grouped
            self.sums += each
        self.batch += len(statistics)
        self.steps += updates

    def begin_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch."""
        self.epoch, self.batch, self.sums, self.seconds = epoch, 0, np.zeros(2), 0.0


def write(net: Graph, update: Update, state: np.ndarray, at: Position) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and numbers of a training with this update and its state."""
    arrays = {f"parameter.{name}": value for name, value in net.arrays.items()}  # buffers too
    for row_name, row in zip(update.state_names, state.copy(), strict=True):
        arrays |= {f"{row_name}.{name}": value for name, value in net.views(row, buffers=row_name == AVERAGE).items()}
    arrays["sums"] = at.sums.copy()
    numbers = {
        "steps": at.steps,
        "epoch": at.epoch,
        "batch": at.batch,
        "seconds": at.seconds,
        "optimizer": update.optimizer.kind,
        "frozen": sorted(net.topology.frozen),
        "history": [record._asdict() for record in at.history],
    }
    return arrays, numbers
