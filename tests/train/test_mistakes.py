"""The pictures answered worst: which, in which order, and what is told of them."""

import numpy as np
import pytest

from minicnn.train.mistakes import BoxMistake, ClassMistake, worst

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9], [0.3, 0.7]], np.float32)


def test_the_surest_wrong_classes_come_first():
    found = worst("class", PROBABILITIES, np.array([0, 0, 1, 0, 1]), 5)
    assert [(each.index, each.label, each.predicted) for each in found] == [(3, 0, 1), (1, 0, 1), (2, 1, 0)]
    assert [each.probability for each in found] == pytest.approx([0.9, 0.8, 0.6])
    assert worst("class", PROBABILITIES, np.array([0, 0, 1, 0, 1]), 1) == found[:1]
    assert worst("class", PROBABILITIES, np.array([0, 0, 1, 0, 1]), 0) == ()
    assert worst("class", PROBABILITIES, np.array([0, 1, 0, 1, 1]), 5) == ()


def test_of_equal_ones_the_first_in_the_data():
    found = worst("class", np.full((4, 2), 0.5, np.float32), np.array([1, 0, 1, 1]), 2)
    assert [each.index for each in found] == [0, 2]


def test_what_is_ignored_is_no_mistake():
    assert [each.index for each in worst("class", PROBABILITIES, np.array([0, 9, 1, 9, 1]), 5, ignored=9)] == [2]


def test_shares_and_a_single_yes_or_no():
    shares = np.eye(2, dtype=np.float32)[[0, 0, 0, 0, 1]]
    assert [each.index for each in worst("class", PROBABILITIES, shares, 5)] == [3, 1]
    (found,) = worst("class", np.array([[0.25], [0.75]], np.float32), np.array([1, 1]), 5)
    assert found == ClassMistake(0, 1, 0, 0.75)
    assert worst("class", PROBABILITIES, np.zeros((5, 2), int), 5) == ()  # several classes an image


def test_masks_by_the_mean_over_the_classes_that_are_there():
    labels = np.zeros((3, 2, 4), np.int32)
    labels[:, 0] = 1
    said = labels.copy()
    said[1, 0, :3] = 0  # 1 of 4 of class 1, 4 of 7 of class 0
    said[2, 1, 3] = 2  # a third class
    told = np.eye(3, dtype=np.float32)[said].transpose(0, 3, 1, 2)
    worse, bad = worst("mask", told, labels, 5)
    assert (worse.index, worse.iou) == (1, pytest.approx((1 / 4 + 4 / 7) / 2))
    assert (bad.index, bad.iou) == (2, pytest.approx((1 + 3 / 4 + 0) / 3))
    np.testing.assert_array_equal(worse.predicted, said[1])
    np.testing.assert_array_equal(worse.label, labels[1])
    labels[1, 0, :3] = 255
    assert [each.index for each in worst("mask", told, labels, 5, ignored=255)] == [2]


def test_boxes_by_what_is_missed_and_what_is_false():
    box, far = [2.0, 2, 8, 8], [20.0, 20, 8, 8]
    labels = np.array([[[*box, 0], [*far, 1]]] * 4, np.float32)
    told = [
        np.array([[*box, 0, 0.9], [*far, 1, 0.3]]),  # all right
        np.array([[*box, 0, 0.9], [*box, 0, 0.8], [*far, 1, 0.1]]),  # one twice, one too faint
        np.array([[*box, 1, 0.9], [*far, 0, 0.9], [0, 0, 1, 1, 3, 0.2]]),  # other classes
        np.zeros((0, 6)),
    ]
    found = worst("boxes", told, labels, 5)
    assert [(each.index, each.missed, each.false) for each in found] == [(2, 2, 3), (1, 1, 1), (3, 2, 0)]
    assert isinstance(found[0], BoxMistake)
    assert len(found[1].predicted) == 2
    assert found[1].label.shape == (2, 5)


def test_numbers_by_how_far_they_are_off():
    labels = np.array([[1.0, 1], [2, 2], [3, 3]], np.float32)
    told = np.array([[1.0, 2], [2, 2], [0, 3]], np.float32)
    assert [(each.index, each.error) for each in worst("numbers", told, labels, 5)] == [(2, 1.5), (0, 0.5)]
