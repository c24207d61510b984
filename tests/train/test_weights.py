"""Weights with what it takes to use them."""

import json

import numpy as np
import pytest

import minicnn
from minicnn.errors import CheckpointError, GraphError
from minicnn.storage import load_arrays, save_arrays
from minicnn.train import Preparation, TrainedNetwork, load_trained


@pytest.fixture
def saved(small_net, test_digits, tmp_path):
    net = small_net()
    trained = TrainedNetwork(net, Preparation.of(test_digits, net.input_shape), test_digits.classes, (1, 8, 8), "digits", 7)
    trained.save(tmp_path / "net.safetensors")
    return trained, tmp_path / "net.safetensors"


def test_everything_comes_back(saved):
    trained, path = saved
    read = load_trained(path)
    assert (read.preparation, read.classes, read.image_shape, read.data, read.epoch) == (
        trained.preparation,
        trained.classes,
        (1, 8, 8),
        "digits",
        7,
    )
    np.testing.assert_array_equal(read.net.parameter_memory, trained.net.parameter_memory)
    assert minicnn.load(path).name == "small"


def test_other_parameters_in_place_of_the_networks_own(saved, tmp_path):
    trained, _ = saved
    memory = trained.net.parameter_memory * 2
    trained.save(tmp_path / "doubled.safetensors", memory)
    np.testing.assert_array_equal(
        load_trained(tmp_path / "doubled.safetensors").net.parameters["conv1.weight"], 2 * trained.net.parameters["conv1.weight"]
    )


def test_a_network_without_preparation(saved, tmp_path):
    saved[0].net.save(tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match=r"bare.safetensors holds a network, but not how to prepare images for it"):
        load_trained(tmp_path / "bare.safetensors")


def test_a_network_whose_output_its_loss_cannot_use(saved):
    _, path = saved
    arrays, metadata = load_arrays(path)
    save_arrays(path, arrays, metadata | {"loss": '{"type": "YOLO", "boxes": 2}', "class_names": "[]"})
    with pytest.raises(GraphError, match=r"safetensors: .* gives 10 for an image, but YOLO needs 5 numbers"):
        load_trained(path)


@pytest.mark.parametrize(
    "loss", ["[", '{"type": "Unknown"}', '{"type": "SoftmaxCrossEntropy", "label_smoothing": 2}', '{"type": "Dice", "a": 1}']
)
def test_a_loss_that_cannot_be_read(saved, loss):
    _, path = saved
    arrays, metadata = load_arrays(path)
    save_arrays(path, arrays, metadata | {"loss": loss})
    with pytest.raises(CheckpointError, match="its record of images and classes cannot be read"):
        load_trained(path)


@pytest.mark.parametrize(
    "change",
    [{"class_names": "["}, {"preparation": "{}"}, {"image_shape": "3"}, {"epoch": "x"}, {"class_names": '["a"]'}, {"class_names": None}],
)
def test_broken_words(saved, change):
    _, path = saved
    arrays, metadata = load_arrays(path)
    metadata = {name: value for name, value in (metadata | change).items() if value is not None}
    save_arrays(path, arrays, metadata)
    with pytest.raises(CheckpointError, match=r"net.safetensors: (its record of images and classes|its classes and preparation)"):
        load_trained(path)


def test_a_preparation_for_another_input(saved):
    trained, path = saved
    arrays, metadata = load_arrays(path)
    metadata["preparation"] = json.dumps({**trained.preparation.to_json(), "input_shape": [1, 9, 9]})
    save_arrays(path, arrays, metadata)
    with pytest.raises(CheckpointError, match=r"its classes and preparation do not belong to its network$"):
        load_trained(path)
