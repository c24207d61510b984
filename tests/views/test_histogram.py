"""Histograms count every number, and say what lies behind the bars."""

import numpy as np
import pytest

import minicnn
from minicnn.errors import ShapeError
from minicnn.views import activation_histograms, weight_histograms
from minicnn.views.histogram import histogram


def test_a_small_one_by_hand():
    found = histogram("x", np.array([-1.0, 0, 0, 2]), bins=4)
    assert found.edges.tolist() == [-2, -1, 0, 1, 2]
    assert found.counts.tolist() == [0, 1, 2, 1]
    assert (found.mean, found.least, found.most, found.zeros) == (0.25, -1, 2, 0.5)
    assert found.centres.tolist() == [-1.5, -0.5, 0.5, 1.5]


def test_one_sided_and_constant_numbers():
    assert histogram("x", np.array([0.0, 1, 4])).edges[[0, -1]].tolist() == [0, 4]
    assert histogram("x", np.zeros(3)).counts.sum() == 3


def test_weights():
    net = minicnn.zoo.build("resnet20")
    found = weight_histograms(net)
    assert all(".bn" not in each.name for each in found)
    for each in found:
        weight = net.parameters[each.name]
        assert each.counts.sum() == weight.size
        assert each.mean == pytest.approx(weight.mean(dtype=np.float64))
        assert (each.least, each.most) == (weight.min(), weight.max())
    assert [each.name for each in weight_histograms(net, ["bn1"])] == ["bn1.weight"]


def test_activations():
    net = minicnn.zoo.build("lenet")
    x = np.random.default_rng(0).standard_normal((5, 1, 28, 28)).astype(np.float32)
    found = {each.name: each for each in activation_histograms(net, x)}
    assert [*found] == ["relu1", "pool1", "relu2", "pool2", "fc1", "relu3", "fc2", "relu4", "fc3"]
    values = net.activations(x, "relu2")["relu2"]
    assert found["relu2"].counts.sum() == values.size
    assert found["relu2"].zeros == (values == 0).mean()
    assert [each.name for each in activation_histograms(net, x, ["conv1"])] == ["conv1"]
    with pytest.raises(ShapeError, match="holds no images"):
        activation_histograms(net, x[:0])
