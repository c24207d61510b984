"""Names of nodes and parameters, and networks that are none."""

import pytest

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.graph import INPUT, Topology, ValueRef
from minicnn.graph.wiring import wire
from minicnn.layers import Block, Concat, Conv2D, Layer, Linear, ParameterSpec, ReLU, Residual, Sequential


def names(element, shape=(3, 8, 8)):
    return [node.name for node in Topology.build(element, shape).nodes]


def test_default_names_count_by_kind():
    assert names(Sequential(Conv2D(3, 3), ReLU(), Conv2D(3, 3), ReLU())) == ["conv1", "relu1", "conv2", "relu2"]


def test_default_names_make_way_for_given_ones():
    assert names(Sequential(Conv2D(3, 1), Conv2D(3, 1, name="conv1"), Conv2D(3, 1, name="stem"), Conv2D(3, 1))) == [
        "conv2",
        "conv1",
        "stem",
        "conv3",
    ]


def test_named_blocks_open_a_scope_and_others_do_not():
    block = Sequential(Conv2D(3, 1), Sequential(ReLU()), Sequential(ReLU(), Residual(Conv2D(3, 1), name="unit"), name="stage"), ReLU())
    topology = Topology.build(block, (3, 8, 8))
    assert [node.name for node in topology.nodes] == ["conv1", "relu1", "stage.relu1", "stage.unit.conv1", "stage.unit.add1", "relu2"]
    assert [node.path for node in topology.nodes] == [(), (), ("stage",), ("stage", "unit"), ("stage", "unit"), ()]
    assert [slot.name for slot in topology.slots] == ["conv1.weight", "conv1.bias", "stage.unit.conv1.weight", "stage.unit.conv1.bias"]


def test_the_name_of_the_outermost_block_is_the_networks():
    assert names(Sequential(ReLU(), name="net")) == ["relu1"]


def test_one_layer_is_a_network():
    assert names(Linear(3, name="out"), (5,)) == ["out"]


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (Sequential(ReLU(name="a"), ReLU(name="a")), r"^2 layers are called 'a'\n  give each a name of its own, or none$"),
        (
            Sequential(Sequential(ReLU(), name="a"), Sequential(ReLU(), name="a")),
            r"^two blocks are called 'a'\n  give one of them another name$",
        ),
        (Sequential(), r"^a network needs at least one layer$"),
    ],
)
def test_networks_that_are_none(element, words):
    with pytest.raises(GraphError, match=words):
        Topology.build(element, (3, 8, 8))


class Split(Layer):
    """Half of the channels each."""

    kernel = "split"
    stem = "split"
    output_count = 2

    def output_shapes(self, where, inputs):
        ((channels, *space),) = inputs
        return (channels // 2, *space), (channels - channels // 2, *space)


class Crossed(Block):
    """Split, work on one half, put the halves back the other way round."""

    def wire(self, wiring, *values):
        left, right = wiring.place(Split(), *values)
        return wiring.place(Concat(Sequential(), Sequential()).join(), right, *wiring.place(ReLU(), left))


def test_several_outputs_of_a_node():
    topology = Topology.build(Crossed(), (5, 8, 8))
    split, relu, concat = topology.nodes
    assert split.inputs == (INPUT,)
    assert split.output_shapes == ((2, 8, 8), (3, 8, 8))
    assert relu.inputs == (ValueRef(0, 0),)
    assert concat.inputs == (ValueRef(0, 1), ValueRef(1, 0))
    assert concat.output_shapes == ((5, 8, 8),)
    assert topology.name_of(ValueRef(0, 1)) == "split1:1"


def test_several_outputs_of_a_network():
    topology = Topology.build(Split(), (5, 8, 8))
    assert topology.output_shapes == ((2, 8, 8), (3, 8, 8))


def test_a_layer_that_breaks_its_promise():
    class Short(Split):
        def output_shapes(self, where, inputs):
            return inputs

    with pytest.raises(GraphError, match=r"^split1 \('Short'\) declares 2 outputs, but gives shapes for 1$"):
        Topology.build(Short(), (5, 8, 8))


def test_parts_in_each_other_twice_are_counted_wherever_they_stand():
    part = L.ReLU()
    for _ in range(22):
        part = L.Sequential(part, part)
    with pytest.raises(GraphError, match=r"^a network has at most 8,192 layers and blocks, nested at most 100 deep$"):
        wire(part)


@pytest.mark.parametrize("block", [L.Sequential, L.Residual, L.Skip])
def test_every_network_that_is_wired_can_be_described_and_built_again(block):
    part = L.ReLU()
    for _ in range(99):
        part = block(part)
    assert wire(L.build(L.describe(part))) == wire(part)
    with pytest.raises(GraphError, match="nested at most 100 deep"):
        wire(block(part))


def test_a_named_block_in_very_many_places():
    block = L.Sequential(L.ReLU(), name="tower")
    steps, _ = wire(L.Sequential(*[block] * 4000))
    assert steps[-1].name == "tower4000.relu1"


@pytest.mark.parametrize(
    ("rule", "answer", "words"),
    [
        ("output_shapes", None, "output_shapes gives None, but must give a tuple of shapes"),
        ("output_shapes", (3, 3), r"output_shapes gives \(3, 3\), but must give"),
        ("output_shapes", ((3, 1.5),), "shapes of whole numbers"),
        ("parameters", ParameterSpec("slope", (3,), 1), r"parameters gives ParameterSpec\(name='slope'"),
        ("parameters", (("slope", (3,), 1),), "must give a tuple of ParameterSpec"),
    ],
)
def test_a_rule_of_a_layer_that_gives_something_else(rule, answer, words):
    layer = type("Own", (Layer,), {rule: lambda *_: answer}, registered=False)
    with pytest.raises(GraphError, match=words):
        Topology.build(layer(), (5, 8, 8))


class OneValue(Block, registered=False):
    def wire(self, wiring, value):
        return value


class Nothing(Block, registered=False):
    def wire(self, wiring, value):
        wiring.place(ReLU(), value)


class Tuples(Block, registered=False):
    def wire(self, wiring, value):
        return wiring.place(ReLU(), wiring.place(ReLU(), value))


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (OneValue(), "^wire of OneValue returns something else than a tuple of values"),
        (Nothing(name="own"), "^wire of own .* returns something else than a tuple of values"),
        (Tuples(), r"^place\(ReLU\(\), \.\.\.\) is given something else than a tuple of values"),
    ],
)
def test_a_block_that_is_wired_with_something_else(block, words):
    for element in (block, Sequential(block)):
        with pytest.raises(GraphError, match=words):
            wire(element)
