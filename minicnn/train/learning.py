"""Whether training makes progress: its loss against that of a constant guess, and whether it still falls.

Always answering with the frequencies of the classes gives a loss equal to the entropy of these frequencies, -sum over k of f[k] log f[k]:
2.303 for ten equally frequent classes.  A network that has learnt anything at all is below it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicnn.losses import Loss, SoftmaxCrossEntropy
from minicnn.optimizers import USUAL, Optimizer
from minicnn.train.records import EpochRecord

if TYPE_CHECKING:
    from minicnn.network import Graph

NOISE = 0.02  # a loss within this share of the guess's is no better: batches vary by about that much
JUDGED_AFTER = 100  # updates; a LeNet with sigmoids leaves the loss of a guess after 48 by its recipe, after 72 with Adam(0.001)
TOO_FEW = 20  # updates too few to learn from
FINISHED = 0.5  # a loss below this share of the guess's may stand still
STILL_EPOCHS, STILL_UPDATES = 3, 100  # epochs, at least, that a loss must stand still to be reported
TRIED_RATES = {"sgd": (0.005, 0.1), "adam": (0.0003, 0.01)}  # lowest and highest rates at which the networks of the suite learn
DEEP = 6  # layers with weights from which on batch normalization is worth a try


class LearningWatch:
    """Watches the epochs of one training.

    Parameters
    ----------
    net, optimizer
        The network, and its optimizer.
    labels : (N,) int64, or masks
        Of the training images; numbers, or what else no class is, are not judged by the guess.
    batch_size : int
    watched : int
        Number of images evaluated after each epoch.
    """

    def __init__(self, net: Graph, optimizer: Optimizer, labels: np.ndarray, batch_size: int, watched: int) -> None:
        self.net, self.optimizer = net, optimizer
        self.guess_loss, self.guess_accuracy = constant_guess(labels)
        self._updates_per_epoch = -(-len(labels) // batch_size)
        self._watched = watched
        self.told = False  # whether `look` has reported

    def look(self, history: Sequence[EpochRecord]) -> str | None:
        """After an epoch: a line, once, as soon as it is clear that the network has not learnt so far."""
        if self.told or not self._can_judge(history) or history[-1].train_loss < self._limit:
            return None
        self.told = True
        return self._has_not_learnt(history)

    def verdict(self, history: Sequence[EpochRecord]) -> str | None:
        """After the last epoch: a line if the network has not learnt, or stopped learning early; None if all is well."""
        if not self.guess_loss or len(history) * self._updates_per_epoch < TOO_FEW:  # of one class, or of numbers, there is no guess
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
        return (1 - NOISE) * self.guess_loss if self.guess_loss else math.inf  # with one class there is nothing to learn

    def _can_judge(self, history: Sequence[EpochRecord]) -> bool:
        """Whether there were enough updates for the loss to have fallen."""
        return len(history) * self._updates_per_epoch >= JUDGED_AFTER

    def _is_guessing(self, record: EpochRecord) -> bool:
        """Whether the answers are no better than the most frequent class; after few updates the loss says little."""
        chance = self.guess_accuracy
        return record.metrics.get("accuracy", 1.0) < chance + 3 * math.sqrt(chance * (1 - chance) / self._watched)

    def _has_not_learnt(self, history: Sequence[EpochRecord]) -> str:
        epochs = f"{len(history)} epoch{'s' * (len(history) != 1)}"
        return (
            f"{self.net.name} has not learnt: its training loss is {history[-1].train_loss:.3f} after {epochs}, and that of a constant"
            f" guess {self.guess_loss:.3f}; try {self._advice(history)}"
        )

    def _advice(self, history: Sequence[EpochRecord], *more: str) -> str:
        """What to change, most promising first; `more` comes last."""
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
    known = labels[labels >= 0] if labels.dtype.kind in "iu" else np.zeros(0, np.int64)
    if not known.size:
        return 0.0, 0.0
    counts = np.bincount(known)
    frequencies = counts[counts > 0] / known.size
    return float(-(frequencies * np.log(frequencies)).sum()), float(frequencies.max())


def judged_labels(loss: Loss, labels: np.ndarray) -> np.ndarray:
    """The labels by which a watch judges: those of classes or masks under softmax cross-entropy; else numbers that say nothing."""
    return labels if isinstance(loss, SoftmaxCrossEntropy) else np.zeros(len(labels))
