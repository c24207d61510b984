"""What torchvision and timm call the arrays of the networks that we share: every name and every shape, and back."""

import pytest

from minicnn import layers as L
from minicnn import zoo
from minicnn.exchange.weights import NAMINGS, names_of, naming_for
from minicnn.exchange.weights.names import OWN
from minicnn.network import Graph
from tests.exchange import torch_networks

SHARED = [(naming, ours, theirs) for naming in NAMINGS for ours, theirs in naming.networks.items()]


def as_there(naming, node_names, slot):
    """The shape of an array there, whose fully connected layers may be convolutions over a whole map."""
    layer = slot.name.rpartition(".")[0]
    if layer in naming.convolutions and len(slot.shape) == 2:
        return (slot.shape[0], 512, 7, 7) if layer == naming.convolutions[0] else (*slot.shape, 1, 1)
    return slot.shape


@pytest.mark.parametrize(("naming", "ours", "theirs"), SHARED, ids=[f"{naming.library}-{ours}" for naming, ours, _ in SHARED])
def test_every_name_and_shape(naming, ours, theirs):
    net = zoo.build(ours)
    names = names_of(net.topology, naming)
    there = {
        name: shape for name, shape in torch_networks.shapes(naming.library, theirs).items() if not name.startswith(naming.left_out or "\0")
    }
    assert {names[slot.name]: as_there(naming, names, slot) for slot in net.slots} == there


def test_a_library_has_the_networks_it_has():
    assert naming_for("resnet18", zoo.build("resnet18").topology, "torchvision") is not None
    assert naming_for("resnet200", zoo.build("resnet200").topology, "timm") is not None
    assert naming_for("resnet200", zoo.build("resnet200").topology, "torchvision") is None
    assert naming_for("lenet", zoo.build("lenet").topology, "torchvision") is None
    assert naming_for("lenet", zoo.build("lenet").topology, "minicnn") is OWN


def test_places_in_a_sequential():
    net = Graph(L.Sequential(L.Conv2D(2, 3), L.ReLU(), L.Flatten(), L.Linear(3)), (1, 5, 5))
    names = names_of(net.topology, next(each for each in NAMINGS if each.library == "torch.nn.Sequential"))
    assert names == {"conv1.weight": "0.weight", "conv1.bias": "0.bias", "fc1.weight": "3.weight", "fc1.bias": "3.bias"}


def test_a_layer_without_a_rule_has_no_names():
    net = Graph(L.Sequential(L.Conv2D(2, 3, name="eye"), L.Flatten(), L.Linear(3)), (1, 5, 5))
    assert names_of(net.topology, NAMINGS[0]) is None


def test_networks_that_a_library_lacks_though_their_arrays_would_fit():
    """All of the zoo whose names and shapes are those of a network that the library has, and whose layers are others."""
    zoos = {entry.name: entry.build().topology for entry in zoo.entries()}
    arrays = {name: [(slot.name, slot.shape) for slot in topology.slots] for name, topology in zoos.items()}
    layers = {name: [node.layer for node in topology.nodes] for name, topology in zoos.items()}
    found = {
        (naming.library, ours): theirs
        for naming in NAMINGS
        for theirs in naming.networks
        for ours in zoos.keys() - naming.networks.keys()
        if arrays[ours] == arrays[theirs] and layers[ours] != layers[theirs] and names_of(zoos[ours], naming) is not None
    }
    assert found == {(naming.library, ours): theirs for naming in NAMINGS for ours, (theirs, _) in naming.unlike.items()}
