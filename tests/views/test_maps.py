"""Feature maps by depth, and which layers show it."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, ShapeError
from minicnn.views import as_input, main_layers, maps


@pytest.fixture(scope="module")
def net():
    return minicnn.zoo.build("lenet")


def test_convolutions_are_shown_behind_their_rectifiers(net):
    assert main_layers(net) == ["relu1", "pool1", "relu2", "pool2"]


def test_a_layer_with_two_readers_is_shown_itself():
    inner = L.Sequential(L.ReLU(), L.Conv2D(2, 1))
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 1), L.Residual(inner)), (1, 4, 4))
    assert main_layers(net)[:2] == ["conv1", "conv2"]  # the rectifier before conv2 changes a copy of conv1


def test_deep_networks_are_spread_evenly():
    names = main_layers(minicnn.zoo.build("resnet20"))
    assert len(names) == 6
    assert names[0] == "relu1"
    assert names[-1].startswith("stage3")
    assert main_layers(minicnn.zoo.build("resnet20"), 3)[0] == "relu1"


def test_maps_are_the_layers_outputs(net):
    x = np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)
    found = maps(net, x[1])
    whole = net.activations(x[1:])
    assert [each.layer for each in found] == main_layers(net)
    for each in found:
        assert (each.values == whole[each.layer][0]).all()
        assert (each.least, each.most) == (each.values.min(), each.values.max())
        assert each.zeros == (each.values == 0).mean()
    assert maps(net, x[1:])[0].values.shape == (6, 28, 28)
    assert [each.layer for each in maps(net, x[0], ["conv2", "conv1"])] == ["conv1", "conv2"]


def test_the_strongest_channels_come_first():
    from minicnn.views import Maps

    values = np.zeros((4, 2, 2), np.float32)
    values[2], values[1, 0, 0] = 3, 4
    assert Maps("conv1", "Conv2D", values).strongest(3) == [2, 1, 0]


def test_free_sizes():
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3), L.ReLU(), L.GlobalAvgPool(), L.Linear(2)), (1, None, None))
    assert maps(net, np.zeros((1, 7, 9), np.float32))[0].values.shape == (2, 5, 7)


def test_errors(net):
    with pytest.raises(ShapeError, match="maps: x holds 2 images, but one is looked at"):
        maps(net, np.zeros((2, 1, 28, 28), np.float32))
    with pytest.raises(ShapeError, match="maps: x has the shape"):
        maps(net, np.zeros((1, 8, 8), np.float32))
    with pytest.raises(GraphError, match="maps: there is no layer called"):
        maps(net, np.zeros((1, 28, 28), np.float32), ["nothing"])


def test_pictures_are_prepared_as_in_training(net):
    from minicnn.datasets import load

    data = load("digits", "train").subset(slice(256))
    own = minicnn.zoo.build("lenet")
    minicnn.Trainer(own).fit(data, epochs=1, progress=False)
    x = as_input(own, data.images[:50])
    assert (x.dtype, x.shape) == (np.float32, (50, 1, 28, 28))
    assert abs(float(as_input(own, data.images).mean())) < 0.2
    scores = own.forward(x)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert shares == pytest.approx(own.predict(data.images[:50]), abs=1e-5)


def test_the_layer_whose_details_are_shown_sees_a_part_of_the_picture():
    from minicnn.views import detail_layer

    assert detail_layer(minicnn.zoo.build("lenet")) == "pool2"
    assert detail_layer(minicnn.zoo.build("alexnet")) == "pool5"
    assert detail_layer(minicnn.zoo.build("mnist1d-mlp")) == "fc1"  # sees all, and gives no maps
