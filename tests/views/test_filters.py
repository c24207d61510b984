"""Filters as they lie on what their layer sees, whatever form the layer stores them in."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, SettingError
from minicnn.views import filter_layers, filters


def test_the_first_convolution_by_default():
    net = minicnn.zoo.build("lenet")
    found = filters(net)
    assert (found.layer, found.kind, found.colour) == ("conv1", "Conv2D", False)
    assert (found.weight == net.parameters["conv1.weight"]).all()


@pytest.mark.parametrize(("channels", "colour"), [(3, True), (1, False), (4, False)])
def test_colour_is_for_filters_of_coloured_pictures(channels, colour):
    net = minicnn.Graph(L.Sequential(L.Conv2D(3, 3, padding=1, padding_mode="reflect"), L.Conv2D(2, 3)), (channels, 8, 8))
    assert filters(net, "conv1").colour is colour
    assert not filters(net, "conv2").colour  # it sees three channels, but not a picture's


def test_a_filter_is_a_copy():
    net = minicnn.zoo.build("lenet")
    before = net.parameters["conv1.weight"].copy()
    filters(net).weight[...] = 0
    assert (net.parameters["conv1.weight"] == before).all()


def test_a_flipped_filter_is_shown_as_it_lies_on_the_picture():
    net = minicnn.Graph(L.Conv2D(1, 3, flip=True), (1, 3, 3))
    x = np.zeros((1, 1, 3, 3), np.float32)
    x[0, 0, 0, 2] = 1
    assert net.forward(x)[0, 0, 0, 0] == filters(net).weight[0, 0, 0, 2]


@pytest.mark.parametrize(("sharing", "tile", "middle"), [("unshared", (4, 2), (2, 1)), ((2, 3), (2, 2), (1, 1)), (2, (2, 2), (1, 1))])
def test_filters_of_a_place(sharing, tile, middle):
    net = minicnn.Graph(L.Conv2D(5, 3, sharing=sharing), (2, 6, 4))
    weight = net.parameters["conv1.weight"]
    found = filters(net)
    assert (found.tile, found.place, found.weight.shape) == (tile, middle, (5, 2, 3, 3))
    assert (filters(net, place=(0, 1)).weight == weight[:, 0, 1]).all()
    with pytest.raises(SettingError, match=r"has filters for \d x \d places, but the place is \(9, 0\)"):
        filters(net, place=(9, 0))


def test_a_fully_connected_layer_has_filters_as_large_as_the_map_it_reads():
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3), L.Flatten(), L.Dropout(0.5), L.Linear(4), L.Linear(3)), (1, 6, 5))
    assert (filters(net, "fc1").weight == net.parameters["fc1.weight"].reshape(4, 2, 4, 3)).all()
    assert filters(net, "fc2").weight.shape == (3, 1, 4)


def test_a_connection_that_is_missing_is_blank():
    net = minicnn.Graph(L.TableConv2D(((0, 2), (1,)), 3), (3, 5, 5))
    weight = filters(net).weight
    assert np.isnan(weight).all(axis=(2, 3)).tolist() == [[False, True, False], [True, False, True]]
    assert (weight[1, 1] == net.parameters["conv1.weight"][2]).all()


def test_a_transposed_convolution_has_a_filter_for_each_output_channel():
    net = minicnn.Graph(L.ConvTranspose2D(6, 2, stride=2, groups=2), (4, 3, 3))
    weight = net.parameters["up1.weight"]  # (4, 3, 2, 2)
    found = filters(net).weight
    assert found.shape == (6, 2, 2, 2)
    assert (found[4, 1] == weight[3, 1]).all()  # output 4 is the second of group 1, whose inputs are 2 and 3


def test_signals_and_volumes():
    assert filters(minicnn.Graph(L.Conv1D(2, 3), (1, 9))).weight.shape == (2, 1, 3)
    assert filters(minicnn.Graph(L.Conv3D(2, 3), (1, 4, 4, 4))).weight.shape == (2, 1, 3, 3, 3)


def test_layers_without_filters():
    net = minicnn.zoo.build("lenet")
    assert filter_layers(net) == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    with pytest.raises(GraphError, match="relu1 is a ReLU and has no filters\n  choose from conv1"):
        filters(net, "relu1")
    with pytest.raises(GraphError, match="there is no layer called 'conv9'"):
        filters(net, "conv9")
    with pytest.raises(GraphError, match="fits 2 layers, but one is wanted"):
        filters(net, "conv*")
    with pytest.raises(SettingError, match="has the same filters everywhere"):
        filters(net, "conv1", (0, 0))
    with pytest.raises(GraphError, match="has no layer with filters"):
        filters(minicnn.Graph(L.ReLU(), (1, 4, 4)))
