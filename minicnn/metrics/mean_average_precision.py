"""Mean average precision: whether all objects are found, and how few false alarms come before them, whatever the score that one acts on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


def mean_average_precision(predictions: Sequence[npt.ArrayLike], labels: npt.NDArray[Any], iou: float = 0.5) -> float:
    """Mean of the classes' average precision, as in the PASCAL VOC challenge from 2010 on.

    Of each class, the predictions of all images are taken by falling score (equal ones in the order of the images).  One is right if the
    object of its image and class that it overlaps most, measured by intersection over union, overlaps it by `iou` at least and was not
    found by an earlier one.  Average precision is the area under the curve of precision over recall, whose every point counts, after
    precision was raised to the largest at any higher recall.  Classes without objects do not count; without any object, the mean is 0.

    Parameters
    ----------
    predictions : for each image (n, 6) float
        x, y (left upper corner), width, height, class, score; any order.
    labels : (N, M, 5) float
        The objects of each image: x, y, width, height, class; rows whose class is below 0 hold none.

    Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", 2015, section 2.2.

    >>> found = [[10, 10, 20, 20, 0, 0.9], [50, 50, 20, 20, 0, 0.8], [70, 10, 10, 10, 0, 0.7]]
    >>> mean_average_precision([found], np.array([[[10, 10, 20, 20, 0], [70, 10, 10, 10, 0]]]))  # right, wrong, right: 1/2 * 1 + 1/2 * 2/3
    0.8333333333333333
    """
    areas = [each.average_precision for each in class_precisions(predictions, labels, iou=iou)]
    return float(np.mean(areas)) if areas else 0.0


class ClassPrecision(NamedTuple):
    """Of one class: how many objects there are, and the average precision of what was found."""

    label: int
    objects: int
    average_precision: float


def class_precisions(predictions: Sequence[npt.ArrayLike], labels: npt.NDArray[Any], *, iou: float = 0.5) -> list[ClassPrecision]:
    """For every class that has objects, how many and its average precision; arguments as for `mean_average_precision`.

    >>> class_precisions([[[10, 10, 20, 20, 3, 0.9]]], np.array([[[10, 10, 20, 20, 3]]]))
    [ClassPrecision(label=3, objects=1, average_precision=1.0)]
    """
    found = [np.asarray(each, np.float64).reshape(-1, 6) for each in predictions]
    objects = [np.asarray(each, np.float64)[np.asarray(each)[:, 4] >= 0] for each in labels]
    classes = np.unique(np.concatenate([each[:, 4] for each in objects])) if objects else np.zeros(0)
    precisions = []
    for k in classes:
        scores, right, count = of_class(found, objects, k, iou)
        precisions.append(ClassPrecision(int(k), count, average_precision(scores, right, count)))
    return precisions


def of_class(
    found: Sequence[npt.NDArray[Any]], objects: Sequence[npt.NDArray[Any]], k: float, iou: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], int]:
    """Scores of a class's predictions, which of them are right, and how many objects there are."""
    scores, right, count = [], [], 0
    for boxes, truth in zip(found, objects, strict=True):
        boxes, truth = boxes[boxes[:, 4] == k], truth[truth[:, 4] == k]
        boxes = boxes[np.argsort(-boxes[:, 5], kind="stable")]
        right.extend(hits(boxes, truth, iou))
        scores.append(boxes[:, 5])
        count += len(truth)
    return np.concatenate(scores), np.array(right, bool), count


def hits(boxes: npt.NDArray[Any], truth: npt.NDArray[Any], iou: float) -> list[bool]:
    """Which predictions of one image and class, the highest score first, find an object that none before them found."""
    right, taken = [], np.zeros(len(truth), bool)
    for row in overlap(boxes, truth):
        best = int(row.argmax()) if len(row) else 0
        hit = bool(len(row) and row[best] >= iou and not taken[best])
        if hit:
            taken[best] = True
        right.append(hit)
    return right


def average_precision(scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], objects: int) -> float:
    """The area under the curve of one class.

    Parameters
    ----------
    scores : (n,)
    right : (n,) bool
    objects : int
        How many there are to be found.
    """
    right = right[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[right].sum() / objects)  # recall grows by 1/objects at each that is right


def overlap(boxes: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Intersection over union of each box (rows) with each other (columns); 0 where both are empty."""
    x1, y1 = np.maximum(boxes[:, None, 0], others[:, 0]), np.maximum(boxes[:, None, 1], others[:, 1])
    x2 = np.minimum((boxes[:, 0] + boxes[:, 2])[:, None], others[:, 0] + others[:, 2])
    y2 = np.minimum((boxes[:, 1] + boxes[:, 3])[:, None], others[:, 1] + others[:, 3])
    shared = np.maximum(x2 - x1, 0) * np.maximum(y2 - y1, 0)
    union = (boxes[:, 2] * boxes[:, 3])[:, None] + others[:, 2] * others[:, 3] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
