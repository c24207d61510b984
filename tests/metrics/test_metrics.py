"""Metrics by hand: what counts as right, what is left out, and what does not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import DataError, MinicnnError, SettingError, ShapeError
from minicnn.metrics import (
    METRICS,
    accuracy,
    class_ious,
    class_precisions,
    confusion_matrix,
    mean_absolute_error,
    mean_average_precision,
    mean_iou,
    per_class,
    top5,
)
from minicnn.metrics.mean_iou import confusion

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.4, 0.4, 0.2], [0.0, 0.1, 0.9]])


def test_names():
    assert {"accuracy", "top5", "mean_absolute_error"} <= set(METRICS)
    assert METRICS["accuracy"] is accuracy


def test_accuracy_of_classes():
    assert accuracy(P, [0, 2, 0, 1]) == 0.75
    assert accuracy(P, [0, 2, 1, 1]) == 0.5  # of equals, the first is the answer
    assert accuracy(P, [0, 2, 1, 1], ignore_index=1) == 1
    assert accuracy(P, np.eye(3)[[0, 2, 0, 1]]) == 0.75
    assert accuracy(np.full((2, 3), np.nan), [0, 0]) == 0


def test_accuracy_of_pixels():
    p = np.stack([P, P[::-1]]).transpose(0, 2, 1)
    assert accuracy(p, [[0, 2, 0, 1], [1, 0, 2, 0]]) == 7 / 8 - 1 / 8
    assert accuracy(p[:, :1], [[1, 0, 0, 0], [0, 0, 0, 1]]) == 1


def test_accuracy_of_yes_and_no():
    assert accuracy([[0.5], [0.4]], [1, 1]) == 0.5
    assert accuracy([[0.5, 0.4]], [[1, 1]]) == 0.5
    assert accuracy([[0.5], [0.4]], [[0.9], [0.1]]) == 1


def test_top5_of_equals_the_first_go_before():
    assert top5(P, [1, 0, 1, 0], guesses=2) == 0.75
    assert top5(P, [1, 0, 1, 0], guesses=1) == accuracy(P, [1, 0, 1, 0]) == 0
    assert top5(P, [1, 0, 1, 0]) == 1
    assert top5(P, [1, 9, 1, 0], guesses=2, ignore_index=9) == 2 / 3


@given(seed=st.integers(0, 2**32 - 1), guesses=st.integers(1, 7))
def test_top5_as_a_sorted_list(seed, guesses):
    rng = np.random.default_rng(seed)
    p, labels = np.round(rng.random((6, 5, 2)), 1), rng.integers(0, 5, (6, 2))
    first = np.argsort(-p, axis=1, kind="stable")[:, :guesses]
    assert top5(p, labels, guesses=guesses) == (first == labels[:, None]).any(1).mean()


def test_absolute_error():
    assert mean_absolute_error([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [3.0, 5.0]]) == 0.75
    assert mean_absolute_error([[1.0], [2.0]], [2.0, 2.0]) == 0.5
    assert np.isnan(mean_absolute_error([[np.nan]], [[1.0]]))


def test_precision_and_recall_by_hand():
    matrix = confusion_matrix(P, [0, 2, 1, 1])
    assert matrix.tolist() == [[1, 0, 0], [1, 0, 1], [0, 0, 1]]
    first, second, third = per_class(matrix)
    assert first == (0.5, 1.0, 1)
    assert second == (None, 0.0, 2)
    assert third == (0.5, 1.0, 1)
    assert (first.f1, second.f1) == (pytest.approx(2 / 3), 0.0)
    assert per_class(np.zeros((2, 2), int))[0].f1 is None


def test_confusion_leaves_out_what_is_ignored_or_not_answered():
    p = np.concatenate([P, np.full((1, 3), np.nan)])
    assert confusion_matrix(p, [0, 2, 255, 255, 1], ignore_index=255).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert confusion_matrix([[[0.9, 0.1]]], [[1, 1]]).tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: accuracy(P, [0, 1]), ShapeError, "accuracy: labels have the shape (2,), but predictions (4, 3)"),
        (lambda: accuracy(P[:0], []), DataError, "accuracy: there are no labels to compare with"),
        (lambda: accuracy(P, [9] * 4, ignore_index=9), DataError, "accuracy: there are no labels to compare with"),
        (lambda: accuracy(P[0], [0]), ShapeError, "accuracy: predictions have the shape (3,)"),
        (lambda: top5(P, [0] * 4, guesses=0), SettingError, "top5: guesses is 0"),
        (lambda: mean_absolute_error([[1.0]], [1.0, 2.0]), ShapeError, "mean_absolute_error: labels have the shape (2,)"),
        (lambda: mean_absolute_error([], []), DataError, "mean_absolute_error: there are no numbers"),
        (lambda: confusion_matrix(P, [0, 1, 2, 3]), DataError, "confusion_matrix: labels run from 0 to 3"),
        (lambda: per_class([[1, 2, 3]]), ShapeError, "per_class: the confusion matrix has the shape (1, 3)"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(MinicnnError) as caught:
        call()
    assert isinstance(caught.value, error)
    assert caught.value.headline.startswith(words)


def test_a_single_channel_is_the_probability_of_class_1():
    predictions = np.array([[[0.9, 0.6, 0.4, 0.1]]])
    assert confusion(predictions, np.array([[1, 1, 1, 0]])).tolist() == [[1, 0], [1, 2]]
    assert mean_iou(predictions, np.array([[1, 1, 1, 0]])) == (1 / 2 + 2 / 3) / 2


def test_the_means_are_those_of_the_classes():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 9, (4, 4))
    counts[2] = counts[:, 2] = 0
    ious = class_ious(counts)
    assert ious[2] is None
    assert ious[1] == counts[1, 1] / (counts[1].sum() + counts[:, 1].sum() - counts[1, 1])
    boxes = [rng.uniform(0, 20, (12, 6)) for _ in range(5)]
    labels = rng.uniform(0, 20, (5, 3, 5))
    for each in (*boxes, *labels):
        each[:, 4] = rng.integers(0, 3, len(each))
    precisions = class_precisions(boxes, labels, iou=0.1)
    assert sum(each.objects for each in precisions) == 15
    assert np.mean([each.average_precision for each in precisions]) == mean_average_precision(boxes, labels, iou=0.1)
