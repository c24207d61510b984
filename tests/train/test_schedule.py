"""Learning rates over time, as numbers."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.train import SCHEDULES, Constant, Cosine, EpochRecord, Plateau, Schedule, Step, schedule


def epochs(*losses, test=True):
    return [EpochRecord(n, loss, 0.0, loss if test else None, 0.0, 1.0, 1.0, 0.1) for n, loss in enumerate(losses, 1)]


def test_constant():
    assert [Constant().factor(epoch, 0.5, 10, []) for epoch in (1, 5, 10)] == [1, 1, 1]


def test_step_divides_by_ten_after_each_third():
    assert [Step().factor(epoch, 0.9, 9, []) for epoch in range(1, 10)] == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_cosine_falls_from_one_to_zero():
    assert Cosine().factor(1, 0.0, 10, []) == 1
    assert Cosine().factor(6, 0.0, 10, []) == pytest.approx(0.5)
    assert Cosine().factor(10, 1.0, 10, []) == pytest.approx(0)
    factors = [Cosine().factor(epoch, part, 3, []) for epoch in (1, 2, 3) for part in (0, 0.5)]
    assert factors == sorted(factors, reverse=True)


@pytest.mark.parametrize("test", [True, False])
def test_plateau_divides_where_the_loss_has_not_fallen(test):
    def factor(*losses):
        return Plateau(patience=2).factor(len(losses) + 1, 0, 99, epochs(*losses, test=test))

    assert factor() == 1
    assert factor(3, 2, 2) == 1
    assert factor(3, 2, 2, 2) == pytest.approx(0.1)
    assert factor(3, 2, 2, 2, 1) == pytest.approx(0.1)
    assert factor(3, 2, 2, 2, 2, 2) == pytest.approx(0.01)


def test_by_name():
    for name, kind in SCHEDULES.items():
        assert isinstance(schedule(name), kind)
        assert issubclass(kind, Schedule)
    mine = Plateau(patience=5)
    assert schedule(mine) is mine
    with pytest.raises(
        SettingError, match=r"^schedule 'cosin' is not one of constant, step, plateau, cosine(, \w+)*: did you mean cosine\?$"
    ):
        schedule("cosin")
    with pytest.raises(SettingError, match=r"^schedule 'linear' is not one of constant, step, plateau, cosine(, \w+)*$"):
        schedule("linear")


@pytest.mark.parametrize("factor", [None, "half", -1.0])
def test_a_factor_that_is_no_number_is_refused(factor):
    trainer = minicnn.Trainer(minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(2)), (1, 2, 2)))
    own = type("Odd", (Schedule,), {"factor": lambda *_: factor, "__module__": __name__})
    data = np.zeros((4, 1, 2, 2), np.float32), np.zeros(4, np.int64)
    with pytest.raises(SettingError, match=f"^schedule Odd: factor is {factor!r} in epoch 1, but must be a number, at least 0$"):
        trainer.fit(data, epochs=1, schedule=own())
