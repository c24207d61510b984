"""Whether a training learns: its loss against that of a constant guess, and whether it still falls.

Who always answers with how frequent each class is has a loss equal to the entropy of these frequencies, -sum over k of f[k] log f[k]:
2.303 for ten classes alike.  A network that has learnt anything at all is below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicnn.optimizers import USUAL, Optimizer
from minicnn.train.records import EpochRecord

if TYPE_CHECKING:
    from minicnn.network import Graph

NOISE = 0.02  # a loss within this share of the guess's is no better: batches differ by about so much
JUDGED_AFTER = 100  # updates; a LeNet with sigmoids leaves the loss of a guess after 48 by its recipe, after 72 with Adam(0.001)
TOO_FEW = 20  # updates that nobody learns from
FINISHED = 0.5  # a loss below this share of the guess's may stay where it is
STILL_EPOCHS, STILL_UPDATES = 3, 100  # how long, at least, a loss has to stay where it is to be called still
TRIED_RATES = {"sgd": (0.005, 0.1), "adam": (0.0003, 0.01)}  # lowest and highest rates with which the networks of the suite learn
DEEP = 6  # convolutions and fully connected layers from which on batch normalization is worth a try


class LearningWatch:
    """Looks at the epochs of one training.

    Parameters
    ----------
    net, optimizer
        What is trained, and by which rule.
    labels : (N,) int64
        Of the training images.
    batch_size : int
    watched : int
        Images that are looked at after each epoch.
    """

    def __init__(self, net: Graph, optimizer: Optimizer, labels: np.ndarray, batch_size: int, watched: int) -> None:
        self.net, self.optimizer = net, optimizer
        self.guess_loss, self.guess_accuracy = constant_guess(labels)
        self._updates_per_epoch = -(-len(labels) // batch_size)
        self._watched = watched
        self.told = False  # whether `look` has said its line

    def look(self, history: Sequence[EpochRecord]) -> str | None:
        """After an epoch: a line, once, as soon as it is clear that the network has not learnt so far."""
        if self.told or not self._can_judge(history) or history[-1].train_loss < self._limit:
            return None
        self.told = True
        return self._has_not_learnt(history)

    def verdict(self, history: Sequence[EpochRecord]) -> str | None:
        """After the last epoch: a line if the network has not learnt, or stopped learning early; None if all is well."""
        if len(history) * self._updates_per_epoch < TOO_FEW:
            return None
        last = history[-1]
        if last.train_loss >= self._limit and (self._can_judge(history) or self._is_guessing(last)):
            return self._has_not_learnt(history)
        still = max(STILL_EPOCHS, math.ceil(STILL_UPDATES / self._updates_per_epoch))
        level = min(last.train_loss, last.loss)
        if len(history) > still and level > FINISHED * self.guess_loss:
            before = min(record.train_loss for record in history[:-still])
            if before - last.train_loss < NOISE * self.guess_loss:
                return (
                    f"{self.net.name} has stopped learning: its training loss is {last.train_loss:.3f}, hardly lower than"
                    f" {still} epochs ago, and {self.guess_loss:.3f} is that of a constant guess;"
                    f" try {self._advice(history, 'a larger network')}"
                )
        return None

    @property
    def _limit(self) -> float:
        return (1 - NOISE) * self.guess_loss if self.guess_loss else math.inf  # of one class there is nothing to learn

    def _can_judge(self, history: Sequence[EpochRecord]) -> bool:
        """Whether there were enough updates for the loss to have fallen."""
        return len(history) * self._updates_per_epoch >= JUDGED_AFTER

    def _is_guessing(self, record: EpochRecord) -> bool:
        """Whether the answers are no better than the most frequent class: the loss of few updates says little."""
        chance = self.guess_accuracy
        return record.metrics["accuracy"] < chance + 3 * math.sqrt(chance * (1 - chance) / self._watched)

    def _has_not_learnt(self, history: Sequence[EpochRecord]) -> str:
        epochs = f"{len(history)} epoch{'s' * (len(history) != 1)}"
        return (
            f"{self.net.name} has not learnt: its training loss is {history[-1].train_loss:.3f} after {epochs}, and that of a constant"
            f" guess {self.guess_loss:.3f}; try {self._advice(history)}"
        )

    def _advice(self, history: Sequence[EpochRecord], *more: str) -> str:
        """What to change, the most promising first; `more` comes last."""
        kind, rate = self.optimizer.kind, self.optimizer.learning_rate
        lowest, highest = TRIED_RATES.get(kind, (0.0, math.inf))
        known = self.net.recipe.optimizer if self.net.recipe else USUAL
        ways = []
        if lowest <= rate <= highest and not self._can_judge(history):
            ways.append("more epochs")
        if known != self.optimizer:
            ways.append(f"{'its recipe, ' if self.net.recipe else ''}{known.kind} with a learning rate of {known.learning_rate:g}")
        if rate < lowest:
            ways.append(f"a learning rate above {rate:g}")
        else:
            ways.append(f"a smaller learning rate, such as {rate / 10:g}")
        kinds = [node.layer.kind_of_work for node in self.net.nodes]
        if kinds.count("convolution") + kinds.count("fully connected") >= DEEP and "normalization" not in kinds:
            ways.append("batch normalization")
        ways += more
        return " or ".join([", ".join(ways[:-1])] * bool(ways[:-1]) + ways[-1:])


def constant_guess(labels: np.ndarray) -> tuple[float, float]:
    """(mean loss in nats, accuracy) of answering with the frequencies of the classes."""
    counts = np.bincount(labels)
    frequencies = counts[counts > 0] / len(labels)
    return float(-(frequencies * np.log(frequencies)).sum()), float(frequencies.max())
