"""Blocks: what they place and how they connect it."""

import pytest

from minicnn.errors import SettingError
from minicnn.graph import INPUT, Topology, ValueRef
from minicnn.layers import (
    Add,
    Concat,
    Conv2D,
    ConvTranspose2D,
    Highway,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    Tanh,
)


def wired(element, shape=(3, 8, 8)):
    return {node.name: tuple(node.inputs) for node in Topology.build(element, shape).nodes}


def test_sequential_is_a_chain():
    assert wired(Sequential(ReLU(), Sequential(Tanh(), Sequential()), ReLU())) == {
        "relu1": (INPUT,),
        "tanh1": (ValueRef(0),),
        "relu2": (ValueRef(1),),
    }


def test_residual_adds_its_input():
    assert wired(Sequential(ReLU(), Residual(Tanh()))) == {"relu1": (INPUT,), "tanh1": (ValueRef(0),), "add1": (ValueRef(1), ValueRef(0))}


def test_residual_with_a_shortcut():
    block = Residual(Conv2D(6, 3, padding=1, stride=2), shortcut=Conv2D(6, 1, stride=2, name="projection"))
    assert wired(block) == {"projection": (INPUT,), "conv1": (INPUT,), "add1": (ValueRef(1), ValueRef(0))}


def test_concat_and_add_join_their_branches():
    assert wired(Concat(ReLU(), Sequential(), Tanh())) == {
        "relu1": (INPUT,),
        "tanh1": (INPUT,),
        "concat1": (ValueRef(0), INPUT, ValueRef(1)),
    }
    topology = Topology.build(Add(Concat(ReLU(), Tanh()), Conv2D(6, 1)), (3, 8, 8))
    assert topology.output_shapes == ((6, 8, 8),)
    assert topology.nodes[-1].layer.kind() == "Add"


def test_highway_mixes_body_and_input_as_the_gate_says():
    assert wired(Sequential(ReLU(), Highway(Tanh(), Sequential(Conv2D(3, 1), Sigmoid())))) == {
        "relu1": (INPUT,),
        "tanh1": (ValueRef(0),),
        "conv1": (ValueRef(0),),
        "sigmoid1": (ValueRef(2),),
        "gate1": (ValueRef(1), ValueRef(3), ValueRef(0)),
    }


def test_skip_lays_its_input_beside_what_comes_back():
    body = Sequential(MaxPool2D(2), ConvTranspose2D(5, 2, stride=2))
    assert wired(Skip(body, crop=False)) == {"pool1": (INPUT,), "up1": (ValueRef(0),), "concat1": (INPUT, ValueRef(1))}
    topology = Topology.build(Skip(body), (3, 9, 8))
    assert {node.name: node.inputs for node in topology.nodes}["crop1"] == (INPUT, ValueRef(1))
    assert [node.output_shapes[0] for node in topology.nodes] == [(3, 4, 4), (5, 8, 8), (3, 8, 8), (8, 8, 8)]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sequential(ReLU), r"^Sequential: items holds the class ReLU, but needs a layer\n  write ReLU\(...\)$"),
        (lambda: Sequential([ReLU()]), r"^Sequential: items holds \[ReLU\(\)\], .*\n  write \*layers to pass a list of layers$"),
        (lambda: Residual("body"), r"^Residual: body holds 'body', but needs a layer or a block$"),
        (lambda: Residual(ReLU(), shortcut=3), r"^Residual: shortcut holds 3, but needs a layer or a block$"),
        (lambda: Highway(ReLU(), Sigmoid), r"^Highway: gate holds the class Sigmoid, but needs a layer\n  write Sigmoid\(...\)$"),
        (lambda: Skip(ReLU(), crop=1), r"^Skip: crop is 1, but must be True or False$"),
        (lambda: Concat(ReLU()), r"^Concat: needs at least two branches, but gets 1$"),
    ],
)
def test_parts_are_checked_on_construction(make, words):
    with pytest.raises(SettingError, match=words):
        make()


def test_repr_is_what_one_would_type():
    text = "Sequential(Conv2D(6, 3), Residual(ReLU(), shortcut=Sequential()), Add(ReLU(), Tanh()), name='net')"
    block = Sequential(Conv2D(6, 3), Residual(ReLU(), shortcut=Sequential()), Add(ReLU(), Tanh()), name="net")
    assert repr(block) == text
