"""Networks written as ONNX compute in onnxruntime what they compute here."""

import json
import os

import numpy as np
import onnx
import pytest

from minicnn import Graph, datasets, zoo
from minicnn import layers as L
from minicnn.errors import CheckpointError, GraphError, SettingError
from minicnn.exchange.onnx import write_onnx
from minicnn.preparation import Preparation
from minicnn.trained_on import TrainedOn
from tests.exchange.models import LAYERS, images, network, of_the_zoo, run

WHOLE = os.environ.get("MINICNN_ONNX_FULL") == "1"
CLOSE = 1e-5  # of the largest output: sums of thousands of terms in another order
CLOSE_WHERE_DEEP = 1e-4  # 100 layers and more


def agrees(net, path, count=2):
    x = images(net, count)
    (y,) = run(path, x)
    want = net.forward(x)
    assert y.shape == want.shape
    assert abs(y - want).max() <= (CLOSE_WHERE_DEEP if len(net.nodes) >= 100 else CLOSE) * abs(want).max()


@pytest.mark.parametrize("name", zoo.names())
def test_a_network_of_the_zoo_computes_the_same_in_onnxruntime(tmp_path, name):
    net = of_the_zoo(name, WHOLE)
    write_onnx(net, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    if not WHOLE:
        onnx.checker.check_model(model, full_check=True)
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    assert all(np.array_equal(stored[parameter], array) for parameter, array in net.arrays.items())
    agrees(net, tmp_path / "net.onnx")


@pytest.mark.parametrize("opset", [17, 22])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_the_same_in_onnxruntime(tmp_path, name, opset):
    net = network(name)
    write_onnx(net, tmp_path / "net.onnx", opset=opset)
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    for count in (1, 3):
        agrees(net, tmp_path / "net.onnx", count)


@pytest.fixture(scope="module")
def trained():
    """LeNet with what it would know after a training on digits: a preparation and names of classes."""
    net, data = zoo.build("lenet"), datasets.load("digits")
    net.trained_on = TrainedOn(Preparation.of(data, net.input_shape), data.classes, data.images.shape[1:], data.name, epoch=1)
    return net, data.images[:4]


def test_images_are_prepared_by_nodes_of_the_graph(tmp_path, trained):
    net, pixels = trained
    write_onnx(net, tmp_path / "net.onnx", preparation=True)
    ready, _ = net.prepared("test", pixels)
    assert ready.dtype == "uint8"
    (logits,) = run(tmp_path / "net.onnx", ready)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    assert np.allclose(shares / shares.sum(1, keepdims=True), net.predict(pixels), atol=1e-6)


def test_the_file_holds_what_the_network_knows(tmp_path, trained):
    write_onnx(trained[0], tmp_path / "net.onnx")
    known = {each.key: each.value for each in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert json.loads(known["class_names"]) == list(trained[0].class_names)
    assert known == trained[0].metadata()


def test_equal_networks_give_equal_files(tmp_path):
    for name in ("a", "b"):
        write_onnx(zoo.build("lenet"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_without_a_training_there_is_no_preparation(tmp_path):
    with pytest.raises(SettingError, match="no preparation to write"):
        write_onnx(zoo.build("lenet"), tmp_path / "net.onnx", preparation=True)


FREE = {
    "strided convolutions": L.Sequential(L.Conv2D(3, 3, stride=2, padding="same"), L.ReLU(), L.Conv2D(3, 3, stride=2, padding="same")),
    "poolings": L.Sequential(L.MaxPool2D(3, stride=2, ceil_mode=True), L.AvgPool2D(2, stride=2, padding="same"), L.GlobalAvgPool()),
    "norms": L.Sequential(L.Conv2D(4, 3), L.GroupNorm(2), L.LocalResponseNorm(2), L.Upsample(2), L.AdaptiveAvgPool2D(1), L.Flatten()),
    "circular": L.Conv2D(4, 3, padding=1, padding_mode="circular"),
}


@pytest.mark.parametrize("name", FREE)
def test_free_axes_stay_free(tmp_path, name):
    net = Graph(FREE[name], (2, None, None))
    write_onnx(net, tmp_path / "net.onnx")
    for shape in ((9, 12), (14, 7), (10, 10)):
        x = np.random.default_rng(1).normal(size=(2, 2, *shape)).astype("float32")
        (y,) = run(tmp_path / "net.onnx", x)
        want = net.forward(x)
        assert y.shape == want.shape
        assert np.allclose(y, want, atol=1e-5)


@pytest.mark.parametrize(
    ("block", "layer"),
    [
        (L.Sequential(L.Conv2D(2, 1), L.AdaptiveAvgPool2D(3)), "pool1"),
        (L.Conv2D(2, 3, sharing=2), "conv1"),
        (L.L2Pool2D(2, ceil_mode=True), "pool1"),
        (L.Skip(L.Conv2D(2, 3)), "crop1"),
    ],
)
def test_what_depends_on_a_free_size_is_refused_by_name(tmp_path, block, layer):
    with pytest.raises(GraphError, match=rf"^{layer} \('.*size"):
        write_onnx(Graph(block, (2, None, None)), tmp_path / "net.onnx")


class Softsign(L.Layer):
    """A layer of one's own."""

    forward, backward = "relu_forward", "relu_backward"


def test_an_own_layer_says_what_it_becomes(tmp_path):
    from minicnn.exchange.onnx.written import written

    net = Graph(Softsign(), (3,))
    with pytest.raises(GraphError, match=r"softsign1 \('Softsign'\) has no counterpart in ONNX"):
        write_onnx(net, tmp_path / "net.onnx")
    written.register(Softsign)(lambda layer, sheet, node, x: sheet.node("Softsign", x))
    write_onnx(net, tmp_path / "net.onnx")
    (y,) = run(tmp_path / "net.onnx", np.float32([[1, -1, 3]]))
    assert y.tolist() == [[0.5, -0.5, 0.75]]


@pytest.mark.parametrize("opset", [16, 99, 17.0, True, "17"])
def test_an_opset_is_one_of_those_tested(tmp_path, opset):
    with pytest.raises(SettingError, match=r"write_onnx: opset is .*, but must be from 17 to 22"):
        write_onnx(zoo.build("lenet"), tmp_path / "net.onnx", opset=opset)


def test_without_the_package_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(SettingError, match=r"^write_onnx: ONNX files need the package onnx, .* pip install 'minicnn\[onnx\]'"):
        write_onnx(zoo.build("lenet"), tmp_path / "net.onnx")


def test_a_network_beyond_the_largest_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("minicnn.exchange.onnx.file.MOST_BYTES", 1000)
    with pytest.raises(CheckpointError, match="an ONNX file has at most 1,000"):
        write_onnx(zoo.build("lenet"), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
