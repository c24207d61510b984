"""Recipes on the command line: listed, shown where networks are, taken by `train`, checked."""

from __future__ import annotations

import json

import pytest

from minicnn import datasets, zoo
from minicnn.recipe import Outcome
from minicnn.train import augmentation
from minicnn.zoo.trial import attempt

LENET = zoo.find("lenet").recipe


def events(out):
    return [json.loads(line) for line in out.splitlines()]


def test_every_recipe_is_listed(cli, monkeypatch):
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        status, out, err = cli("recipes")
        assert (status, err) == (0, "")
        assert max(map(len, out.splitlines())) <= int(columns)
        out = out[: out.index("alexnet-2012   minicnn train")]  # those with names of their own
        for entry in zoo.entries():
            assert (entry.recipe is not None) == any(line.split()[:1] == [entry.name] for line in out.splitlines())
    records = json.loads(cli("recipes", "--format", "json")[1])
    own = [record for record in records if "recipe" not in record]
    assert len(own) == sum(len(entry.recipe.outcomes) for entry in zoo.entries() if entry.recipe)
    assert [record["recipe"] for record in records[len(own) :]] == list(zoo.RECIPES)
    assert records[0] == {
        "network": "lenet",
        "data": "digits",
        "epochs": 40,
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "decay": "all",
        "schedule": LENET.schedule,
        "warmup": 0.0,
        "batch_size": 128,
        "clip_norm": None,
        "ema": LENET.ema,
        "augment": "",
        "init": None,
        "loss": {},
        "image_size": [28, 28],
        "accuracy": list(LENET.outcomes[0].accuracy),
    }


def test_some_recipes(cli):
    records = json.loads(cli("recipes", "lenet", "highway", "--data", "mnist", "--format", "json")[1])
    assert [(record["network"], record["data"]) for record in records] == [("lenet", "mnist"), ("highway", "mnist")]
    status, _, err = cli("recipes", "alexnet")
    assert (status, err.splitlines()[0]) == (1, "Error: alexnet has no recipe")


def test_the_zoo_and_the_help_of_train_show_them(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    low, high = (f"{100 * share:.1f}" for share in LENET.outcomes[0].accuracy)
    out = cli("zoo")[1]
    assert max(map(len, out.splitlines())) <= 80
    assert f"{low} - {high} %" in out
    records = {record["name"]: record for record in json.loads(cli("zoo", "--format", "json")[1])}
    assert [recipe["data"] for recipe in records["lenet"]["recipes"]] == ["digits", "mnist", "fashion-mnist"]
    assert records["alexnet"]["recipes"] == []
    assert f"digits {low} - {high} % in 40 epochs" in " ".join(cli("train", "--help")[1].split())


def test_train_takes_the_recipe_and_what_the_user_says(cli):
    settings = events(cli("train", "mnist1d-mlp", "--epochs", 1, "--format", "json")[1])[0]["settings"]
    assert (settings["data"], settings["epochs"]) == ("mnist1d", 1)
    assert (settings["optimizer"], settings["learning_rate"], settings["weight_decay"]) == ("sgd", 0.05, 5e-3)
    said = ("--epochs", 1, "--optimizer", "adam", "--batch-size", 500)
    settings = events(cli("train", "mnist1d-mlp", *said, "--format", "json")[1])[0]["settings"]
    assert (settings["optimizer"], settings["learning_rate"], settings["batch_size"]) == ("adam", 0.003, 500)


def test_the_size_of_the_images_belongs_to_the_recipe_and_to_the_run(cli):
    start = events(cli("train", "resnet20", "--epochs", 1, "--out", "run", "--format", "json")[1])[0]
    assert (start["input_shape"], start["settings"]["size"]) == ([1, 8, 8], "8x8")
    status, out, _ = cli("train", "--resume", "run", "--epochs", 2, "--format", "json")
    assert (status, events(out)[0]["input_shape"], events(out)[-1]["epochs"]) == (0, [1, 8, 8], 2)


def test_the_recipe_of_another_network(cli):
    settings = events(cli("train", "lenet", "--recipe", "resnet20", "--epochs", 1, "--format", "json")[1])[0]["settings"]
    theirs = zoo.find("resnet20").recipe
    assert (settings["optimizer"], settings["batch_size"], settings["size"]) == (theirs.optimizer.kind, theirs.batch_size, None)
    status, _, err = cli("train", "lenet", "--recipe", "alexnet")
    assert (status, err.splitlines()[0]) == (1, "Error: alexnet has no recipe")
    assert cli("train", "--resume", "run", "--recipe", "lenet")[0] == 2


@pytest.mark.filterwarnings("ignore:augment flip")  # for digits, which here stand for whatever is trained
@pytest.mark.parametrize("name", zoo.RECIPES)
def test_a_recipe_with_a_name_is_shown_with_its_source_and_taken_by_train(cli, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    recipe = zoo.RECIPES[name]
    out = cli("recipes", name)[1]
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith(f"{name}   minicnn train {recipe.network} --recipe {name}\n")
    assert recipe.source in " ".join(out.split())
    for tried in recipe.tried:
        assert any(line.split()[:3] == [tried.network, tried.outcome.data, str(tried.outcome.epochs)] for line in out.splitlines())
    status, out, err = cli("train", "lenet", "--recipe", name, "--data", "digits", "--epochs", 1, "--format", "json")
    assert status == 0, err
    settings, chosen = events(out)[0]["settings"], recipe.recipe
    for setting in ("schedule", "batch_size", "warmup", "clip_norm", "ema", "augment", "init"):
        assert settings[setting] == (augmentation(chosen.augment).words if setting == "augment" else getattr(chosen, setting))
    assert (settings["optimizer"], settings["learning_rate"]) == (chosen.optimizer.kind, chosen.optimizer.learning_rate)


def test_a_recipe_with_a_name_brings_its_network_and_data(cli):
    start = events(cli("train", "--recipe", "mnist1d-book", "--epochs", 1, "--format", "json")[1])[0]
    assert (start["settings"]["network"], start["settings"]["data"], start["settings"]["schedule"]) == ("mnist1d-cnn", "mnist1d", "halving")
    status, _, err = cli("train", "lenet", "--recipe", "mnist99")
    assert (status, err.splitlines()[0]) == (1, "Error: there is no recipe called 'mnist99': did you mean mnist-99.4?")


def test_train_does_as_the_trial_does_with_a_named_recipe(cli):
    """Its own schedule, average and augmentation included."""
    entry, outcome, recipe = zoo.find("lenet"), Outcome("digits", 2, (0.5, 0.6)), zoo.RECIPES["mnist-99.4"].of("lenet")
    trial = attempt(entry, outcome, datasets.load("digits"), datasets.load("digits", "test"), seeds=(1,), recipe=recipe)
    given = ("--recipe", "mnist-99.4", "--data", "digits", "--epochs", 2, "--seed", 1)
    _, out, _ = cli("train", "lenet", *given, "--quiet", "--format", "json")
    assert events(out)[-1]["test_accuracy"] == trial.accuracies[0]


def test_train_does_as_the_trial_does(cli):
    """So that what is measured is what users get."""
    entry, outcome = zoo.find("lenet"), Outcome("digits", 2, (0.5, 0.6))
    trial = attempt(entry, outcome, datasets.load("digits"), datasets.load("digits", "test"), seeds=(1,))
    _, out, _ = cli("train", "lenet", "--epochs", 2, "--seed", 1, "--quiet", "--format", "json")
    assert events(out)[-1]["test_accuracy"] == trial.accuracies[0]


@pytest.mark.parametrize("holds", [True, False])
def test_check_trains_and_compares(cli, monkeypatch, holds):
    from minicnn.zoo import trial

    def pretend(entry, outcome, train, test, threads, recipe):
        return trial.Trial(entry.name, entry.recipe, outcome, (0.99, 0.99, 0.99 if holds else 0.5), len(test), 1.2)

    monkeypatch.setattr(trial, "attempt", pretend)
    status, out, _ = cli("recipes", "highway", "--check", "--data", "digits")
    assert status == (0 if holds else 1)
    assert out.startswith("highway on digits: 99.0, 99.0, 99.0 % (stated: " if holds else "highway on digits: 99.0, 99.0, 50.0 % (below 9")
    told = json.loads(cli("recipes", "highway", "--check", "--data", "digits", "--format", "json")[1])
    assert (told["network"], told["holds"]) == ("highway", holds)


def test_a_pair_that_does_not_suit_is_told_before_the_start(cli, monkeypatch):
    """And nothing waits for an answer: a pipe would hang."""
    from minicnn.bench import machine
    from minicnn.cli.commands import train

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(machine, "arithmetic_peak", lambda threads: 250e9)
    monkeypatch.setattr(train, "follow", stop)
    status, out, err = cli("train", "alexnet")
    assert (status, out) == (130, "")
    assert err.splitlines()[0].startswith("Warning: alexnet has no recipe for digits, whose images of 1 x 8 x 8 are enlarged to ")
    assert err.splitlines()[1].startswith("  what suits digits: ")
