"""ZFNet's view: by hand for one filter, against the gradient where there is no rectifier, and its rules one by one."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.views import deconvolution, saliency


def one_filter(*layers, input_shape=(1, 4, 4), **settings):
    net = minicnn.Graph(L.Sequential(L.Conv2D(1, 2, **settings), *layers), input_shape)
    net.parameters["conv1.weight"][...] = np.array([[1, 2], [3, -4]])
    return net


def test_one_filter_by_hand():
    """conv -> relu -> pool: the value returns to where its maximum was found, and puts the filter there."""
    net = one_filter(L.ReLU(), L.MaxPool2D(3))
    x = np.zeros((1, 4, 4), np.float32)
    x[0, 2, 1] = 5  # tap (0, 0) at (2, 1) gives 5, tap (0, 1) at (2, 0) gives 10, tap (1, 0) at (1, 1) gives 15
    found = deconvolution(net, x, "pool1")
    assert (found.k, found.place, found.value, found.window) == (0, (0, 0), 15, ((0, 3), (0, 3)))
    expected = np.zeros((1, 4, 4))
    expected[0, 1:3, 1:3] = 15 * np.array([[1, 2], [3, -4]])
    assert (found.pixels == expected).all()


def test_the_way_back_is_rectified_whatever_the_unit_gave():
    """A unit that was silent on the way up passes on what is positive on the way down; a gradient would be 0."""
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 1, bias=True), L.ReLU(), L.Conv2D(1, 1, bias=True)), (1, 1, 1))
    net.parameters["conv1.weight"][...] = np.array([1.0, 1.0]).reshape(2, 1, 1, 1)
    net.parameters["conv1.bias"][...] = (-9, 0)  # the first is silent
    net.parameters["conv2.weight"][...] = np.array([4.0, -1.0]).reshape(1, 2, 1, 1)
    net.parameters["conv2.bias"][...] = 7
    x = np.ones((1, 1, 1), np.float32)
    found = deconvolution(net, x, "conv2")
    assert found.value == 6
    assert found.pixels.item() == 24  # 6 * 4 through the silent unit, 6 * -1 is cut off
    assert saliency(net, x).gradient.item() == -1


@pytest.mark.parametrize(
    "layers",
    [
        (L.Conv2D(3, 3, padding=1, stride=2), L.AvgPool2D(2)),
        (L.Conv2D(4, 3, groups=2, dilation=2, padding=2), L.BatchNorm2D(), L.MaxPool2D(3, stride=2)),
        (L.Conv2D(3, 3, sharing="unshared"), L.Conv2D(2, 2, sharing=2, flip=True)),
        (L.Residual(L.Conv2D(2, 3, padding="same", padding_mode="circular")), L.Concat(L.Conv2D(2, 1), L.MaxPool2D(1)), L.Conv2D(2, 2)),
        (L.ConvTranspose2D(2, 2, stride=2), L.Conv2D(2, 3, flip=True)),
        (L.Flatten(), L.Linear(5), L.Dropout(0.5)),
    ],
)
def test_without_a_rectifier_it_is_the_gradient_times_the_value(layers):
    net = minicnn.Graph(L.Sequential(*layers), (2, 8, 8), seed=3)
    x = np.random.default_rng(4).standard_normal((1, 2, 8, 8))
    last = net.nodes[-1].name
    found = deconvolution(net, x, last)
    dy = np.zeros_like(net.forward(x))
    dy[(0, found.k, *found.place)] = found.value
    assert found.value == net.forward(x).max()
    assert found.pixels == pytest.approx(net.backward(x, dy=dy)[0][0], rel=1e-10, abs=1e-12)


def test_normalization_is_left_out_on_the_way_back():
    net = one_filter(L.LocalResponseNorm(alpha=0.5), L.Tanh())
    x = np.random.default_rng(1).standard_normal((1, 4, 4)).astype(np.float32)
    found = deconvolution(net, x, "tanh1", 0, (1, 2))
    expected = np.zeros((1, 4, 4))
    expected[0, 1:3, 2:4] = found.value * np.array([[1, 2], [3, -4]])
    assert found.pixels == pytest.approx(expected)


def test_outside_its_field_nothing_is_seen():
    net = minicnn.Graph(L.Sequential(L.Conv2D(3, 3, padding=1), L.ReLU(), L.MaxPool2D(2), L.Conv2D(4, 3), L.ReLU()), (3, 16, 16))
    x = np.random.default_rng(2).standard_normal((3, 16, 16)).astype(np.float32)
    found = deconvolution(net, x, "relu2")
    (top, bottom), (left, right) = found.window
    assert (bottom - top, right - left) == (7, 7)
    inside = np.zeros((16, 16), bool)
    inside[max(0, top) : bottom + 1, max(0, left) : right + 1] = True
    assert (found.pixels[:, ~inside] == 0).all()
    assert np.abs(found.pixels).max() > 0


def test_the_same_bits_every_time():
    net = minicnn.zoo.build("lenet")
    x = np.random.default_rng(2).standard_normal((1, 28, 28)).astype(np.float32)
    first, second = (deconvolution(net, x, "relu2").pixels for _ in range(2))
    assert (first == second).all()


def test_errors():
    net = one_filter()
    x = np.zeros((1, 4, 4), np.float32)
    with pytest.raises(SettingError, match="conv1 has 1 channels"):
        deconvolution(net, x, "conv1", 1)
    with pytest.raises(SettingError, match=r"maps of conv1 are 3 x 3, but the place is \(3, 0\)"):
        deconvolution(net, x, "conv1", 0, (3, 0))
