"""Mistyped verbs, options and choices get what was perhaps meant; the ways to ask for help and for the version."""

import subprocess
import sys

import click
import pytest

import minicnn
from minicnn.cli.main import VERBS, group
from minicnn.cli.mistakes import Choice
from minicnn.errors import near


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sumary", "lenet"), "there is no verb 'sumary': did you mean summary?"),
        (("Train",), "there is no verb 'Train': did you mean train?"),
        (("data", "lst"), "there is no verb 'lst': did you mean list?"),
        (("help", "predit"), "there is no verb 'predit': did you mean predict?"),
        (("help", "train", "lenet"), "train has no verbs of its own: minicnn help train"),
        (("train", "lenet", "--lr", "0.1"), "there is no option --lr: did you mean --learning-rate?"),
        (("train", "lenet", "--epoch", "3"), "there is no option --epoch: did you mean --epochs?"),
        (("train", "lenet", "--colour"), "there is no option --colour"),
        (
            ("train", "lenet", "--optimizer", "adm"),
            "Invalid value for '--optimizer': 'adm' is not one of 'sgd', 'adam', 'adamw', 'rmsprop': did you mean adam or adamw?",
        ),
        (("summary", "lenet", "--format", "md"), "'md' is not one of 'table', 'json', 'csv', 'markdown', 'latex': did you mean markdown?"),
        (("bench", "kernel"), "'kernel' is not one of 'train', 'infer', 'kernels', 'ladder', 'memory', 'starts': did you mean kernels?"),
        (("train", "lenet", "--epochs", "ten"), "Invalid value for '--epochs': 'ten' is not a whole number."),
        (("summary", "lenet", "--width", "half"), "Invalid value for '--width': 'half' is not a number."),
        (("data", "show", "digits", "--split", "tst"), "'tst' is not one of 'train', 'test': did you mean test?"),
    ],
)
def test_what_was_meant(cli, arguments, words):
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: ")
    assert err.splitlines()[-1].endswith(words)


def test_other_names(cli):
    assert "augment 'flp' is not known: did you mean flip?" in cli("train", "lenet", "--augment", "flp")[2]
    assert "no row is called 'lenett': did you mean lenet?" in cli("bench", "--layers", "lenett")[2]


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("lr", "learning-rate"),
        ("wd", "weight-decay"),
        ("bs", "batch-size"),
        ("weight_decay", "weight-decay"),
        ("BATCH", "batch-size"),
        ("learnig-rate", "learning-rate"),
        ("gpu", None),
        ("", None),
        ("x", None),
    ],
)
def test_near(word, first):
    found = near(word, ["batch-size", "learning-rate", "momentum", "weight-decay", "threads"])
    assert found[:1] == ([] if first is None else [first])


def commands(command, context=None):
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command, parent=context)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), context)


def test_every_choice_is_taken_in_any_case_and_says_what_was_meant():
    choices = [parameter.type for command in commands(group) for parameter in command.params if isinstance(parameter.type, click.Choice)]
    assert len(choices) > 10
    assert all(isinstance(each, Choice) for each in choices)


def test_a_choice_and_a_network_in_any_case(cli):
    assert cli("summary", "AlexNet", "--format", "JSON")[0] == 0
    status, out, _ = cli("train", "LeNet", "--epochs", 1, "--quiet", "--optimizer", "Adam")
    assert (status, out.split("; ")[-1]) == (0, "runs/lenet-digits-1\n")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "help"])
def test_help_of_a_verb(cli, verb):
    assert cli("help", verb) == cli(verb, "--help")


def test_help(cli):
    assert cli("help") == cli("--help")
    assert cli("help", "data", "list") == cli("data", "list", "--help")


def test_the_version(cli):
    assert cli("-V") == cli("--version") == (0, f"minicnn, version {minicnn.__version__}\n", "")


def test_as_a_module():
    done = subprocess.run([sys.executable, "-m", "minicnn", "summary", "lenett"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: there is no network called 'lenett' in the zoo: did you mean lenet?")
