"""One layer in several places: names, slots, counts, and places that do not fit each other."""

import pytest

from minicnn.errors import GraphError
from minicnn.graph import Topology, fold, summarize
from minicnn.graph.columns import formula
from minicnn.graph.table import plain_table
from minicnn.layers import BatchNorm2D, Concat, Conv2D, Flatten, Linear, ReLU, Residual, Sequential


def recurrent():
    """A convolution and a linear layer, each in two places, at other depths of nesting."""
    conv, dense, relu = Conv2D(4, 3, padding=1), Linear(6), ReLU()
    return Sequential(
        Conv2D(4, 1), conv, relu, Sequential(Residual(conv), name="stage"), relu, Flatten(), Linear(6), relu, dense, relu, dense, Linear(3)
    )


def siamese():
    tower = Sequential(Conv2D(4, 3), BatchNorm2D(), ReLU(), name="tower")
    return Sequential(Concat(tower, Sequential(ReLU(), tower)), Flatten(), Linear(2))


def test_slots_are_those_of_the_first_place():
    topology = Topology.build(recurrent(), (2, 5, 5))
    nodes = {node.name: node for node in topology.nodes}
    assert [slot.name for slot in topology.slots] == [
        f"{name}.{what}" for name in ("conv1", "conv2", "fc1", "fc2", "fc4") for what in ("weight", "bias")
    ]
    assert nodes["stage.conv1"].slots == nodes["conv2"].slots
    assert (nodes["stage.conv1"].own_slots, nodes["stage.conv1"].shares_with) == ((), nodes["conv2"].index)
    assert (nodes["conv2"].own_slots, nodes["conv2"].shares_with, nodes["relu2"].shares_with) == (nodes["conv2"].slots, None, None)
    assert topology.parameter_count == (2 + 1) * 4 + (36 + 1) * 4 + (100 + 1) * 6 + (6 + 1) * 6 + (6 + 1) * 3


def test_equal_layers_are_two():
    topology = Topology.build(Sequential(Conv2D(4, 3), Conv2D(4, 3)), (4, 8, 8))
    assert [slot.name for slot in topology.slots] == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]


def test_a_block_in_several_places_shares_all_it_has():
    topology = Topology.build(siamese(), (1, 6, 6))
    assert [node.name for node in topology.nodes][:7] == [
        "tower.conv1",
        "tower.bn1",
        "tower.relu1",
        "relu1",
        "tower2.conv1",
        "tower2.bn1",
        "tower2.relu1",
    ]
    assert [slot.name for slot in topology.slots if not slot.trainable] == ["tower.bn1.running_mean", "tower.bn1.running_var"]
    assert topology.buffer_count == 8


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (lambda conv: Sequential(conv, conv, Conv2D(3, 1, name="shared2"), conv), ["shared", "shared3", "shared2", "shared4"]),
        (lambda conv: Sequential(Sequential(conv, name="a"), Sequential(conv, conv, name="b")), ["a.shared", "b.shared", "b.shared2"]),
    ],
    ids=["a number is taken", "in two blocks"],
)
def test_a_named_layer_in_several_places(network, names):
    nodes = Topology.build(network(Conv2D(3, 1, name="shared")), (3, 4, 4)).nodes
    assert [node.name for node in nodes] == names
    assert {slot.name for node in nodes for slot in node.slots if node.name != "shared2"} == {f"{names[0]}.weight", f"{names[0]}.bias"}


def test_another_block_must_not_take_the_name_of_a_second_place():
    tower = Sequential(ReLU(), name="tower")
    with pytest.raises(GraphError, match=r"^two blocks are called 'tower2'"):
        Topology.build(Sequential(tower, tower, Sequential(ReLU(), name="tower2")), (1, 2, 2))


def test_places_that_do_not_fit_each_other():
    conv = Conv2D(4, 3, padding=1)
    with pytest.raises(
        GraphError,
        match=(
            r"^conv3 \('Conv2D', 3x3, padding 1\) is the same layer as conv1, but needs parameters of other shapes\n"
            r"  conv1  input 3 x 6 x 6   weight 4 x 3 x 3 x 3, bias 4\n"
            r"  conv3  input 10 x 6 x 6  weight 4 x 10 x 3 x 3, bias 4\n"
            r"  use a layer of its own for each place, or inputs of one shape$"
        ),
    ):
        Topology.build(Sequential(conv, Conv2D(10, 1), conv), (3, 6, 6))


def test_one_size_of_image_and_another_may_share_filters_but_not_unshared_ones():
    filters, positions = Conv2D(3, 3), Conv2D(3, 3, sharing="unshared")
    assert Topology.build(Sequential(filters, filters), (3, 8, 8)).parameter_count == 84
    with pytest.raises(GraphError, match=r"^conv2 \('Conv2D', .*\) is the same layer as conv1"):
        Topology.build(Sequential(positions, positions), (3, 8, 8))


def test_a_layer_that_does_more_than_to_give_the_logits_starts_as_others_do():
    def inits(*layers):
        return [slot.init for slot in Topology.build(Sequential(*layers), (6,)).slots if slot.name.endswith("weight")]

    dense = Linear(6)
    assert inits(dense, ReLU(), dense) == ["he"]
    assert inits(Linear(6), ReLU(), dense) == ["he", "he/10"]


def test_a_summary_counts_parameters_once():
    summary = summarize(Topology.build(recurrent(), (2, 5, 5)), "net")
    rows = {row.name: row for row in summary.layers}
    again = rows["stage.conv1"]
    assert (again.params, again.params_formula, again.buffers, again.shared_with) == (0, None, 0, "conv2")
    assert (again.macs, again.connections) == (rows["conv2"].macs, rows["conv2"].connections)
    assert formula(again) == "shared with conv2"
    assert rows["conv2"].shared_with is None
    assert summary.totals.params == sum(row.params for row in summary.layers) == sum(share.params for share in summary.by_kind) == 829
    assert summary.training.parameter_bytes == 4 * 829
    assert [row["shared_with"] for row in summary.to_dict()["layers"][:4]] == [None, None, None, "conv2"]
    assert "shared with fc2" in plain_table(summary)


def test_folded_blocks_say_what_they_share():
    whole = summarize(Topology.build(siamese(), (1, 6, 6)), "net")
    first, _, second, *_ = fold(whole, 1).layers
    assert [(row.name, row.params, row.buffers, row.shared_with) for row in (first, second)] == [
        ("tower", 48, 8, None),
        ("tower2", 0, 0, "tower"),
    ]
    (one,) = fold(whole, 0).layers
    assert (one.params, one.shared_with) == (whole.totals.params, None)
