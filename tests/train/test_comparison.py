"""Runs side by side: names that tell them apart, settings that differ, curves of several seeds."""

from pathlib import Path

import pytest

from minicnn.train import RunSettings
from minicnn.train.comparison import Contender, EpochLine, PastRun, differences, short_names


def past(losses, **given):
    settings = RunSettings.completed({"network": "lenet", **given}, 100)
    lines = tuple(EpochLine(n, loss, 0.5, loss, {"accuracy": 1 - loss}, 1.0, 0.1) for n, loss in enumerate(losses, 1))
    return PastRun(Path("run"), settings, 10, "cpu", "test", lines, {"accuracy": 1 - losses[-1]}, losses[-1], True)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/a", "runs/b"], ["a", "b"]),
        (["one/x", "two/x", "y"], ["one/x", "two/x", "y"]),
        (["a/set/seed-0", "b/set/seed-0"], ["a/set/seed-0", "b/set/seed-0"]),
        (["x", "x/"], ["x", "x"]),
    ],
)
def test_names_are_as_short_as_tells_them_apart(paths, names):
    assert short_names(paths) == names


def test_of_optimizers_that_differ_the_names_are_enough_and_of_one_its_settings():
    sgd, adam = Contender("a", (past([0.5], optimizer="sgd"),)), Contender("b", (past([0.5], optimizer="adam"),))
    assert set(differences([sgd, adam])) == {"optimizer", "learning_rate", "momentum", "weight_decay"}
    nesterov = Contender("c", (past([0.5], optimizer="sgd", nesterov=True),))
    assert differences([sgd, nesterov]) == {"nesterov": (False, True)}
    smoothed = Contender("d", (past([0.5], optimizer="sgd", label_smoothing=0.1),))
    assert differences([sgd, smoothed]) == {"label_smoothing": (0.0, 0.1)}


def test_seeds_are_one_side_whose_curve_is_their_mean_as_far_as_all_have_come():
    side = Contender("set", (past([0.5, 0.25, 0.125], seed=0), past([0.25, 0.125], seed=1)))
    assert side.curve("loss") == ([1, 2], [0.375, 0.1875])
    assert side.curve("accuracy") == ([1, 2], [0.625, 0.8125])
    assert side.settings()["seed"] == [0, 1]
    assert side.figures()["accuracy"].values == (0.875, 0.875)
