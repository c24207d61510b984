"""A trained network examined class by class: which it recognises, and which it confuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicnn.errors import DataError, one_line
from minicnn.losses import Loss, check_scores
from minicnn.train.evaluation import measure
from minicnn.train.intake import as_dataset
from minicnn.train.weights import TrainedNetwork

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.preparation import Preparation


class Examination(NamedTuple):
    """A network's answers on a set of images.

    loss : mean over them, softmax cross-entropy in nats
    metrics : figures by name, such as "accuracy", the share of correct answers
    confusion : (classes, classes) int64
        A row for each true class, a column for each answer; of images, or pixels of masks.  None where the answer is no class.
    images : how many
    """

    loss: float
    metrics: dict[str, float]
    classes: tuple[str, ...]
    confusion: np.ndarray | None
    images: int

    @property
    def accuracy(self) -> float | None:
        """The share of correct answers; None where nothing is right or wrong."""
        return self.metrics.get("accuracy")

    @property
    def counts(self) -> np.ndarray:
        """The confusion matrix; empty where there is none."""
        return np.zeros((0, 0), np.int64) if self.confusion is None else self.confusion

    def class_accuracy(self, k: int) -> float | None:
        """Share of the images of class k that were recognised; None if there are none."""
        images = int(self.counts[k].sum())
        return int(self.counts[k, k]) / images if images else None

    def mistaken_for(self, k: int) -> tuple[int, int] | None:
        """(the class that class k is most often mistaken for, how often); None if never."""
        wrong = self.counts[k].copy()
        wrong[k] = 0
        other = int(wrong.argmax())
        return (other, int(wrong[other])) if wrong[other] else None


def examine(trained: TrainedNetwork, data: Dataset, threads: int | None = None, device: str = "cpu") -> Examination:
    """Classify every image of a data set with the same classes.

    Raises
    ------
    DataError
        If the classes differ, or scores are not finite.
    ShapeError
        If the images cannot be brought to the network's input.
    """
    if trained.classes and isinstance(data.classes, tuple) and data.classes != trained.classes:
        known = {str(trained.data): trained.classes, str(data.name): data.classes}
        lines = (
            f"  {name.ljust(max(map(len, known)))}  {', '.join(one_line(str(each)) for each in names[:3])}, ... ({len(names)})"
            for name, names in known.items()
        )
        raise DataError("\n".join([f"the classes of {data.name} are not those {trained.net.name} was trained on ({trained.data})", *lines]))
    checked = as_dataset("data", data, trained.net, trained.loss)
    images = trained.preparation.images(checked.images, checked.name)
    return examination(
        trained.net, trained.loss, images, checked.labels, trained.preparation, trained.classes, checked.name, threads, device
    )


def examination(
    net: Graph,
    loss: Loss,
    images: np.ndarray,
    labels: np.ndarray,
    preparation: Preparation,
    classes: tuple[str, ...],
    name: str,
    threads: int | None = None,
    device: str = "cpu",
) -> Examination:
    """The same for prepared images and checked labels of the data `name`."""
    record, scores = measure(net, loss, images, labels, preparation, threads, device)
    check_scores(f"{net.name} on {name}", scores)
    matrix = None
    if classes and labels.dtype.kind in "iu":
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        counted = np.ones(labels.shape, bool) if loss.ignored is None else labels != loss.ignored
        np.add.at(matrix, (labels[counted], scores.argmax(axis=1)[counted]), 1)
    return Examination(record.loss, record.metrics, classes, matrix, len(images))
