"""The zoo's list: names, sources, and words for a name that is not there."""

import json

import numpy as np
import pytest

from minicnn import zoo
from minicnn.errors import SettingError, ShapeError
from minicnn.network import Graph


def test_names():
    assert {"lenet", "alexnet"} <= set(zoo.names())
    years = [entry.paper.year for entry in zoo.entries()]
    assert years == sorted(years)


@pytest.mark.parametrize("name", zoo.names())
def test_every_entry_builds_and_names_its_source(name):
    entry = zoo.find(name)
    net = entry.build()
    assert net.name == name
    assert net.input_shape == entry.input_shape
    assert entry.source == f"{entry.title}: {entry.paper.authors}, {entry.paper.title}, {entry.paper.year}"
    if len(net.output_shape) == 1:
        assert net.classes == entry.classes


@pytest.mark.parametrize("name", zoo.names())
def test_descriptions_hold_the_whole_network(name):
    net = zoo.build(name)
    again = Graph.from_architecture(json.loads(json.dumps(net.architecture())))
    assert again.block == net.block
    assert again.topology.slots == net.topology.slots


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alexnett", r"^there is no network called 'alexnett' in the zoo: did you mean alexnet"),
        ("LeNet5", r"^there is no network called 'LeNet5' in the zoo: did you mean lenet5-1998 or lenet\?"),
        ("xyz", r"^there is no network called 'xyz' in the zoo, which has \d+\n  'minicnn zoo' lists them all$"),
        (3, r"^there is no network called 3 in the zoo"),
    ],
)
def test_unknown_names(name, words):
    with pytest.raises(SettingError, match=words):
        zoo.build(name)


def test_settings_are_checked():
    with pytest.raises(SettingError, match=r"^lenet: classes is 0, but must be at least 1$"):
        zoo.build("lenet", classes=0)
    with pytest.raises(ShapeError, match=r"^conv2 \('Conv2D', 5x5, padding 0\) needs at least 5 rows, but gets 4\n"):
        zoo.build("lenet", input_shape=(1, 8, 8))


def test_the_seed_draws_the_parameters():
    first, same, other = (zoo.build("lenet", seed=seed).parameter_memory for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_names_in_any_case():
    assert zoo.find("AlexNet") is zoo.find("alexnet")
    assert zoo.build("LeNet").name == "lenet"
