"""Mean average precision by hand, and the rules of matching one by one."""

import numpy as np
import pytest

from minicnn.metrics.mean_average_precision import average_precision, mean_average_precision

BOX, FAR = [10, 10, 20, 20], [60, 60, 20, 20]


def objects(*rows):
    return np.array([[*rows, [-1] * 5]], np.float32)


def test_all_right():
    assert mean_average_precision([[[*BOX, 0, 0.9], [*FAR, 1, 0.1]]], objects([*BOX, 0], [*FAR, 1])) == 1.0


def test_the_area_under_the_envelope():
    """Right, wrong, wrong, right, right, of 4: precision 1, 2/4, 3/5 at recall 1/4, 2/4, 3/4; the envelope lifts 2/4 to 3/5."""
    scores, right = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, False, False, True, True])
    assert average_precision(scores, right, 4) == pytest.approx((1 + 3 / 5 + 3 / 5) / 4)
    order = np.array([3, 1, 4, 0, 2])
    assert average_precision(scores[order], right[order], 4) == average_precision(scores, right, 4)


def test_a_second_prediction_of_one_object_is_a_false_alarm():
    twice = [[*BOX, 0, 0.9], [*BOX, 0, 0.8], [*FAR, 0, 0.7]]
    assert mean_average_precision([twice], objects([*BOX, 0], [*FAR, 0])) == pytest.approx((1 + 2 / 3) / 2)


def test_the_object_that_is_overlapped_most_counts_even_if_another_is_free():
    """As in the challenge: the second prediction overlaps both enough, but most the one that is found."""
    near = [12, 10, 20, 20]
    found = [[*BOX, 0, 0.9], [10.5, 10, 20, 20, 0, 0.8]]
    assert mean_average_precision([found], objects([*BOX, 0], [*near, 0])) == pytest.approx(1 / 2)


def test_overlap_has_to_reach_the_threshold():
    """A box moved by a third of its width: 2/3 shared of 4/3."""
    moved = [[16, 10, 18, 20, 0, 1.0]]
    truth = objects([10, 10, 18, 20, 0])
    assert mean_average_precision([moved], truth, iou=0.5) == 1.0
    assert mean_average_precision([moved], truth, iou=0.51) == 0.0


def test_another_class_does_not_count():
    """Class 0 is found by nobody; class 1, which is said, does not occur."""
    assert mean_average_precision([[[*BOX, 1, 1.0]]], objects([*BOX, 0])) == 0.0


def test_every_class_weighs_the_same():
    found = [[*BOX, 0, 1.0]]
    assert mean_average_precision([found], objects([*BOX, 0], [*FAR, 1])) == 0.5
    assert mean_average_precision([found], objects([*BOX, 0], [*FAR, 1], [5, 60, 9, 9, 1])) == 0.5


def test_images_are_ranked_together():
    """A false alarm of the second image comes before the right prediction of the first."""
    labels = np.concatenate([objects([*BOX, 0]), objects([*BOX, 0])])
    found = [[[*BOX, 0, 0.5]], [[*FAR, 0, 0.9]]]
    assert mean_average_precision(found, labels) == pytest.approx(1 / 2 * 1 / 2)
    assert mean_average_precision(found[::-1], labels[::-1]) == pytest.approx(1 / 2 * 1 / 2)


def test_nothing_predicted_and_nothing_there():
    assert mean_average_precision([[]], objects([*BOX, 0])) == 0.0
    assert mean_average_precision([[]], objects()) == 0.0
    assert mean_average_precision([], np.zeros((0, 1, 5))) == 0.0
