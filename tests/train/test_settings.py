"""Settings: completed by defaults, kept when a run is resumed, read back with suspicion."""

import json

import pytest

from minicnn.errors import CheckpointError, SettingError
from minicnn.optimizers import OPTIMIZERS, SGD, USUAL, Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.train import SCHEDULES, RunSettings
from minicnn.train import settings as module

LENET = {"network": "lenet", "optimizer": "sgd"}


def test_defaults_of_sgd():
    settings = RunSettings.completed({**LENET, "augment": None}, train_images=60_000)
    assert settings == RunSettings(
        "lenet",
        "digits",
        None,
        module.DEFAULT_EPOCHS,
        module.DEFAULT_BATCH_SIZE,
        "sgd",
        SGD.learning_rate,
        0.9,
        5e-4,
        "cosine",
        "",
        0.0,
        0,
        optimizer_settings={"nesterov": False},
    )
    assert settings.make_optimizer() == module.DEFAULT_OPTIMIZERS["sgd"] == SGD(weight_decay=5e-4)


@pytest.mark.parametrize("given", [{}, {"optimizer": None}, {"optimizer": "adam"}])
def test_a_network_without_a_recipe_gets_the_optimizer_of_a_trainer_without_settings(given):
    settings = RunSettings.completed({"network": "lenet", **given}, 60_000)
    assert (settings.learning_rate, settings.momentum, settings.weight_decay) == (0.003, None, 0.0)
    assert settings.make_optimizer() == USUAL


RECIPE = Recipe(
    Adam(learning_rate=0.02, weight_decay=1e-3), (Outcome("mnist1d", 7, (0.5, 0.6)), Outcome("digits", 9, (0.5, 0.6), (8, 8))), "step", 16
)


ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def test_a_recipe_fills_in_what_is_not_said():
    settings = RunSettings.completed({"network": "net"}, 100, RECIPE)
    assert settings == RunSettings("net", "mnist1d", None, 7, 16, "adam", 0.02, None, 1e-3, "step", "", 0.0, 0, optimizer_settings=ADAM)
    on_digits = RunSettings.completed({"network": "net", "data": "digits"}, 100, RECIPE)
    assert (on_digits.epochs, on_digits.size, on_digits.image_size) == (9, "8x8", (8, 8))
    untried = RunSettings.completed({"network": "net", "data": "mnist"}, 60_000, RECIPE)
    assert (untried.epochs, untried.size, untried.learning_rate) == (module.DEFAULT_EPOCHS, None, 0.02)


def test_what_is_said_wins_over_the_recipe():
    said = {"network": "net", "epochs": 3, "batch_size": 99, "learning_rate": 0.5, "schedule": "constant", "weight_decay": 0.0}
    settings = RunSettings.completed(said, 100, RECIPE).to_json()
    assert {name: settings[name] for name in said} == said
    other = RunSettings.completed({"network": "net", "optimizer": "sgd"}, 100, RECIPE)  # the recipe's rate is not one for this
    assert other.make_optimizer() == module.DEFAULT_OPTIMIZERS["sgd"]


def test_few_images_get_more_epochs():
    assert RunSettings.completed(LENET, module.FEW_IMAGES - 1).epochs == module.DEFAULT_EPOCHS_OF_FEW_IMAGES
    assert RunSettings.completed(LENET, module.FEW_IMAGES).epochs == module.DEFAULT_EPOCHS
    assert RunSettings.completed({**LENET, "epochs": 3}, 10).epochs == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"optimizer": "adam", "momentum": 0.5},
            r"^momentum is a setting of sgd and rmsprop, but the optimizer is adam\n  leave it out, or choose",
        ),
        ({"learning_rate": float("nan")}, r"^SGD: learning_rate is nan"),
        ({"weight_decay": -1.0}, r"^SGD: weight_decay is -1.0"),
        ({"augment": "rotato"}, r"^augment 'rotato' is not known"),
        ({"optimizer": "adam", "nesterov": True}, r"^nesterov is a setting of sgd, but the optimizer is adam\n  leave it out, or choose"),
        ({"patience": 3}, r"^patience needs images that are not trained on\n  use --validation 0.1, or leave out --patience"),
        ({"ema": 1.5}, r"^Trainer: ema is 1.5, but must be a number above 0 and below 1"),
        ({"decay": "biases"}, r"^SGD: decay is 'biases', but must be 'all' or 'weights'"),
    ],
)
def test_settings_that_do_not_fit(given, words):
    with pytest.raises(SettingError, match=words):
        RunSettings.completed({**LENET, **given}, 100)


def test_augmentation_is_spelled_in_one_way():
    assert RunSettings.completed({**LENET, "augment": "flip,  shift"}, 100).augment == "shift=2,flip"


def test_a_run_that_goes_on_keeps_its_settings():
    settings = RunSettings.completed({**LENET, "augment": "shift", "epochs": 5}, 100)
    assert settings.continued({"network": None, "epochs": None}) == settings
    assert settings.continued({"network": "lenet", "augment": "shift=2", "batch_size": 128, "momentum": 0.9}) == settings
    assert settings.continued({"epochs": 9}).epochs == 9
    assert settings.continued({"data_dir": "/elsewhere"}).data_dir == "/elsewhere"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"network": "alexnet"},
            r"^a resumed run keeps its network: it was started with 'lenet', but gets 'alexnet'\n  leave the set",
        ),
        ({"data": "mnist"}, r"keeps its data: it was started with 'digits', but gets 'mnist'"),
        ({"batch_size": 64}, r"keeps its batch size: it was started with 128, but gets 64"),
        ({"seed": 1}, r"keeps its seed: it was started with 0, but gets 1"),
        ({"learning_rate": 0.1}, r"keeps its learning rate: it was started with 0.05, but gets 0.1"),
        ({"optimizer": "adam"}, r"keeps its optimizer: it was started with 'sgd', but gets 'adam'"),
        ({"validation": 0.5}, r"keeps its validation: it was started with 0.0, but gets 0.5"),
        ({"augment": "flip"}, r"keeps its augment: it was started with '', but gets 'flip'"),
        ({"schedule": "step"}, r"keeps its schedule: it was started with 'cosine', but gets 'step'"),
        ({"ema": 0.9}, r"keeps its ema: it was started with None, but gets 0.9"),
        ({"accumulate": 2}, r"keeps its accumulate: it was started with 1, but gets 2"),
        ({"nesterov": True}, r"keeps its optimizer settings: it was started with {'nesterov': False}, but gets {'nesterov': True}"),
        ({"epochs": 4}, r"^a resumed run can only have its epochs raised: it was started for 5, but gets 4$"),
    ],
)
def test_what_contradicts_a_run_is_refused(given, words):
    settings = RunSettings.completed({**LENET, "epochs": 5}, 100)
    with pytest.raises(SettingError, match=words):
        settings.continued(given)


AROUND = {
    "decay": "weights",
    "clip_norm": 1.0,
    "accumulate": 4,
    "ema": 0.99,
    "warmup": 0.5,
    "validation": 0.1,
    "patience": 3,
    "nesterov": True,
}


@pytest.mark.parametrize("given", [{}, {"optimizer": "adam", "data_dir": "/data", "validation": 0.1, "augment": "flip"}, AROUND])
def test_json_brings_them_back(given):
    settings = RunSettings.completed({**LENET, **given}, 100)
    assert RunSettings.from_json(json.loads(json.dumps(settings.to_json())), "run.json") == settings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": "many"}, r"^run: the setting epochs is 'many', but must be a whole number from 1 to 2147483647$"),
        ({"epochs": True}, r"^run: the setting epochs is True"),
        ({"momentum": "x"}, r"momentum is 'x', but must be a finite number, at least 0 and less than 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": -(2**63)}, "batch_size is -9223372036854775808"),
        ({"seed": 2**70}, "seed is 118"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"learning_rate": 10**400}, "learning_rate is 1000"),
        ({"validation": 1.0}, r"validation is 1\.0"),
        ({"momentum": None, "optimizer": "sgd", "weight_decay": -1}, "weight_decay is -1"),
        ({"optimizer": "adam"}, "its settings do not fit"),
        ({"schedule": "never"}, "there is no schedule 'never'"),
        ({"augment": "shift=99999999"}, "its settings do not fit: augment 'shift=99999999' is not known"),
        ({"data_dir": "a\0b"}, "data_dir is 'a"),
        ({"network": "x" * 5000}, "network is 'xxx"),
        ({"size": "8x"}, r"^run: the setting size is '8x', but must be rows"),
        ({"optimizer": "tiger"}, r"^run: there is no optimizer 'tiger'\n  one of your own is known once its class is defined"),
        ({"clip_norm": 0}, "its settings do not fit: Trainer: clip_norm is 0"),
        ({"accumulate": 0}, "accumulate is 0"),
        ({"patience": "x"}, "patience is 'x'"),
        ({"decay": "none"}, "its settings do not fit: SGD: decay is 'none'"),
        ({"optimizer_settings": {"nesterov": 3}}, "its settings do not fit: SGD: nesterov is 3"),
        ({"optimizer_settings": {"momentum": True}}, "its settings do not fit"),
        ({"colour": 1}, r"^run: its settings must be network, data, "),
    ],
)
def test_broken_json(change, words):
    values = RunSettings.completed(LENET, 100).to_json() | change
    with pytest.raises(CheckpointError, match=words):
        RunSettings.from_json(values, "run")


@pytest.mark.parametrize("values", [None, [], {}, "lenet"])
def test_what_are_no_settings(values):
    with pytest.raises(CheckpointError, match=r"^run: its settings must be "):
        RunSettings.from_json(values, "run")


def test_every_default_is_one_that_exists():
    assert module.DEFAULT_SCHEDULE in SCHEDULES
    assert {kind for kind, each in OPTIMIZERS.items() if each.__module__.startswith("minicnn.")} == set(module.DEFAULT_OPTIMIZERS)


def test_a_run_begun_before_there_was_a_choice_keeps_the_last_epoch():
    settings = RunSettings.completed({"network": "lenet"}, 100)
    older = {name: value for name, value in settings.to_json().items() if name not in module.BEFORE}
    assert RunSettings.from_json(older, "run").make_optimizer() == settings.make_optimizer()
    assert not settings.chooses
    assert RunSettings.completed({"network": "lenet", "validation": 0.1}, 100).chooses
    assert RunSettings.completed({"network": "lenet", "select_on_test": True}, 100).chooses
