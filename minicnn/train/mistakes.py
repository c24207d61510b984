"""The pictures that a network answers worst: what it said, what is right, and how wrong that is.

A report finds each picture by its index in the data; the drawings are its own affair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicnn.losses import BOXES, CLASS, MASK
from minicnn.metrics.mean_average_precision import hits
from minicnn.metrics.mean_iou import class_ious, confusion
from minicnn.train.answers import SURE_SCORE, decided

ENOUGH_OVERLAP = 0.5  # intersection over union from which a box has found an object


@dataclass(frozen=True)
class ClassMistake:
    """A picture taken for another class; the surest of these come first.

    index : in the data set
    label, predicted : classes
    probability : of the predicted one
    """

    index: int
    label: int
    predicted: int
    probability: float


@dataclass(frozen=True, eq=False)
class MaskMistake:
    """A picture in which pixels are taken for others; those with the lowest intersection over union come first.

    iou : mean over the classes that occur in it or are predicted
    label, predicted : (*space) classes; of pixels that do not count, the label is below 0
    """

    index: int
    iou: float
    label: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True, eq=False)
class BoxMistake:
    """A picture in which objects were missed, or seen where there are none; those with most come first.

    missed : objects that no box of their class overlaps by half, of the boxes with a score of at least 0.25
    false : boxes with such a score that find no object
    label : (n, 5) x, y, w, h, class;  predicted : (m, 6) with scores, the highest first
    """

    index: int
    missed: int
    false: int
    label: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True, eq=False)
class NumbersMistake:
    """A picture with other numbers; those that are furthest off come first.

    error : mean absolute error over its numbers
    label, predicted : like the network's output
    """

    index: int
    error: float
    label: np.ndarray
    predicted: np.ndarray


Mistake = ClassMistake | MaskMistake | BoxMistake | NumbersMistake


def worst(kind: str, prediction: object, labels: np.ndarray, count: int, ignored: int | None = None) -> tuple[Mistake, ...]:
    """At most `count` pictures that were answered wrongly, the worst first; of equal ones, in the order of the data.

    Parameters
    ----------
    kind : "class", "mask", "numbers" or "boxes"
    prediction : as `Loss.prediction` gives it
    labels : of the data
    ignored : a class that counts for nothing

    Nothing where labels are of another form than the answers: several classes an image.
    """
    if count < 1:
        return ()
    if kind == BOXES:
        return _boxes(prediction, labels, count)  # type: ignore[arg-type]
    told = np.asarray(prediction)
    if kind in (CLASS, MASK):
        labels = _as_classes(labels, told)
        said = decided(told)
        if labels.shape != said.shape:
            return ()
        counted = np.ones(labels.shape, bool) if ignored is None else labels != ignored
        return (_classes if kind == CLASS else _masks)(told, said, np.where(counted, labels, -1), count)
    errors = np.abs(told.astype(np.float64) - labels).reshape(len(labels), -1).mean(axis=1)
    order = [n for n in np.argsort(-errors, kind="stable")[:count].tolist() if errors[n] > 0]
    return tuple(NumbersMistake(n, float(errors[n]), labels[n], told[n]) for n in order)


def _as_classes(labels: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Shares of classes, or a channel of yes and no, as classes."""
    if labels.dtype.kind != "f" or labels.shape != told.shape:
        return labels
    return decided(labels)


def _classes(told: np.ndarray, said: np.ndarray, labels: np.ndarray, count: int) -> tuple[ClassMistake, ...]:
    sure = np.maximum(told[:, 0], 1 - told[:, 0]) if told.shape[1] == 1 else told.max(axis=1)
    wrong = np.flatnonzero((said != labels) & (labels >= 0))
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:count].tolist()
    return tuple(ClassMistake(n, int(labels[n]), int(said[n]), float(sure[n])) for n in order)


def _masks(told: np.ndarray, said: np.ndarray, labels: np.ndarray, count: int) -> tuple[MaskMistake, ...]:
    K = max(2, told.shape[1])
    found = []
    for n in range(len(labels)):
        ious = [iou for iou in class_ious(confusion(said[n : n + 1], labels[n : n + 1], K)) if iou is not None]
        found.append(float(np.mean(ious)) if ious else 1.0)
    order = [n for n in np.argsort(found, kind="stable")[:count].tolist() if found[n] < 1]
    return tuple(MaskMistake(n, found[n], labels[n], said[n]) for n in order)


def _boxes(prediction: list[np.ndarray], labels: np.ndarray, count: int) -> tuple[BoxMistake, ...]:
    found = []
    for n, (boxes, rows) in enumerate(zip(prediction, labels, strict=True)):
        boxes, truth = np.asarray(boxes).reshape(-1, 6), rows[rows[:, 4] >= 0]
        boxes = boxes[boxes[:, 5] >= SURE_SCORE]
        right = sum(
            sum(hits(boxes[boxes[:, 4] == k].astype(np.float64), truth[truth[:, 4] == k].astype(np.float64), ENOUGH_OVERLAP))
            for k in np.unique(truth[:, 4])
        )
        found.append(BoxMistake(n, len(truth) - right, len(boxes) - right, truth, boxes))
    found.sort(key=lambda each: -(each.missed + each.false))
    return tuple(each for each in found[:count] if each.missed + each.false)
