"""A schedule of one's own in one file: a factor on the learning rate for every moment."""

from dataclasses import dataclass

import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.train import Schedule
from minicnn.train.schedule import SCHEDULES


@dataclass(frozen=True)
class WarmUp(Schedule):
    """From 0 to 1 within the first epochs.  Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2."""

    over: int = 2

    def factor(self, epoch, part, epochs, history):
        return min(1.0, (epoch - 1 + part) / self.over)


@pytest.mark.parametrize("setting", [WarmUp(), "warmup"])
def test_a_schedule_of_ones_own_trains(setting):
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(10)), (1, 8, 8))
    trainer = minicnn.Trainer(net)
    history = trainer.fit(datasets.load("digits"), epochs=4, schedule=setting)
    rate = trainer.optimizer.learning_rate
    assert [record.learning_rate for record in history.records] == [0, rate / 2, rate, rate]
    assert history.records[-1].train_loss < history.records[0].train_loss


def test_one_of_the_same_name_from_elsewhere_is_an_error():
    with pytest.raises(SettingError, match=r"^there is already a schedule called cosine, from .*schedule\.py\n  this one is from"):
        type("Cosine", (Schedule,), {})


def test_a_schedule_without_its_factor_is_an_error():
    class Empty(Schedule):
        pass

    del SCHEDULES["empty"]
    with pytest.raises(SettingError, match=r"^Empty has no factor: write it in its class"):
        Empty()
