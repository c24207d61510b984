"""Mean intersection over union by hand."""

import numpy as np
import pytest

from minicnn.errors import ShapeError
from minicnn.metrics.mean_iou import confusion, mean_iou


def test_by_hand():
    """Class 0: 1 pixel is both, 2 are either; class 1: 2 of 4; class 2: 1 of 2."""
    labels = np.array([[[0, 0, 1], [1, 1, 2]]])
    answers = np.array([[[0, 1, 1], [1, 2, 2]]])
    assert mean_iou(answers, labels) == pytest.approx((1 / 2 + 2 / 4 + 1 / 2) / 3)
    assert confusion(answers, labels).tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]


def test_scores_are_compared_pixel_by_pixel():
    labels = np.array([[0, 1, 1]])
    scores = np.array([[[0.9, 0.2, 0.6], [0.1, 0.8, 0.4]]])  # (1, 2, 3): the last pixel is wrong
    assert mean_iou(scores, labels) == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_pixels_are_counted_over_all_images():
    """Not the mean of the images' figures: an image without cells would decide by a pixel."""
    labels, answers = np.array([[1, 1], [0, 0]]), np.array([[1, 1], [0, 1]])
    assert mean_iou(answers, labels) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_classes_that_are_nowhere_do_not_count():
    labels = np.array([[0, 0, 3, 3]])
    assert mean_iou(labels, labels, classes=5) == 1.0
    assert mean_iou(np.array([[0, 0, 3, 2]]), labels, classes=5) == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert mean_iou(np.zeros((0, 4), int), np.zeros((0, 4), int)) == 0.0


def test_pixels_without_a_class_do_not_count():
    assert mean_iou(np.array([[0, 1, 1]]), np.array([[0, 1, -1]])) == 1.0


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"^mean_iou: predictions have the shape \(2, 3\), but labels \(2, 4\)"):
        mean_iou(np.zeros((2, 3), int), np.zeros((2, 4), int))
