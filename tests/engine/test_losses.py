"""Every loss in the engine: gradients in float32 are those of the textbook in float64, the same bits for any number of threads, and it learns."""

import copy

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.losses import BinaryCrossEntropy, Dice, Huber, MeanAbsoluteError, MeanSquaredError, SoftmaxCrossEntropy

IMAGES = 21
RNG = np.random.default_rng(0)
X = RNG.normal(size=(IMAGES, 1, 6, 6)).astype(np.float32)
MASKS = (X[:, 0] > 0.3).astype(np.int64) + (X[:, 0] > 1)


def flat(outputs):
    return minicnn.Graph(L.Sequential(L.Conv2D(4, 3), L.Tanh(), L.Flatten(), L.Linear(outputs)), (1, 6, 6), seed=1)


def maps(channels):
    return minicnn.Graph(L.Sequential(L.Conv2D(4, 3, padding=1), L.Tanh(), L.Conv2D(channels, 3, padding=1)), (1, 6, 6), seed=1)


def shares(*shape):
    raw = RNG.random((IMAGES, *shape)).astype(np.float32)
    return raw / raw.sum(axis=1, keepdims=True)


CLASSES = MASKS[:, 2, 2]
NUMBERS = np.stack([X.mean((1, 2, 3)), X[:, 0, 0, 0], X[:, 0, 3, 3]], axis=1)
CASES = {
    "classes, smoothed and weighted": (flat(3), SoftmaxCrossEntropy(label_smoothing=0.1, class_weights=(1, 2, 0.3)), CLASSES),
    "masks": (maps(3), SoftmaxCrossEntropy(), MASKS),
    "masks, weighted, some ignored": (
        maps(3),
        SoftmaxCrossEntropy(class_weights=(1, 2, 3), ignore_index=255),
        np.where(MASKS == 1, 255, MASKS),
    ),
    "summed": (maps(3), SoftmaxCrossEntropy(reduction="sum"), MASKS),
    "shares": (flat(3), SoftmaxCrossEntropy(label_smoothing=0.1), shares(3)),
    "shares of pixels": (maps(3), SoftmaxCrossEntropy(class_weights=(1, 2, 3)), shares(3, 6, 6)),
    "yes or no": (flat(1), BinaryCrossEntropy(pos_weight=(2,)), CLASSES > 0),
    "yes or no, several": (flat(3), BinaryCrossEntropy(pos_weight=(2, 1, 0.5)), (NUMBERS > 0).astype(np.int64)),
    "mask of one channel": (maps(1), BinaryCrossEntropy(), MASKS > 0),
    "numbers between": (maps(2), BinaryCrossEntropy(pos_weight=(2, 1)), shares(2, 6, 6)),
    "squared": (flat(3), MeanSquaredError(), NUMBERS),
    "absolute": (flat(3), MeanAbsoluteError(), NUMBERS),
    "absolute, of pixels": (maps(1), MeanAbsoluteError(), X * 2),
    "huber": (flat(3), Huber(delta=0.3), NUMBERS),
    "dice": (maps(3), Dice(), MASKS),
    "dice of one channel": (maps(1), Dice(smooth=0.1), (MASKS > 0).astype(np.uint8)),
}
cases = pytest.mark.parametrize("name", CASES)


@cases
def test_gradients_are_those_of_the_textbook_in_float64(name):
    net, loss, labels = CASES[name]
    value, gradients = net.backward(X, labels, loss=loss)
    wanted, exact = net.backward(X.astype(np.float64), labels, loss=loss)
    assert value == pytest.approx(wanted, rel=1e-5)
    for each, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[each], rtol=0, atol=1e-5 * max(1, np.abs(exact[each]).max()), err_msg=each)
        assert np.abs(exact[each]).max() > 0


@cases
def test_any_number_of_threads_gives_the_same_bits(name):
    from minicnn import engine

    net, loss, labels = CASES[name]
    labels = net.check_labels("backward", labels, IMAGES, loss)
    one, *others = (engine.backward(net, X, labels, loss, threads=threads) for threads in (1, 2, 3))
    for value, gradients in others:
        assert value == one[0]
        assert all(np.array_equal(gradients[each], one[1][each]) for each in gradients)


@cases
def test_it_learns(name):
    net, loss, labels = CASES[name]
    net, found = copy.deepcopy(net), []
    for _ in range(30):
        value, gradients = net.backward(X, labels, loss=loss)
        found.append(value)
        length = np.sqrt(sum((each.astype(np.float64) ** 2).sum() for each in gradients.values()))
        for each, gradient in gradients.items():
            net.parameters[each][...] -= 0.05 / max(length, 1e-9) * gradient
    assert min(found) < found[0] * 0.97
