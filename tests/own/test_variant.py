"""A convolution of one's own in one file: the function that says which input and which weight a tap reads."""

import numpy as np
import pytest

import minicnn
import minicnn.engine.counting
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import CheckpointError, GraphError

FILTERS = 8


def rings(k, p, q, c, r, s):
    """A 3x3 filter that wraps around the image, and has one weight for the middle, one for its sides and one for its corners."""
    ring = abs(r - 1) + abs(s - 1)
    return c, (p + r - 1) % 8, (q + s - 1) % 8, k * 3 + ring


def network(seed=0):
    layer = L.Variant(rings, (FILTERS, 8, 8), (1, 3, 3))
    return minicnn.Graph(L.Sequential(layer, L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Linear(10)), (1, 8, 8), seed)


def test_a_convolution_of_ones_own_trains_and_comes_back_from_its_file(tmp_path):
    net = network()
    row = net.summary().layers[0]
    assert (row.params, row.macs, row.receptive_field) == (FILTERS * 3 + FILTERS, FILTERS * 64 * 9, None)
    assert not minicnn.engine.counting.check(net).differences
    assert max(net.check_gradient().values()) < 1e-6
    history = minicnn.Trainer(net).fit(datasets.load("digits"), datasets.load("digits", "test"), epochs=10)
    assert history.best.test_accuracy > 0.9
    net.save(tmp_path / "rings.safetensors")
    with pytest.raises(CheckpointError, match="the network has a function 'rings', whose code is in no file"):
        minicnn.load(tmp_path / "rings.safetensors")
    loaded = minicnn.load(tmp_path / "rings.safetensors", custom_objects=[rings])
    images = datasets.load("digits", "test").images[:50]
    np.testing.assert_array_equal(loaded.predict(images), net.predict(images))


@pytest.mark.parametrize("images", [1, 5, 16, 40])
def test_the_engine_computes_what_the_loops_that_ask_the_map_do(images):
    net = network(seed=3)
    x, labels = np.random.default_rng(0).standard_normal((images, 1, 8, 8)), np.arange(images) % 10
    (loss, gradients), (wanted, exact) = (net.backward(x.astype(dtype), labels) for dtype in (np.float32, np.float64))
    assert loss == pytest.approx(wanted, rel=1e-5)
    for name, gradient in exact.items():
        np.testing.assert_allclose(gradients[name], gradient, rtol=0, atol=2e-6 * (1 + np.abs(gradient).max()), err_msg=name)


def test_two_maps_of_one_name_cannot_be_told_apart_in_a_file(tmp_path):
    maps = [lambda k, p, q, c, r, s: (c, p, q, k), lambda k, p, q, c, r, s: (c, p, q, 1 - k)]
    net = minicnn.Graph(L.Sequential(*(L.Variant(each, (1, 4, 4), (1, 1, 1)) for each in maps), L.Flatten()), (1, 4, 4))
    with pytest.raises(GraphError, match="two functions of the network are called <lambda>"):
        net.save(tmp_path / "two.safetensors")
