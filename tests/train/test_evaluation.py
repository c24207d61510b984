"""Figures of a network: probabilities, loss, accuracy, who is taken for whom."""

import math

import numpy as np
import pytest

from minicnn import datasets
from minicnn.errors import DataError
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.train import Examination, Preparation, TrainedNetwork, evaluate, examine, probabilities
from minicnn.train.evaluation import judged


def test_probabilities():
    scores = np.array([[0, math.log(3)], [1000, 0], [-1000, -1000]], np.float32)
    np.testing.assert_allclose(probabilities(scores), [[0.25, 0.75], [1, 0], [0.5, 0.5]], rtol=1e-6)


def test_loss_and_accuracy_by_hand():
    scores = np.array([[0, math.log(3)], [0, math.log(3)]], np.float32)
    loss, metrics = judged(SoftmaxCrossEntropy(), scores, np.array([0, 1]), ())
    assert loss == pytest.approx(-(math.log(0.25) + math.log(0.75)) / 2)
    assert metrics == {"accuracy": 0.5}


def test_the_loss_of_a_hopeless_answer_is_large_and_finite():
    loss, _ = judged(SoftmaxCrossEntropy(), np.array([[5000.0, 0.0]], np.float32), np.array([1]), ())
    assert loss == 5000


def test_evaluate_is_forward_on_prepared_images(small_net, test_digits):
    net = small_net()
    preparation = Preparation.of(test_digits, net.input_shape)
    images = preparation.images(test_digits.images)
    record = evaluate(net, images, test_digits.labels, preparation)
    x = images * np.float32(preparation.scale[0]) + np.float32(preparation.shift[0])
    loss, metrics = judged(SoftmaxCrossEntropy(), net.forward(x), test_digits.labels, ())
    assert record.loss == pytest.approx(loss, rel=1e-5)
    assert (record.accuracy, record.images) == (metrics["accuracy"], 100)


def test_examination_counts(small_net, test_digits):
    net = small_net()
    trained = TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), test_digits.classes, (1, 8, 8), "digits", 1)
    found = examine(trained, test_digits)
    images = trained.preparation.images(test_digits.images)
    answers = net.forward(images * np.float32(trained.preparation.scale[0]) + np.float32(trained.preparation.shift[0])).argmax(axis=1)
    for true in range(10):
        for answer in range(10):
            assert found.confusion[true, answer] == np.sum((test_digits.labels == true) & (answers == answer))
    assert found.images == 100
    assert found.accuracy == np.trace(found.confusion) / 100
    assert found.loss == evaluate(net, images, test_digits.labels, trained.preparation).loss


def test_classes_of_an_examination():
    found = Examination(0.0, {"accuracy": 0.5}, ("a", "b", "c"), np.array([[2, 1, 3], [0, 4, 0], [0, 0, 0]]), 10)
    assert [found.class_accuracy(k) for k in range(3)] == [2 / 6, 1.0, None]
    assert [found.mistaken_for(k) for k in range(3)] == [(2, 3), None, None]


def test_other_classes_are_refused(small_net, test_digits):
    net = small_net()
    trained = TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), tuple("abcdefghij"), (1, 8, 8), "letters", 1)
    with pytest.raises(
        DataError,
        match=r"^the classes of digits are not those small was trained on \(letters\)\n"
        r"  letters  a, b, c, ... \(10\)\n  digits   0, 1, 2, ... \(10\)$",
    ):
        examine(trained, test_digits)


def test_a_set_is_held_out_the_same_way_for_the_same_seed(digits):
    from minicnn.train import hold_out

    rest, held = hold_out(digits, 0.2, seed=4)
    again, _ = hold_out(digits, 0.2, seed=4)
    other, _ = hold_out(digits, 0.2, seed=5)
    assert (len(rest), len(held), held.split) == (240, 60, "validation")
    assert rest.digest == again.digest != other.digest
    both = np.concatenate([rest.images, held.images])
    assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in digits.images)
    assert rest.mean == digits.mean


@pytest.mark.parametrize(("fraction", "held"), [(0.0001, 1), (0.9999, 299), (0.5, 150)])
def test_at_least_one_image_on_either_side(digits, fraction, held):
    from minicnn.train import hold_out

    assert [len(part) for part in hold_out(digits, fraction, 0)] == [300 - held, held]


def test_one_image_cannot_be_divided():
    from minicnn.train import hold_out

    with pytest.raises(DataError, match=r"^digits has 1 training image, so none can be held out$"):
        hold_out(datasets.load("digits").subset([0]), 0.5, 0)
