"""Networks of no fixed size: what runs at each size is the network of that size, with the same parameters."""

import copy
import gc
import pickle

import numpy as np
import pytest
from click.testing import CliRunner

import minicnn
from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.cli.main import group as cli
from minicnn.engine.shelf import _shelves
from minicnn.errors import GraphError, ShapeError
from minicnn.preparation import Preparation
from minicnn.trained_on import TrainedOn

FREE = (1, None, None)


def pooled():
    body = L.Residual(L.Sequential(L.Conv2D(4, 3, padding=1), L.BatchNorm2D()))
    return L.Sequential(L.Conv2D(4, 3), L.ReLU(), L.MaxPool2D(2), body, L.Conv2D(5, 2, stride=2), L.GlobalAvgPool(), L.Linear(3))


def unet():
    down = L.Sequential(L.MaxPool2D(2), L.Conv2D(6, 3), L.ReLU(), L.ConvTranspose2D(4, 2, stride=2))
    return L.Sequential(L.Conv2D(4, 3), L.Skip(down, crop=True), L.Conv2D(2, 1))


@pytest.mark.parametrize("block", [pooled, unet])
@pytest.mark.parametrize("space", [(12, 12), (9, 20), (31, 17)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_size_is_the_network_of_that_size(block, space, dtype):
    free, fixed = minicnn.Graph(block(), FREE, seed=3), minicnn.Graph(block(), (1, *space), seed=3)
    assert free.parameter_memory.tobytes() == fixed.parameter_memory.tobytes()
    x = np.random.default_rng(0).standard_normal((4, 1, *space)).astype(dtype)
    assert np.array_equal(free.forward(x), fixed.forward(x))
    for name, values in free.activations(x).items():
        assert np.array_equal(values, fixed.activations(x, name)[name]) or np.allclose(values, fixed.activations(x, name)[name], 1e-4, 1e-6)
    dy = np.random.default_rng(1).standard_normal(fixed.forward(x).shape).astype(dtype)
    (dx, own), (wanted_dx, wanted) = free.backward(x, dy=dy), fixed.backward(x, dy=dy)
    assert np.array_equal(dx, wanted_dx)
    assert all(np.array_equal(own[name], wanted[name]) for name in wanted)


def test_changed_parameters_are_those_of_all_sizes():
    net = minicnn.Graph(pooled(), FREE)
    x = np.random.default_rng(0).standard_normal((3, 1, 12, 14)).astype(np.float32)
    before = net.forward(x)
    net.parameters["conv1.weight"] = net.parameters["conv1.weight"] * 2
    assert not np.array_equal(net.forward(x), before)
    own = net.sized((1, 12, 14))
    assert own.sized((1, 12, 14)) is own
    assert np.shares_memory(own.parameters["conv1.weight"], net.parameters["conv1.weight"])
    net.freeze("conv1")
    assert own.topology.frozen == net.topology.frozen == net.sized((1, 20, 20)).topology.frozen
    own.unfreeze()
    assert not net.topology.frozen
    assert net.check_gradient()["x"] < 1e-5


def test_plans_of_all_sizes_share_one_shelf_and_only_the_latest_are_kept(monkeypatch):
    net = minicnn.Graph(pooled(), FREE)
    monkeypatch.setattr(engine.shelf, "KEPT_BYTES", 1)
    for size in range(12, 40):
        net.forward(np.ones((1, 1, size, size), np.float32))
    assert len(_shelves[net]) == 1
    assert len(net._sized) == 16
    gc.collect()
    assert sum(each.whole is net for each in _shelves) == 1


def test_files_copies_and_pickles_stay_free(tmp_path):
    net = minicnn.Graph(pooled(), FREE, seed=2)
    x = np.ones((1, 1, 15, 11), np.float32)
    net.save(tmp_path / "net.safetensors")
    sized = net.sized((1, 15, 11))
    for other in (minicnn.load(tmp_path / "net.safetensors"), copy.deepcopy(net), pickle.loads(pickle.dumps(net)), copy.deepcopy(sized)):
        assert np.array_equal(other.forward(x), net.forward(x))
        assert other.input_shape == (FREE if other.input_shape != (1, 15, 11) else (1, 15, 11))
        assert not np.shares_memory(other.parameter_memory, net.parameter_memory)


def test_predict_takes_images_of_any_size_as_they_are():
    net = minicnn.Graph(pooled(), FREE)
    sized = net.sized((1, 16, 16))
    sized.trained_on = TrainedOn(Preparation((1, 16, 16), (0.4,), (0.3,), 255.0), ("a", "b", "c"), (1, 16, 16), "custom", 1)
    images = np.random.default_rng(0).integers(0, 256, (3, 25, 14)).astype(np.uint8)
    logits = net.forward(((images[:, None] / 255 - 0.4) / 0.3).astype(np.float32)).astype(float)
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(net.predict(images), wanted, atol=1e-5)
    with pytest.raises(ShapeError, match=r"takes images of 1 x \? x \?"):
        net.predict(np.zeros((3, 3, 25, 14), np.uint8))


def test_summary_shows_what_is_open():
    net = minicnn.Graph(pooled(), FREE)
    summary = net.summary()
    assert (summary.input_shape, summary.layers[0].output_shape, summary.layers[-1].output_shape) == (FREE, (4, None, None), (3,))
    assert (summary.totals.macs, summary.layers[0].macs, summary.layers[-1].macs) == (None, None, 15)
    assert summary.totals.params == minicnn.Graph(pooled(), (1, 20, 20)).summary().totals.params
    assert "conv1  Conv2D 3x3               4x?x?" in repr(net)
    assert net.output_shape == (3,)
    assert net.classes == 3


def test_command_line_shows_any_size():
    result = CliRunner().invoke(cli, ["summary", "resnet20", "--input", "3x?x?", "--format", "markdown"])
    assert result.exit_code == 0
    assert "16x?x?" in result.output
    assert CliRunner().invoke(cli, ["summary", "resnet20", "--input", "?x8x8"]).exit_code == 2
    assert CliRunner().invoke(cli, ["summary", "resnet20", "--input", "3x?x?", "--depth", "1", "--compare", "resnet56"]).exit_code == 0


@pytest.mark.parametrize(
    ("block", "shape", "message"),
    [
        (
            L.Sequential(L.Conv2D(2, 3), L.Flatten(), L.Linear(3)),
            FREE,
            r"^fc1 .*has weights for every input.*1 x \? x \?.*\n  put GlobalAvgPool",
        ),
        (L.Conv2D(2, 3, sharing="unshared"), FREE, r"^conv1 .*parameters whose number depends on the size"),
        (L.Sequential(L.Conv2D(2, 3)), (None, 8, 8), r"^input_shape \(None, 8, 8\) leaves the channels open"),
        (L.Sequential(L.Conv2D(2, 3)), (1, 0, None), r"is not the shape of an image"),
        (L.Sequential(L.MaxPool2D(3), L.Conv3D(2, 3)), FREE, r"^conv1"),
    ],
)
def test_what_cannot_be_free_is_refused(block, shape, message):
    with pytest.raises((GraphError, ShapeError), match=message):
        minicnn.Graph(block, shape)


def test_images_that_do_not_fit_are_refused():
    net = minicnn.Graph(pooled(), FREE)
    with pytest.raises(ShapeError, match=r"^conv2 .*needs at least|^conv3 .*needs at least"):
        net.forward(np.ones((1, 1, 4, 4), np.float32))
    with pytest.raises(ShapeError, match=r"^forward: x has the shape \(1, 2, 8, 8\), but network takes images of 1 x \? x \?"):
        net.forward(np.ones((1, 2, 8, 8), np.float32))
    with pytest.raises(ShapeError, match=r"^network takes images of 1 x \? x \?, not of 2 x 8 x 8"):
        net.sized((2, 8, 8))
    net.warmup((2, 1, 13, 13))


def test_one_free_axis_and_signals():
    net = minicnn.Graph(L.Sequential(L.Conv1D(3, 3), L.GlobalAvgPool(), L.Linear(2)), (1, None))
    assert net.forward(np.ones((2, 1, 50), np.float32)).shape == (2, 2)
    rows = minicnn.Graph(L.Sequential(L.Conv2D(3, (3, 8)), L.GlobalAvgPool(), L.Linear(2)), (1, None, 8))
    assert rows.forward(np.ones((2, 1, 30, 8), np.float32)).shape == (2, 2)
    assert rows.summary().layers[0].output_shape == (3, None, 1)


def test_zoo_builds_free_networks():
    net = zoo.build("resnet20", input_shape=(3, None, None), width=0.25)
    assert net.forward(np.ones((1, 3, 40, 24), np.float32)).shape == (1, 10)


def test_training_at_one_size_trains_all(tmp_path):
    net = minicnn.Graph(pooled(), FREE)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 1, 14, 16)).astype(np.uint8), rng.integers(0, 3, 40)
    before = net.parameter_memory.copy()
    minicnn.Trainer(net.sized((1, 14, 16)), batch_size=8).fit((images, labels), epochs=1, progress=False)
    assert not np.array_equal(net.parameter_memory, before)
    assert net.predict(images[:5]).shape == net.predict(rng.integers(0, 256, (5, 1, 30, 20)).astype(np.uint8)).shape == (5, 3)
    net.save(tmp_path / "net.safetensors")
    assert minicnn.load(tmp_path / "net.safetensors").class_names == net.class_names
    with pytest.raises(GraphError, match=r"^Trainer: network takes images of 1 x \? x \?.*\n  use Trainer\(net.sized\(\(1, 64, 64\)\)"):
        minicnn.Trainer(net)


@pytest.mark.parametrize("shape", ["1x?x?", "x", "???"])
def test_words_are_no_shape(shape):
    with pytest.raises(ShapeError, match="is not the shape of an image"):
        minicnn.Graph(L.Conv2D(1, 1), shape)


def test_adaptive_pooling_lets_a_fully_connected_layer_follow():
    net = minicnn.Graph(L.Sequential(L.Conv2D(4, 3), L.AdaptiveAvgPool2D((2, 3)), L.Flatten(), L.Linear(5)), FREE)
    assert net.summary().layers[-1].input_shapes == ((24,),)
    for space in ((9, 9), (30, 17)):
        x = np.random.default_rng(0).standard_normal((3, 1, *space))
        assert np.allclose(net.forward(x.astype(np.float32)), net.forward(x), atol=1e-5)
