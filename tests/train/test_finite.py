"""What is no number is never taken for an answer: training stops and says why, no score counts as right."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn import layers
from minicnn.errors import DataError, GraphError, SettingError
from minicnn.losses import SoftmaxCrossEntropy, check_scores, probabilities
from minicnn.optimizers import SGD
from minicnn.train import Preparation, TrainedNetwork, Trainer, evaluate, examine, fit_picture, guesses
from minicnn.train.evaluation import judged

NAN, INF = float("nan"), float("inf")


def floats(wrong=None, value=NAN):
    images = np.random.default_rng(2).normal(size=(50, 1, 12, 12)).astype(np.float32)
    if wrong is not None:
        images[wrong, 0, 3, 4] = value
    return images, np.arange(50) % 10


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_an_image_that_holds_no_number_stops_the_training(small_net, value):
    with pytest.raises(
        SettingError,
        match=r"^the loss is no longer a number in epoch 1: an image holds NaN or infinity\n"
        r"  the first is image 17 of train$",
    ):
        Trainer(small_net(), batch_size=10).fit(floats(17, value), epochs=3)


def test_a_test_image_that_holds_no_number_is_not_blamed_on_the_steps(small_net):
    with pytest.raises(SettingError, match=r"in epoch 1: an image holds NaN or infinity\n  the first is image 5 of test$"):
        Trainer(small_net()).fit(floats(), floats(5), epochs=1)


def test_weights_that_hold_no_number_stop_the_training(small_net):
    net = small_net()
    net.parameters["fc1.weight"][3, 4] = NAN
    with pytest.raises(
        SettingError,
        match=r"^the loss is no longer a number in epoch 1: the weights were not finite before training\n"
        r"  fc1.weight holds NaN or infinity: load",
    ):
        Trainer(net).fit(floats(), epochs=1)


def test_steps_too_large_stop_the_training(small_net):
    with pytest.raises(
        SettingError,
        match=r"^the loss is no longer a number in epoch 1: the steps are too large\n"
        r"  use a learning rate below 1e\+30$",
    ):
        Trainer(small_net(), SGD(learning_rate=1e30), batch_size=10).fit(floats(), epochs=3)


def test_a_last_update_that_loses_the_weights_stops_the_training(small_net):
    """The only batch has a loss, computed before the update that breaks the weights."""
    with pytest.raises(SettingError, match=r"^the loss is no longer a number in epoch 1: the steps are too large"):
        Trainer(small_net(), SGD(learning_rate=1e40), batch_size=50).fit(floats(), epochs=1)


def test_a_step_says_it_too(small_net):
    trainer = Trainer(small_net(), SGD(learning_rate=1e40))
    images, labels = floats()
    trainer.step(images, labels)
    with pytest.raises(SettingError, match=r"^the loss is no longer a number in step 2: the steps are too large\n"):
        trainer.step(images, labels)
    with pytest.raises(
        SettingError,
        match=r"^the loss is no longer a number in step 1: an image holds NaN or infinity\n"
        r"  the first is image 3 of x$",
    ):
        Trainer(small_net()).step(*floats(3))


@pytest.mark.parametrize("scores", [[[NAN, NAN]], [[NAN, 0.0]], [[0.0, NAN]], [[INF, 0.0]], [[-INF, -INF]]])
def test_scores_that_are_no_numbers_are_no_right_answer(scores):
    for label in (0, 1):
        loss, metrics = judged(SoftmaxCrossEntropy(), np.array(scores, np.float32), np.array([label]), ())
        assert (np.isnan(loss), metrics) == (True, {"accuracy": 0.0})
    with pytest.raises(DataError, match=r"^here: the scores of 1 of 1 images are not numbers: .*\n  the first is image 0$"):
        check_scores("here", np.array(scores, np.float32))


def test_an_impossible_class_is_no_fault():
    scores = np.array([[0.0, -INF]], np.float32)
    check_scores("here", scores)
    np.testing.assert_array_equal(probabilities(scores), [[1.0, 0.0]])


@pytest.fixture
def broken(small_net, test_digits):
    net = small_net()
    net.parameters["fc1.bias"][2] = NAN
    return TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), test_digits.classes, (1, 8, 8), "digits", 1)


def test_whoever_asks_a_broken_network_is_told(broken, test_digits):
    words = "the scores of [0-9]+ of [0-9]+ images are not numbers: the weights, or the images, hold NaN or infinity"
    with pytest.raises(DataError, match=f"^small on digits: {words}"):
        examine(broken, test_digits)
    with pytest.raises(DataError, match=f"^evaluate: small: {words}"):
        evaluate(broken.net, broken.preparation.images(test_digits.images), test_digits.labels, broken.preparation)
    with pytest.raises(DataError, match=f"^small: {words}"):
        guesses(broken, [fit_picture(broken, test_digits.images[0], "x")])
    with pytest.raises(DataError, match=f"^predict: {words}"):
        broken.net.predict(floats()[0])
    with pytest.raises(DataError, match=f"^small on data: {words}"):
        Trainer(broken.net).evaluate(floats())


@pytest.mark.parametrize("value", [NAN, INF])
def test_a_picture_that_holds_no_number_is_refused(small_net, test_digits, value):
    net = small_net()
    trained = TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), test_digits.classes, (1, 8, 8), "digits", 1)
    picture = np.zeros((1, 8, 8), np.float32)
    picture[0, 0, 0] = value
    with pytest.raises(DataError, match=r"^x holds values that are infinite or NaN$"):
        fit_picture(trained, picture, "x")


def test_a_single_score_is_no_choice():
    net = minicnn.Graph(layers.Sequential(layers.Flatten(), layers.Linear(1), name="one"), input_shape=(1, 4, 4))
    words = r"^one gives one score for an image, but softmax cross-entropy needs one for each class: .*\n  end it with Linear\(2\)"
    x, labels = np.zeros((64, 1, 4, 4), np.float32), np.zeros(64, int)
    with pytest.raises(GraphError, match=words):
        Trainer(net)
    with pytest.raises(GraphError, match=words):
        net.backward(x, labels)
    assert net.forward(x).shape == (64, 1)  # the raw map may give what it likes


def test_the_loss_is_an_object(small_net):
    assert Trainer(small_net()).loss == SoftmaxCrossEntropy() == minicnn.losses.SoftmaxCrossEntropy()
    with pytest.raises(SettingError, match=r"^Trainer: loss is 128, but must be one of minicnn.losses.*\n  .*named after it"):
        Trainer(small_net(), None, 128)
