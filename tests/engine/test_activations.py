"""What layers give: the fast plan, whatever it would have fused or overwritten, against the textbook run."""

import numpy as np
import pytest

import minicnn
from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.errors import GraphError
from tests.engine.test_engine import every_layer
from tests.engine.test_zoo_networks import DEEP, small

TOLERANCE = 1e-5  # of the largest number of a layer


def assert_same(found, wanted, tolerance=TOLERANCE):
    assert list(found) == list(wanted)
    for name, values in found.items():
        assert (values.shape, values.dtype) == (wanted[name].shape, np.float32), name
        assert np.abs(values - wanted[name]).max() <= tolerance * max(np.abs(wanted[name]).max(), 1e-3), name


@pytest.mark.parametrize("name", zoo.names())
def test_every_layer_of_the_zoo_agrees_with_textbook_run(name):
    net = small(name)
    x = np.random.default_rng(1).standard_normal((1 if name == "unet" else 2, *net.input_shape)).astype(np.float32)
    assert_same(net.activations(x), net.activations(x.astype(np.float64)), 1e-4 if name in DEEP else TOLERANCE)


@pytest.mark.parametrize("count", [1, 3, 16, 37])
def test_every_dial_and_batch_agrees_with_textbook_run(count):
    net = every_layer()
    x = np.random.default_rng(2).standard_normal((count, *net.input_shape)).astype(np.float32)
    found = net.activations(x)
    assert_same(found, net.activations(x.astype(np.float64)))
    assert list(found) == [node.name for node in net.nodes]
    assert np.abs(found[net.nodes[-1].name] - net.forward(x)).max() <= TOLERANCE * np.abs(net.forward(x)).max()


@pytest.mark.parametrize("asked", ["conv1", ["relu1", "pool1"], ["conv1", "relu1"], "relu*"])
def test_only_what_is_asked_for_comes_back_and_before_rectifiers_it_is_negative(asked):
    net = zoo.build("lenet")
    x = np.random.default_rng(3).standard_normal((5, 1, 28, 28)).astype(np.float32)
    found = net.activations(x, asked)
    assert_same(found, net.activations(x.astype(np.float64), asked))
    for name, values in found.items():
        assert (values.min() < 0) == name.startswith("conv")


def test_batches_are_cut_so_that_little_is_held(monkeypatch):
    net = zoo.build("lenet")
    x = np.random.default_rng(3).standard_normal((7, 1, 28, 28))
    whole = net.activations(x.astype(np.float32)), net.activations(x)
    monkeypatch.setattr("minicnn.engine.activations.BATCH_BYTES", 1)
    engine.shelf._shelves.clear()
    for each, wanted in zip((net.activations(x.astype(np.float32)), net.activations(x)), whole, strict=True):
        for name, values in each.items():
            assert np.abs(values - wanted[name]).max() <= TOLERANCE * np.abs(wanted[name]).max()


def test_no_images_and_no_layers_are_empty():
    net = zoo.build("lenet")
    assert net.activations(np.zeros((0, 1, 28, 28), np.float32), "conv1")["conv1"].shape == (0, *net.nodes[0].output_shapes[0])
    assert net.activations(np.zeros((2, 1, 28, 28), np.float32), []) == {}


@pytest.mark.parametrize("asked", ["cnv1", ["conv1", "konv*"], 3, [None]])
def test_unknown_layer_is_named_with_what_comes_close(asked):
    net = zoo.build("lenet")
    with pytest.raises(GraphError, match=r"activations: there is no layer called") as caught:
        net.activations(np.zeros((1, 1, 28, 28), np.float32), asked)
    assert "choose from conv1" in str(caught.value)
    if asked == "cnv1":
        assert "did you mean conv1" in caught.value.headline


def test_layers_of_a_network_with_two_outputs_are_seen():
    class Two(L.Block, registered=False):
        def wire(self, wiring, *values):
            return (*wiring.place(L.Linear(2), *values), *wiring.place(L.Linear(3), *values))

    net = minicnn.Graph(Two(), (4,))
    x = np.random.default_rng(3).standard_normal((7, 4))
    assert_same(net.activations(x.astype(np.float32)), net.activations(x))
