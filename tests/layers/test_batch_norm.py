"""Batch normalization: parameters, buffers, and what goes in."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import CheckpointError, GraphError, SettingError, ShapeError
from minicnn.layers import BatchNorm1D, BatchNorm2D, BatchNorm3D


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (BatchNorm1D(), (7,)),
        (BatchNorm1D(), (7, 40)),
        (BatchNorm2D(), (7, 5, 4)),
        (BatchNorm3D(), (7, 2, 3, 4)),
        (BatchNorm2D(), (7, 1, 1)),
    ],
)
def test_shape_parameters_and_buffers(layer, shape):
    assert layer.output_shapes("bn1", (shape,)) == (shape,)
    assert [(spec.name, spec.shape, spec.init, spec.trainable) for spec in layer.parameters((shape,))] == [
        ("weight", (7,), "ones", True),
        ("bias", (7,), "zeros", True),
        ("running_mean", (7,), "zeros", False),
        ("running_var", (7,), "ones", False),
    ]
    assert layer.cost((shape,), (shape,)) == ("2 * 7", None, None)


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (BatchNorm1D(), (7, 5, 4), r"^bn1 needs an input of features or of channels x columns, but gets 7 x 5 x 4\n  use BatchNorm2D$"),
        (BatchNorm2D(), (7, 5), r"^bn1 needs an input of channels x rows x columns, but gets 7 x 5$"),
        (BatchNorm3D(), (7,), r"^bn1 needs an input of channels x slices x rows x columns, but gets 7$"),
    ],
)
def test_inputs_that_do_not_fit(layer, shape, words):
    with pytest.raises(ShapeError, match=words):
        layer.output_shapes("bn1", (shape,))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"momentum": 1.5}, r"^BatchNorm2D: momentum is 1.5, but must be a number at least 0 and at most 1$"),
        ({"momentum": -0.1}, r"^BatchNorm2D: momentum is -0.1, but must be"),
        ({"eps": 0}, r"^BatchNorm2D: eps is 0, but must be a number above 0$"),
    ],
)
def test_settings_are_checked_on_construction(settings, words):
    with pytest.raises(SettingError, match=words):
        BatchNorm2D(**settings)
    assert BatchNorm2D(momentum=1).momentum == 1


@pytest.fixture
def net():
    return minicnn.Graph(L.Sequential(L.Conv2D(2, 3), L.BatchNorm2D(), L.Flatten(), L.Linear(3)), input_shape=(1, 5, 5))


def test_a_network_keeps_both_apart(net):
    assert list(net.parameters) == ["conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "fc1.weight", "fc1.bias"]
    assert list(net.buffers) == ["bn1.running_mean", "bn1.running_var"]
    assert list(net.arrays) == [*net.parameters, *net.buffers]
    assert (net.parameters["bn1.weight"] == 1).all()
    assert (net.buffers["bn1.running_var"] == 1).all()
    assert (net.buffers["bn1.running_mean"] == 0).all()
    assert list(net.views(net.parameter_memory)) == list(net.parameters)
    assert list(net.views(net.parameter_memory, buffers=True)) == list(net.arrays)


def test_buffers_are_views_of_the_same_array(net):
    net.buffers["bn1.running_mean"] = [3.0, 4.0]
    slot = next(slot for slot in net.slots if slot.name == "bn1.running_mean")
    assert net.parameter_memory[slot.offset :][:2].tolist() == [3, 4]
    with pytest.raises(GraphError, match=r"^there is no parameter called 'bn1.mean'"):
        net.buffers["bn1.mean"] = [0.0, 0.0]


def test_buffers_are_stored_with_the_network(net, tmp_path):
    net.buffers["bn1.running_var"] = [0.5, 0.25]
    net.save(tmp_path / "net.safetensors")
    again = minicnn.load(tmp_path / "net.safetensors")
    assert again.buffers["bn1.running_var"].tolist() == [0.5, 0.25]
    assert np.array_equal(again.parameter_memory, net.parameter_memory)
    with pytest.raises(CheckpointError, match=r"^file: the parameter bn1.running_mean is missing$"):
        net.adopt(dict(net.parameters), "file")
