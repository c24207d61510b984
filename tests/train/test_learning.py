"""A training that does not learn is noticed by its loss, said once, and told what to try."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import LearningWarning, MinicnnWarning
from minicnn.optimizers import SGD, Adam
from minicnn.train import EpochRecord, LearningWatch, Trainer
from minicnn.train.learning import constant_guess

LABELS = np.arange(1280) % 10  # ten updates an epoch of batches of 128
GUESS = math.log(10)


def history(*losses, accuracy=0.5):
    return [EpochRecord(n, loss, accuracy, loss, accuracy, 1.0, 1.0, 0.1) for n, loss in enumerate(losses, start=1)]


def watch(optimizer=None, net=None, labels=LABELS):
    net = net or minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(10)), (1, 8, 8), name="net")
    return LearningWatch(net, optimizer or SGD(), labels, 128, 1000)


def test_the_loss_of_a_constant_guess_is_the_entropy_of_the_frequencies():
    loss, accuracy = constant_guess(np.array([0, 0, 0, 4]))
    assert (loss, accuracy) == (pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)), 0.75)
    assert constant_guess(LABELS) == (pytest.approx(GUESS), pytest.approx(0.1))


@pytest.mark.parametrize(
    "losses", [[GUESS] * 15, [2.29] * 15, [5.0] * 15, [0.5] * 10 + [2.31] * 5], ids=["constant", "noise", "above", "lost"]
)
def test_a_loss_no_lower_than_that_of_a_guess_is_noticed_whatever_the_accuracy(losses):
    line = watch().look(history(*losses))
    assert line == (
        f"net has not learnt: its training loss is {losses[-1]:.3f} after 15 epochs, and that of a constant guess 2.303;"
        f" try adam with a learning rate of 0.003 or a smaller learning rate, such as 0.005"
    )
    assert watch().verdict(history(*losses)) == line


def test_it_is_said_once_and_not_before_there_were_enough_updates():
    looking, losses = watch(), []
    said = [looking.look(history(*losses)) for _ in range(20) if not losses.append(GUESS)]
    assert [n for n, line in enumerate(said, start=1) if line] == [10]
    assert looking.told


def test_few_updates_are_judged_at_the_end_and_by_the_answers_as_well():
    assert watch().verdict(history(2.5)) is None  # 10 updates: nobody learns from so few
    assert watch().verdict(history(2.6, 2.4, accuracy=0.4)) is None  # the mean over an epoch that began far above
    assert "try more epochs, adam with " in watch().verdict(history(2.4, 2.4, accuracy=0.11))


def test_a_loss_that_stays_where_it_is_far_from_the_end_is_noticed():
    line = watch().verdict(history(2.0, 1.7, *[1.62] * 13))
    assert line.startswith("net has stopped learning: its training loss is 1.620, hardly lower than 10 epochs ago, and 2.303 is that of a ")
    assert line.endswith(" or a larger network")
    assert watch().verdict(history(*[0.3] * 15)) is None  # it has arrived
    assert watch().verdict(history(*np.linspace(2.0, 1.3, 15))) is None  # it still falls
    assert watch().look(history(2.0, 1.7, *[1.62] * 13)) is None  # the rest of a schedule may help


def test_frequent_classes_lower_the_loss_of_a_guess():
    mostly = np.where(np.arange(1280) % 100, 0, 1)  # a guess has 0.056, which is no sign of learning
    assert watch(labels=mostly).verdict(history(*[0.056] * 15, accuracy=0.99)) is not None
    assert watch(labels=mostly).verdict(history(*[0.02] * 15, accuracy=0.99)) is None
    assert watch(labels=np.zeros(1280, int)).verdict(history(*[0.0] * 15, accuracy=1.0)) is None  # with one class there is nothing to learn


@pytest.mark.parametrize("labels", [np.zeros(1280), np.zeros(1280, np.int64)], ids=["numbers", "one class"])
def test_a_loss_that_has_no_guess_to_be_held_against_is_not_judged(labels):
    assert watch(labels=labels).verdict(history(*[1.0] * 14, 1.01)) is None


def test_what_to_try_follows_from_what_was_tried():
    stuck = history(*[GUESS] * 15)
    assert watch(SGD(learning_rate=1e-9)).look(stuck).endswith("try adam with a learning rate of 0.003 or a learning rate above 1e-09")
    assert watch(Adam(learning_rate=0.003)).look(stuck).endswith("; try a smaller learning rate, such as 0.0003")
    lenet = minicnn.zoo.build("lenet")
    assert "try its recipe, sgd with a learning rate of 0.05 or" in watch(Adam(), lenet).look(stuck)
    deep = minicnn.Graph(L.Sequential(*(L.Conv2D(2, 3, padding=1) for _ in range(6)), L.Flatten(), L.Linear(10)), (1, 8, 8))
    assert watch(net=deep).look(stuck).endswith(" or batch normalization")


def stuck_fit(**more):
    digits = datasets.load("digits")
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(10)), (1, 8, 8), name="net")
    return Trainer(net, SGD(learning_rate=1e-9)).fit(digits, epochs=14, progress=False, **more)


def test_fit_warns_where_it_is_called_and_keeps_the_line():
    with pytest.warns(LearningWarning, match=r"^net has not learnt: its training loss is .* after 9 epochs") as caught:
        brought = stuck_fit()
    assert [warning.filename for warning in caught] == [__file__]
    assert issubclass(LearningWarning, MinicnnWarning)
    assert brought.warning.startswith("net has not learnt: ")
    assert repr(brought).splitlines()[-1] == brought.warning
    assert " after 14 epochs" in brought.warning


def test_fit_of_a_network_that_learns_warns_of_nothing(small_net, digits, test_digits):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Trainer(small_net(), batch_size=32).fit(digits, test_digits, epochs=5).warning is None
    assert caught == []
