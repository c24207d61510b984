"""Training and inference: the peer is the same network, a wrong step is found, and rows say what was done."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

import minicnn
from minicnn import bench, engine, zoo
from minicnn import layers as L
from minicnn.bench import Note, Options, Row, infer, train
from minicnn.bench.equality import relative_error
from minicnn.bench.peers.place import Place
from minicnn.bench.peers.torch_networks import Twin
from minicnn.errors import SettingError

ROUNDING = 5e-6


def every_twin_layer():
    """Every layer that has a twin, in a network that the engine can train."""
    return minicnn.Graph(
        L.Sequential(
            L.Conv2D(6, 3, padding=1),
            L.BatchNorm2D(),
            L.Tanh(),
            L.LocalResponseNorm(size=4, alpha=0.1),
            L.AvgPool2D(3, stride=2, padding=1),
            L.Residual(L.Sequential(L.Conv2D(8, 3, stride=2, padding=1, groups=2, bias=False), L.Sigmoid()), L.PadShortcut(8, stride=2)),
            L.Concat(L.Conv2D(3, 1), L.MaxPool2D(1)),
            L.ReLU(),
            L.Dropout(0.0),
            L.GlobalAvgPool(),
            L.Linear(5),
        ),
        input_shape=(2, 9, 11),
    )


@pytest.mark.parametrize("make", [lambda: zoo.build("lenet"), every_twin_layer], ids=["lenet", "every layer"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_twins_compute_alike(torch, make, channels_last):
    net = make()
    x = np.random.default_rng(0).standard_normal((4, *net.input_shape), dtype=np.float32)
    twin = Twin(Place(torch), net, channels_last)
    with torch.inference_mode():
        assert relative_error(twin(twin.tensor(x)).numpy(), net.forward(x)) < ROUNDING


@pytest.mark.parametrize("make", [lambda: zoo.build("lenet"), every_twin_layer], ids=["lenet", "every layer"])
def test_twins_train_alike(torch, make):
    net = make()
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, *net.input_shape), dtype=np.float32), rng.integers(net.classes, size=6)
    before = {name: value.copy() for name, value in net.arrays.items()}
    found = train.agreement(torch, net, x, labels, Options(1), 1e-4)
    assert found.holds
    assert any((net.arrays[name] != value).any() for name, value in before.items()), "the updates are compared, so there must be some"


@pytest.mark.parametrize("fault", ["loss", "gradient", "update"])
def test_a_wrong_step_is_found(torch, monkeypatch, fault):
    net = zoo.build("lenet")
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((6, *net.input_shape), dtype=np.float32), rng.integers(10, size=6)
    right = engine.backward

    def wrong(*arguments, **named):
        loss, gradients = right(*arguments, **named)
        if fault == "gradient":
            gradients["conv2.weight"][3, 2, 1, 0] += 0.01 * np.abs(gradients["conv2.weight"]).max()
        return loss * (1.01 if fault == "loss" else 1), gradients

    monkeypatch.setattr(engine, "backward", wrong)
    if fault == "update":
        other = minicnn.optimizers.SGD(learning_rate=0.1)
        monkeypatch.setattr(train, "Trainer", lambda net, optimizer, **settings: minicnn.Trainer(net, other, **settings))
    assert not train.agreement(torch, net, x, labels, Options(1), 3e-4).holds


def test_what_has_no_twin_says_so(torch):
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3, sharing="unshared"), L.Flatten(), L.Linear(2)), input_shape=(1, 5, 5))
    with pytest.raises(SettingError, match=r"no PyTorch twin of conv1 \('Conv2D'\)"):
        Twin(Place(torch), net)


@pytest.mark.parametrize("against", [None, "torch"])
def test_rows_of_training(against, hasty, request):
    if against:
        request.getfixturevalue("torch")
    rows = list(bench.run("train", Options(1, (against,) if against else (), hasty, batches=(16,), quick=True)))
    assert [(row.name, row.work, row.batch, row.wrong) for row in rows] == [("lenet", "step", 16, False), ("lenet", "epoch", 16, False)]
    assert [len(row.peers) for row in rows] == [4 if against else 0] * 2
    assert rows[0].flops == 16 * 2 * (2 * 117_600 + 3 * (240_000 + 48_000 + 10_080 + 840))
    assert all(timing.median_seconds > 0 for row in rows for timing in row.timings)
    assert (rows[0].agreement is None) == (against is None)


def test_a_wrong_network_is_reported_and_not_timed(torch, hasty, monkeypatch):
    monkeypatch.setattr(train, "agreement", lambda *arguments: bench.Agreement(0.5, 1e-5))
    (row,) = bench.run("train", Options(1, ("torch",), hasty, batches=(16,), quick=True))
    assert row.wrong
    assert all(not timing.turns for timing in row.timings)


def test_rows_of_inference(torch, hasty):
    (row,) = bench.run("infer", Options(1, ("torch",), hasty, batches=(120,), quick=True))
    assert (row.name, row.work, row.batch, row.wrong, row.flops) == ("lenet", "forward", 120, False, 120 * 2 * 416_520)
    assert [timing.name for timing in row.timings] == [
        "minicnn",
        "torch",
        "torch by 100",
        "torch channels_last",
        "torch channels_last by 100",
    ]


@pytest.mark.parametrize("suite", [train, infer])
def test_a_network_that_is_not_there_is_noted(suite, hasty, monkeypatch):
    monkeypatch.setattr(zoo, "names", lambda: ())
    notes = list(suite.rows(Options(1, (), hasty)))
    assert notes
    assert all(isinstance(note, Note) and note.text == "not in the zoo yet" for note in notes)


def test_images():
    digits, labels = train.training_images((1, 28, 28), 10, 2000)
    assert digits.shape == (2000, 1, 28, 28)
    assert (digits.dtype, labels.dtype, digits.flags.c_contiguous) == (np.float32, np.int64, True)
    assert abs(digits.mean()) < 0.01
    numbers, labels = train.training_images((3, 8, 8), 4, 5)
    assert numbers.shape == (5, 3, 8, 8)
    assert set(labels.tolist()) <= set(range(4))


@pytest.mark.parametrize("suite", ["kernels", "train", "infer", "ladder"])
def test_without_torch(suite, hasty, monkeypatch):
    real = importlib.import_module

    def without_torch(name):
        if name == "torch":
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", without_torch)
    with pytest.raises(SettingError, match="PyTorch, which is not installed") as raised:
        next(bench.run(suite, Options(1, ("torch",), hasty, quick=True)))
    assert "pip install torch" in str(raised.value)


def test_torch_is_imported_only_when_it_is_asked_for(hasty, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    (row,) = bench.run("kernels", Options(1, (), hasty, layers="lenet-conv2", passes=("forward",), quick=True))
    assert isinstance(row, Row)
    assert "torch" not in sys.modules


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"against": ("jax",)}, "there is no peer called 'jax': choose from torch"),
        ({"passes": ("forward", "sideways")}, "passes sideways are not"),
        ({"passes": ()}, r"passes \(none\) are not"),
        ({"protocol": bench.Protocol(seconds=0)}, "0 seconds per row are not above 0"),
        ({"protocol": bench.Protocol(seconds=float("nan"))}, "nan seconds"),
    ],
)
def test_settings(settings, words):
    with pytest.raises(SettingError, match=words):
        Options(1, **settings)


def test_an_unknown_suite():
    with pytest.raises(SettingError, match="no suite called 'cooking': choose from train, infer, kernels, ladder"):
        next(bench.run("cooking", Options(1)))


def test_a_network_that_drops_by_chance_is_timed_and_not_compared(torch, hasty, monkeypatch):
    def dropping(name):
        return minicnn.Graph(L.Sequential(L.Conv2D(2, 3), L.ReLU(), L.Flatten(), L.Dropout(0.5), L.Linear(3)), input_shape=(1, 6, 6))

    monkeypatch.setattr(train.networks, "build", dropping)
    step, epoch = bench.run("train", Options(1, ("torch",), hasty, batches=(4,), quick=True))
    assert step.agreement is None
    assert [len(row.peers) for row in (step, epoch)] == [4, 4]
