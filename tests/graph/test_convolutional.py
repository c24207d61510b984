"""Fully connected layers as convolutions: the old answer on the old size, and the sliding window's on larger images."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import zoo
from minicnn.errors import GraphError
from minicnn.preparation import Preparation
from minicnn.trained_on import TrainedOn


def lenet():
    return (1, 20, 24), L.Sequential(
        L.Conv2D(4, 5), L.Tanh(), L.MaxPool2D(2), L.Conv2D(6, 3), L.ReLU(), L.Flatten(), L.Linear(9), L.ReLU(), L.Linear(4, bias=False)
    )


def alexnet():
    """Its kinds of layers in its order, small and without padding."""
    front = L.Sequential(L.Conv2D(6, 5, stride=2), L.ReLU(), L.LocalResponseNorm(), L.MaxPool2D(3, stride=2), name="front")
    body = (L.Conv2D(8, 3, groups=2), L.ReLU(), L.LocalResponseNorm(), L.MaxPool2D(3, stride=2))
    head = L.Sequential(L.Flatten(), L.Dropout(), L.Linear(12), L.ReLU(), L.Dropout(), L.Linear(10), L.ReLU(), L.Linear(5), name="head")
    return (3, 43, 43), L.Sequential(front, *body, head)


def pooled():
    return (2, 14, 11), L.Sequential(
        L.Conv2D(6, 3), L.BatchNorm2D(), L.ReLU(), L.GlobalAvgPool(), L.Linear(5), L.BatchNorm1D(), L.Tanh(), L.Linear(3)
    )


def joined():
    branch = L.Sequential(L.Flatten(), L.Linear(6), L.ReLU(), L.Linear(4))
    return (1, 9, 8), L.Sequential(L.Conv2D(3, 3), L.Concat(branch, L.Sequential(L.GlobalAvgPool(), L.Linear(2))), L.Residual(L.Linear(6)))


def signal():
    return (1, 40), L.Sequential(L.Conv1D(4, 5, stride=2), L.ReLU(), L.Flatten(), L.Linear(6), L.Tanh(), L.Linear(2))


def made(make):
    shape, block = make()
    net = minicnn.Graph(block, shape, seed=1)
    rng = np.random.default_rng(0)
    for name, values in net.arrays.items():
        values[...] = rng.uniform(0.5, 1.5, values.shape) if name.endswith("running_var") else rng.normal(0, 0.3, values.shape)
    return net


NETWORKS = [lenet, alexnet, pooled, joined, signal]


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_old_size_has_the_old_answer(make, dtype):
    net = made(make)
    x = np.random.default_rng(1).standard_normal((5, *net.input_shape)).astype(dtype)
    wanted, found = net.forward(x), net.convolutional().forward(x)
    assert found.shape == (*wanted.shape, *(1,) * (x.ndim - 2))
    assert np.allclose(found.reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("make", NETWORKS)
def test_a_larger_image_has_the_answers_of_the_sliding_window(make):
    net = made(make)
    everywhere = net.convolutional()
    x = np.random.default_rng(1).standard_normal((2, net.input_shape[0], *(size + 9 + n for n, size in enumerate(net.input_shape[1:]))))
    found = everywhere.forward(x.astype(np.float32))
    jump = everywhere.sized(x.shape[1:]).summary().layers[-1].jump
    positions = list(np.ndindex(*found.shape[2:]))
    assert len(positions) > 2
    compared = 0
    for place in positions:
        begin = [step * number for step, number in zip(jump, place, strict=True)]
        window = x[(..., *(slice(first, first + size) for first, size in zip(begin, net.input_shape[1:], strict=True)))]
        if window.shape[1:] == net.input_shape:
            compared += 1
            assert np.allclose(found[(..., *place)], net.forward(window), rtol=1e-3, atol=1e-5 * np.abs(found).max())
    assert compared > 2


def test_layers_keep_their_names_and_weights_and_nothing_is_flat():
    net = made(alexnet)
    net.freeze("front")
    everywhere = net.convolutional()
    assert list(everywhere.parameters) == list(net.parameters)
    assert everywhere.topology.frozen == net.topology.frozen
    assert everywhere.parameters["head.fc1.weight"].shape == (12, 8, 3, 3)
    assert everywhere.parameters["head.fc2.weight"].shape == (10, 12, 1, 1)
    assert everywhere.input_shape == (3, None, None)
    assert not any(row.type in ("Flatten", "Linear") for row in everywhere.summary().layers)
    everywhere.parameters["head.fc1.weight"][...] = 0
    assert net.parameters["head.fc1.weight"].any()


def test_files_and_prediction(tmp_path):
    net = made(lenet)
    net.trained_on = TrainedOn(Preparation(net.input_shape, (0.4,), (0.3,), 255.0), tuple("abcd"), net.input_shape, "custom", 1)
    everywhere = net.convolutional()
    everywhere.save(tmp_path / "net.safetensors")
    images = np.random.default_rng(0).integers(0, 256, (2, 1, *net.input_shape[1:])).astype(np.uint8)
    again = minicnn.load(tmp_path / "net.safetensors")
    assert np.allclose(again.predict(images)[..., 0, 0], net.predict(images), atol=1e-5)
    assert again.predict(np.zeros((1, 1, 40, 50), np.uint8)).shape[:2] == (1, 4)


def test_alexnet_of_the_paper_slides():
    net = zoo.build("alexnet", input_shape=(3, 67, 67), width=0.1)
    everywhere = net.convolutional()
    x = np.random.default_rng(1).standard_normal((1, 3, 131, 99)).astype(np.float32)
    assert everywhere.forward(x).shape == (1, 1000, 3, 2)
    assert np.allclose(everywhere.forward(x[:, :, :67, :67])[..., 0, 0], net.forward(x[:, :, :67, :67]), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("block", "shape", "message"),
    [
        (L.Sequential(L.Conv2D(2, 3), L.Flatten(), L.Linear(4), L.RBF(3)), (1, 8, 8), r"^rbf1 \('RBF'\) works on flat features and has no"),
        (L.Sequential(L.Linear(4)), (5,), r"^only a network for images of one size .* takes 5$"),
        (L.Sequential(L.Conv2D(2, 3)), (1, None, None), r"takes 1 x \? x \?$"),
        (L.Sequential(L.Flatten(), L.BatchNorm1D(), L.Linear(2)), (1, 4, 4), r"^bn1 .* works on flat features"),
    ],
)
def test_what_has_no_such_form_is_refused(block, shape, message):
    with pytest.raises(GraphError, match=message):
        minicnn.Graph(block, shape).convolutional()
