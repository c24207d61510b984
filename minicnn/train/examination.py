"""A trained network examined class by class: which it recognises, and which it confuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicnn.errors import DataError, one_line
from minicnn.losses import BOXES, CLASS, MASK, NUMBERS, Loss, check_scores
from minicnn.metrics import ClassPrecision, class_ious, class_precisions
from minicnn.train.answers import answer_kind, decided
from minicnn.train.evaluation import measure
from minicnn.train.intake import as_dataset
from minicnn.train.mistakes import Mistake, worst
from minicnn.train.weights import TrainedNetwork

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.parallel import MPIRanks
    from minicnn.preparation import Preparation

MISTAKES = 5  # that are kept unless more are asked for


class Examination(NamedTuple):
    """A network's answers on a set of images.

    loss : mean over them, softmax cross-entropy in nats
    metrics : figures by name, such as "accuracy", the share of correct answers
    confusion : (classes, classes) int64
        A row for each true class, a column for each answer; of images, or pixels of masks.  None where the answer is no class.
    images : how many
    kind : what the network answers: "class", "mask", "numbers" or "boxes"
    mistakes : the pictures answered worst, the worst first: `ClassMistake`, `MaskMistake`, `BoxMistake` or `NumbersMistake`, each
        with the picture's index in the data
    precisions : of boxes: for each class that has objects, how many and the average precision
    """

    loss: float
    metrics: dict[str, float]
    classes: tuple[str, ...]
    confusion: np.ndarray | None
    images: int
    kind: str = CLASS
    mistakes: tuple[Mistake, ...] = ()
    precisions: tuple[ClassPrecision, ...] = ()

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

    def class_iou(self, k: int) -> float | None:
        """Intersection over union of class k; None if it neither occurs nor is predicted."""
        return class_ious(self.counts)[k]

    def mistaken_for(self, k: int) -> tuple[int, int] | None:
        """(the class that class k is most often mistaken for, how often); None if never."""
        wrong = self.counts[k].copy()
        wrong[k] = 0
        other = int(wrong.argmax())
        return (other, int(wrong[other])) if wrong[other] else None


def examine(
    trained: TrainedNetwork, data: Dataset, threads: int | None = None, device: str = "cpu", mistakes: int = MISTAKES
) -> Examination:
    """What a network says of every image of a data set with the same classes, and at most so many `mistakes`.

    Raises
    ------
    DataError
        If the classes differ, or scores are not finite.
    ShapeError
        If the images cannot be brought to the network's input.
    """
    names = data.classes if isinstance(data.classes, tuple) else ()
    if trained.classes and names and names[: len(trained.classes)] != trained.classes[: len(names)]:
        known = {str(trained.data): trained.classes, str(data.name): data.classes}
        lines = (
            f"  {name.ljust(max(map(len, known)))}  {', '.join(one_line(str(each)) for each in names[:3])}, ... ({len(names)})"
            for name, names in known.items()
        )
        raise DataError("\n".join([f"the classes of {data.name} are not those {trained.net.name} was trained on ({trained.data})", *lines]))
    net = trained.net.sized(trained.preparation.input_shape)  # of a network with free axes, the size it was trained at
    checked = as_dataset("data", data, net, trained.loss)
    images = trained.preparation.images(checked.images, checked.name)
    return examination(
        net, trained.loss, images, checked.labels, trained.preparation, trained.classes, checked.name, threads, device, mistakes
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
    mistakes: int = MISTAKES,
    ranks: MPIRanks | None = None,
) -> Examination:
    """The same for prepared images and checked labels of the data `name`; together with other ranks."""
    record, scores = measure(net, loss, images, labels, preparation, threads, device, ranks)
    check_scores(f"{net.name} on {name}", scores)
    kind = answer_kind(loss, net.output_shape)
    prediction = loss.prediction(scores, net.input_shape)
    wrong = worst(kind, prediction, labels, mistakes, loss.ignored)
    if kind == BOXES:
        precisions = tuple(class_precisions(prediction, labels))
        return Examination(record.loss, record.metrics, classes, None, len(images), kind, wrong, precisions)
    matrix = _matrix(decided(prediction), labels, len(classes), loss.ignored) if kind in (CLASS, MASK) else None
    return Examination(record.loss, record.metrics, () if kind == NUMBERS else classes, matrix, len(images), kind, wrong)


def _matrix(said: np.ndarray, labels: np.ndarray, count: int, ignored: int | None) -> np.ndarray | None:
    """(count, count) int64: a row for each true class, a column for each answer; None where an image has several classes, or shares."""
    if not count or labels.dtype.kind not in "iu" or labels.shape != said.shape:
        return None
    matrix = np.zeros((count, count), np.int64)
    counted = np.ones(labels.shape, bool) if ignored is None else labels != ignored
    np.add.at(matrix, (labels[counted], said[counted]), 1)
    return matrix
