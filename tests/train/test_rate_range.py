"""The learning rate range test: what it reads from a curve, and that it leaves the trainer alone."""

import math

import numpy as np
import pytest

import minicnn
from minicnn import datasets, zoo
from minicnn.errors import SettingError
from minicnn.optimizers import SGD
from minicnn.train.rate_range import DIVERGED, SMOOTHING, rate_curve

RATES = np.geomspace(1e-4, 1, 41)


def valley(rate):
    """Flat, falling from 1e-3, lowest at 1e-1, then breaking away."""
    place = math.log10(rate)
    return 2.0 - max(0.0, min(1.0, (place + 3) / 2)) + (100 * (place + 1) if place > -0.9 else 0)


def test_a_valley_is_read():
    found = rate_curve(RATES, valley)
    assert found.diverged
    assert 1e-3 < found.steepest < found.lowest
    assert found.lowest == pytest.approx(0.12, rel=0.3)
    assert found.suggestion == found.lowest / 10


def test_losses_are_smoothed_without_the_pull_of_the_first_zero():
    """By hand: the first is itself, the second a weighted mean of both."""
    losses = iter([4.0, 1.0, 1.0])
    found = rate_curve(RATES[:3], lambda _: next(losses))
    assert found.losses[0] == pytest.approx(4.0)
    assert found.losses[1] == pytest.approx((SMOOTHING * 4.0 + 1.0) / (1 + SMOOTHING))


def test_it_ends_where_the_loss_is_no_number():
    found = rate_curve(RATES, lambda rate: math.nan if rate > 1e-2 else 1.0)
    assert found.diverged
    assert max(found.rates) <= 1e-2
    with pytest.raises(SettingError, match=r"^find_rate: the loss is no longer a number at 0\.0001, the lowest rate"):
        rate_curve(RATES, lambda _: math.nan)
    assert DIVERGED > 1


def test_the_network_and_the_training_stay_as_they_are():
    data = datasets.load("digits")
    trainer, other = (minicnn.Trainer(zoo.build("lenet"), SGD(0.05), batch_size=256, ema=0.9, accumulate=2) for _ in range(2))
    for each in (trainer, other):
        each.fit(data, epochs=1)
    before = trainer.net.parameter_memory.copy()
    first, second = (trainer.find_rate(data, updates=40) for _ in range(2))
    assert first == second
    assert 1e-4 < first.suggestion < 1
    np.testing.assert_array_equal(trainer.net.parameter_memory, before)
    for each in (trainer, other):
        each.fit(data, epochs=1)
    np.testing.assert_array_equal(trainer.net.parameter_memory, other.net.parameter_memory)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lowest": 0}, "lowest is 0, but must be a number above 0"),
        ({"lowest": 1.0, "highest": 0.5}, "highest is 0.5, but must be a number above 1"),
        ({"updates": 3}, "updates is 3, but must be"),
    ],
)
def test_what_cannot_be_tested_is_refused(given, words):
    with pytest.raises(SettingError, match=f"^find_rate: {words}"):
        minicnn.Trainer(zoo.build("lenet")).find_rate(datasets.load("digits"), **given)
