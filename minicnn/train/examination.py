"""A trained network looked at class by class: which it knows, and which it takes for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicnn.errors import DataError, one_line
from minicnn.train.evaluation import logits, mean_loss_and_accuracy
from minicnn.train.weights import TrainedNetwork

if TYPE_CHECKING:
    from minicnn.datasets import Dataset


class Examination(NamedTuple):
    """What a network answered on a set of images.

    confusions : (classes, classes) int64
        A row for each true class, a column for each answer.
    """

    loss: float
    accuracy: float
    classes: tuple[str, ...]
    confusions: np.ndarray

    @property
    def images(self) -> int:
        return int(self.confusions.sum())

    def class_accuracy(self, k: int) -> float | None:
        """Share of the images of class k that were recognised; None if there are none."""
        images = int(self.confusions[k].sum())
        return int(self.confusions[k, k]) / images if images else None

    def mistaken_for(self, k: int) -> tuple[int, int] | None:
        """(the class that class k is most often taken for, how often); None if it never is."""
        wrong = self.confusions[k].copy()
        wrong[k] = 0
        other = int(wrong.argmax())
        return (other, int(wrong[other])) if wrong[other] else None


def examine(trained: TrainedNetwork, data: Dataset, threads: int | None = None) -> Examination:
    """Let a trained network answer for every image of a data set with the same classes.

    Raises
    ------
    DataError
        If the classes are others.
    ShapeError
        If the images cannot be brought to the network's input.
    """
    if data.classes != trained.classes:
        known = {trained.data: trained.classes, data.name: data.classes}
        lines = (f"  {name.ljust(max(map(len, known)))}  {', '.join(map(one_line, names[:3]))}, ... ({len(names)})"
                 for name, names in known.items())
        raise DataError("\n".join([f"the classes of {data.name} are not those {trained.net.name} was trained on ({trained.data})", *lines]))
    scores = logits(trained.net, trained.preparation.images(data.images, data.name), trained.preparation, threads)
    matrix = np.zeros((len(data.classes), len(data.classes)), np.int64)
    np.add.at(matrix, (data.labels, scores.argmax(axis=1)), 1)
    loss, accuracy = mean_loss_and_accuracy(scores, data.labels)
    return Examination(loss, accuracy, data.classes, matrix)
