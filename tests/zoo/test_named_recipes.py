"""Recipes with names of their own: whole, of known networks and data, and found by name."""

import pytest

from minicnn import datasets, zoo
from minicnn.errors import SettingError
from minicnn.initializers import checked
from minicnn.losses.base import build_loss
from minicnn.optimizers.update import checked_update
from minicnn.train import SCHEDULES, augmentation


@pytest.mark.parametrize("named", zoo.RECIPES.values(), ids=lambda named: named.name)
def test_a_recipe_says_everything(named):
    recipe = named.recipe
    assert named.source
    assert named.network in zoo.names()
    assert recipe.schedule in SCHEDULES
    checked_update(recipe.optimizer, recipe.clip_norm, 1, recipe.ema)
    augmentation(recipe.augment)
    assert recipe.init is None or checked("recipe", recipe.init) == recipe.init
    assert not recipe.loss or build_loss(recipe.loss)
    assert not recipe.outcomes  # they are of networks, under `tried`
    assert named.tried
    for tried in named.tried:
        assert tried.network in zoo.names()
        assert tried.outcome.data in datasets.names()
        low, high = tried.outcome.accuracy
        assert 0.1 < low <= high < 1


def test_a_network_gets_its_own_outcomes_and_others_the_epochs_alone():
    book = zoo.RECIPES["mnist1d-book"]
    assert book.of("mnist1d-mlp").outcomes == (book.tried[1].outcome,)
    assert book.of("lenet").on("mnist1d").epochs == 100
    he = zoo.RECIPES["resnet-cifar"]
    assert he.of("resnet20").on("digits").size == (8, 8)
    assert he.of("lenet").on("digits").size is None
    assert (he.of("resnet20").warmup, he.of("resnet110").warmup) == (0.0, 1.0)
    assert he.of("resnet20").epochs == 164


def test_an_unknown_name_is_told_with_those_that_come_close():
    assert zoo.find_recipe("mnist-99.4").network == "small-cnn"
    with pytest.raises(SettingError, match=r"^there is no recipe called 'mnist-99': did you mean mnist-99\.4\?"):
        zoo.find_recipe("mnist-99")
