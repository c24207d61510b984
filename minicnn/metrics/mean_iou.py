"""Mean intersection over union: of all pixels that are said to be of a class or are of it, how many are both."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import ShapeError


def confusion(predictions: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int | None = None) -> npt.NDArray[np.int64]:
    """How many pixels of each class (row) were taken for each class (column).

    Parameters
    ----------
    predictions : (N, K, *space) float, or (N, *space) integers
        Scores or probabilities, of which the largest counts; with a single channel the probability of class 1 against class 0, from
        1/2 on; or the classes themselves.
    labels : (N, *space) integers
        Pixels whose label is no class, such as -1, do not count.
    classes : int, optional
        K, or by default one more than the largest class.

    Returns
    -------
    (classes, classes) int64

    Raises
    ------
    ShapeError
        If the shapes do not fit each other.
    """
    labels, answers = np.asarray(labels), np.asarray(predictions)
    if answers.ndim == labels.ndim + 1:
        classes = classes or max(2, answers.shape[1])
        answers = (answers[:, 0] >= 0.5).astype(np.int64) if answers.shape[1] == 1 else answers.argmax(axis=1)
    if answers.shape != labels.shape:
        raise ShapeError(
            f"mean_iou: predictions have the shape {np.shape(predictions)}, but labels {labels.shape}"
            f"\n  predictions  (N, K, *space) scores, or (N, *space) classes\n  labels       (N, *space) classes"
        )
    K = classes or 1 + int(max(answers.max(initial=0), labels.max(initial=0)))
    counted = (labels >= 0) & (labels < K)
    return np.bincount(labels[counted].astype(np.int64) * K + answers[counted], minlength=K * K).reshape(K, K)


def mean_iou(predictions: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int | None = None) -> float:
    """Mean over the classes of intersection over union, each counted over all pixels of all images.

        iou[k] = confusion[k,k] / (sum over j of confusion[k,j] + sum over j of confusion[j,k] - confusion[k,k])

    Classes that neither occur nor are predicted do not count; without any, the mean is 0.  Arguments as for `confusion`.

    Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", 2015, section 2.3 (segmentation accuracy).

    >>> mean_iou(np.array([[[0, 0], [1, 1]]]), np.array([[[0, 1], [1, 1]]]))  # 1 of 2 pixels, and 2 of 3
    0.5833333333333333
    """
    found = [iou for iou in class_ious(confusion(predictions, labels, classes)) if iou is not None]
    return float(np.mean(found)) if found else 0.0


def class_ious(counts: npt.NDArray[Any]) -> list[float | None]:
    """Intersection over union of each class, from a matrix of `confusion`; None for a class that neither occurs nor is predicted.

    >>> class_ious(np.array([[1, 1], [0, 2]]))
    [0.5, 0.6666666666666666]
    """
    both = counts.diagonal()
    either = counts.sum(axis=0) + counts.sum(axis=1) - both
    return [float(shared / all_) if all_ else None for shared, all_ in zip(both, either, strict=True)]
