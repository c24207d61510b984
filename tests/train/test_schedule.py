"""Learning rates over time, as numbers."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.train import (
    SCHEDULES,
    Constant,
    Cosine,
    CosineRestarts,
    EpochRecord,
    Halving,
    Milestones,
    OneCycle,
    Plateau,
    Schedule,
    Step,
    WarmedUp,
    schedule,
)


def epochs(*losses, test=True):
    return [EpochRecord(n, loss, 0.0, loss if test else None, 0.0, 1.0, 1.0, 0.1) for n, loss in enumerate(losses, 1)]


def test_constant():
    assert [Constant().factor(epoch, 0.5, 10, []) for epoch in (1, 5, 10)] == [1, 1, 1]


def test_step_divides_by_ten_after_each_third():
    assert [Step().factor(epoch, 0.9, 9, []) for epoch in range(1, 10)] == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_milestones_divide_by_ten_after_half_and_three_quarters():
    assert [Milestones().factor(epoch, 0, 8, []) for epoch in range(1, 9)] == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    assert Milestones().factor(2, 0.25, 2, []) == pytest.approx(0.1)
    assert Milestones().factor(2, 0.5, 2, []) == pytest.approx(0.01)


def test_halving_halves_after_each_fifth():
    assert [Halving().factor(epoch, 0.9, 10, []) for epoch in (1, 2, 3, 5, 7, 10)] == [1, 1, 0.5, 0.25, 0.125, 0.0625]


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


def test_plateau_with_a_threshold_wants_the_loss_to_fall_by_that_share():
    def factor(*losses):
        return Plateau(patience=1, threshold=0.1).factor(len(losses) + 1, 0, 99, epochs(*losses))

    assert factor(1.0, 0.89) == 1
    assert factor(1.0, 0.91) == pytest.approx(0.1)
    assert factor(1.0, 0.91, 0.895) == pytest.approx(0.1)  # slowly, against the best that counted


def test_cosine_restarts_begins_anew_after_cycles_that_grow():
    """Seven epochs: cycles of one, two and four."""
    rule = CosineRestarts(cycles=3, growth=2)
    values = {(1, 0): 1, (1, 0.5): 0.5, (2, 0): 1, (3, 0): 0.5, (4, 0): 1, (5, 0): 0.853553, (6, 0): 0.5, (7, 1): 0}
    for (epoch, part), value in values.items():
        assert rule.factor(epoch, part, 7, []) == pytest.approx(value, abs=1e-6)
    assert CosineRestarts(cycles=1).factor(3, 0.25, 9, []) == pytest.approx(Cosine().factor(3, 0.25, 9, []))


def test_one_cycle_rises_and_falls():
    rule = OneCycle()
    values = {(1, 0): 1 / 25, (2, 0.5): (1 / 25 + 1) / 2, (4, 0): 1, (7, 0.5): 0.5, (10, 1): 1 / 25e4}
    for (epoch, part), value in values.items():
        assert rule.factor(epoch, part, 10, []) == pytest.approx(value, abs=3e-6)


def test_one_cycle_is_that_of_torch():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    steps = 101  # the last of PyTorch's steps is our end
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps, pct_start=31 / 101)
    for step in range(steps):
        ours = OneCycle(rising=0.3).factor(1 + step // 10, step % 10 / 10, 10, [])
        assert ours == pytest.approx(theirs.get_last_lr()[0], rel=1e-6, abs=1e-9), step
        optimizer.step()
        theirs.step()


def test_warm_up_multiplies_any_schedule_batch_by_batch():
    rule = schedule("cosine", warmup=2)
    assert rule == WarmedUp(Cosine(), 2)
    for (epoch, part), rise in {(1, 0): 0.01, (1, 0.5): 0.2575, (2, 0): 0.505, (3, 0): 1, (5, 0.5): 1}.items():
        assert rule.factor(epoch, part, 10, []) == pytest.approx(rise * Cosine().factor(epoch, part, 10, []))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Plateau(patience=0), "Plateau: patience is 0, but must be a number, at least 1"),
        (lambda: Plateau(threshold=1), "Plateau: threshold is 1, but must be a number, at least 0 and below 1"),
        (lambda: CosineRestarts(cycles=0), "CosineRestarts: cycles is 0, but must be a number, at least 1"),
        (lambda: OneCycle(rising="x"), "OneCycle: rising is 'x', but must be a number"),
        (lambda: schedule("cosine", -1), "WarmedUp: over is -1, but must be a number, at least 0"),
    ],
)
def test_settings_of_schedules_out_of_range(make, words):
    with pytest.raises(SettingError, match=f"^{words}"):
        make()


def test_by_name():
    for name, kind in SCHEDULES.items():
        assert isinstance(schedule(name), kind)
        assert issubclass(kind, Schedule)
    mine = Plateau(patience=5)
    assert schedule(mine) is mine
    with pytest.raises(
        SettingError,
        match=r"^schedule 'cosin' is not one of constant, step, milestones, halving, plateau, cosine(, [\w-]+)*: did you mean cosine or cosine-restarts\?$",
    ):
        schedule("cosin")
    with pytest.raises(
        SettingError, match=r"^schedule 'linear' is not one of constant, step, milestones, halving, plateau, cosine(, [\w-]+)*$"
    ):
        schedule("linear")


@pytest.mark.parametrize("factor", [None, "half", -1.0])
def test_a_factor_that_is_no_number_is_refused(factor):
    trainer = minicnn.Trainer(minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(2)), (1, 2, 2)))
    own = type("Odd", (Schedule,), {"factor": lambda *_: factor, "__module__": __name__})
    data = np.zeros((4, 1, 2, 2), np.float32), np.zeros(4, np.int64)
    with pytest.raises(SettingError, match=f"^schedule Odd: factor is {factor!r} in epoch 1, but must be a number, at least 0$"):
        trainer.fit(data, epochs=1, schedule=own())
