"""Recipes: whole, of networks that can be trained, and true: the networks that take seconds are trained by theirs, from three seeds.

All of them: `minicnn recipes --check --data-dir FOLDER`.
"""

from __future__ import annotations

import pytest

import minicnn
from minicnn import datasets, zoo
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.losses.base import build_loss
from minicnn.train import SCHEDULES
from minicnn.zoo.trial import Trial, attempt

WITH_RECIPE = [entry for entry in zoo.entries() if entry.recipe]
IN_SECONDS = ("lenet", "lenet5-1998", "lenet-d2l", "highway", "mnist1d-cnn", "mnist1d-mlp")


@pytest.mark.parametrize("entry", WITH_RECIPE, ids=lambda entry: entry.name)
def test_a_recipe_says_everything(entry):
    assert entry.recipe.schedule in SCHEDULES
    assert entry.recipe.outcomes
    assert len({outcome.data for outcome in entry.recipe.outcomes}) == len(entry.recipe.outcomes)
    for outcome in entry.recipe.outcomes:
        assert outcome.data in datasets.names()
        low, high = outcome.accuracy
        assert 0.3 < low <= high < 1
        shape = (1, *(outcome.size or entry.input_shape[1:]))
        assert (build_loss(entry.recipe.loss) if entry.recipe.loss else SoftmaxCrossEntropy()).classes(
            entry.build(10, shape).output_shape
        ) == 10


def test_every_classifier_of_small_images_has_a_recipe():
    small = [entry.name for entry in zoo.entries() if entry.classes and max(entry.input_shape[1:]) <= 40]
    assert sorted(set(small) - {entry.name for entry in WITH_RECIPE}) == ["wrn-28-10"]  # 5,243,328,768 MACs


@pytest.mark.parametrize("name", IN_SECONDS)
def test_the_recipe_holds_what_it_promises(name):
    entry = zoo.find(name)
    outcome = entry.recipe.outcomes[0]
    trial = attempt(entry, outcome, datasets.load(outcome.data), datasets.load(outcome.data, "test"))
    assert len(trial.accuracies) == 3
    assert trial.holds, (trial.accuracies, trial.floor)


def test_a_trial_holds_down_to_what_chance_explains():
    outcome = zoo.find("lenet").recipe.outcomes[0]
    trial = Trial("lenet", zoo.find("lenet").recipe, outcome, (0.99, 0.99, 0.99), 359, 1.0)
    assert trial.holds
    assert outcome.accuracy[0] - 0.03 < trial.floor < outcome.accuracy[0] - 0.01
    assert not trial._replace(accuracies=(0.99, trial.floor - 0.001, 0.99)).holds


def test_a_network_of_the_zoo_knows_its_recipe_and_so_does_its_copy():
    import copy

    net = zoo.build("lenet")
    assert net.recipe is zoo.find("lenet").recipe
    assert copy.deepcopy(net).recipe == net.recipe
    assert zoo.build("alexnet").recipe is None
    assert minicnn.Graph(net.block, net.input_shape).recipe is None
