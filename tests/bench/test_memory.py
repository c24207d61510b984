"""The memory of a training run: what is asked of which program, what counts, what follows."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from minicnn import zoo
from minicnn.bench import Options, memory
from minicnn.bench.memory import own_training
from minicnn.bench.peers import pytorch
from minicnn.bench.peers.torch_lenet import torch_lenet, torch_training
from minicnn.bench.process import Answer
from minicnn.errors import SettingError

MEGABYTE = 1 << 20
SIZES = {own_training: 100, torch_training: 240}


@pytest.fixture
def asked(monkeypatch):
    """Programs that answer at once: the function and arguments of each.  The first takes ten times as much, then 1, 2, 3 MiB more."""
    calls = []

    def answer(function, *arguments, using=()):
        before = [each for each, _ in calls].count(function)
        calls.append((function, arguments))
        peak = SIZES[function] * 10 if not before else SIZES[function] + before
        return Answer({"imports": SIZES[function] * MEGABYTE // 2, "peak": peak * MEGABYTE, "accuracy": 0.9}, 1.0)

    monkeypatch.setattr(memory, "call", answer)
    monkeypatch.setattr(pytorch, "import_torch", lambda threads, device, tf32: None)
    return calls


def test_the_first_process_does_not_count(asked):
    (row,) = memory.rows(Options(2))
    (ours,) = row.footprints
    assert len(asked) == 4
    assert ours.first_bytes == 1000 * MEGABYTE
    assert ours.peak_bytes == (101 * MEGABYTE, 102 * MEGABYTE, 103 * MEGABYTE)
    assert ours.median_peak_bytes == 102 * MEGABYTE
    assert row.ratio(ours) is None


def test_both_are_asked_for_the_same(asked):
    (row,) = memory.rows(Options(2, against=("torch",), batches=(32,)))
    functions = [function for function, _ in asked]
    assert functions == [own_training] * 4 + [torch_training] * 4
    (command,) = asked[0][1]
    assert " ".join(command) == "train lenet --data digits --epochs 3 --batch-size 32 --threads 2 --out run --quiet"
    _, _, _, *settings = asked[-1][1]
    assert settings == [3, 32, 2]
    assert row.work == "training, 3 epochs"
    assert row.batch == 32


def test_the_peer_gets_the_same_images(asked, monkeypatch):
    found = {}

    def answer(function, *arguments, using=()):
        if function is torch_training:
            with np.load(arguments[0]) as data:
                found.update({name: (data[name].shape, data[name].dtype) for name in data.files})
        return Answer({"imports": 1, "peak": 2, "accuracy": 0.9}, 1.0)

    monkeypatch.setattr(memory, "call", answer)
    list(memory.rows(Options(1, against=("torch",), quick=True)))
    assert found == {
        "images": ((1438, 1, 28, 28), np.uint8),
        "labels": ((1438,), np.int64),
        "test_images": ((359, 1, 28, 28), np.uint8),
        "test_labels": ((359,), np.int64),
    }


def test_the_ratio_is_theirs_over_ours(asked):
    (row,) = memory.rows(Options(1, against=("torch",)))
    assert row.ratio(row.footprints[1]) == pytest.approx(242 / 102)
    record = json.loads(json.dumps(row.to_dict(), allow_nan=False))
    assert (record["kind"], record["suite"], record["name"], record["least_ratio_wanted"]) == ("memory", "memory", "lenet", 2.0)
    ours, theirs = record["footprints"]
    assert ours["ratio"] is None
    assert theirs["ratio"] == pytest.approx(242 / 102)
    assert theirs["median_imports_bytes"] == 120 * MEGABYTE


def test_rows_that_are_not_wanted(asked):
    assert list(memory.rows(Options(1, layers="alexnet*"))) == []
    assert asked == []


def test_without_torch(monkeypatch):
    real = importlib.import_module

    def without_torch(name, *rest):
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without_torch)
    with pytest.raises(SettingError, match="needs PyTorch, which is not installed\n  pip install"):
        next(memory.rows(Options(1, against=("torch",))))


def test_a_system_that_does_not_tell(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match="does not report the peak memory of a process"):
        next(memory.rows(Options(1)))


def test_the_peer_is_the_same_network(torch):
    theirs = [tuple(each.shape) for each in torch_lenet().parameters()]
    assert theirs == [each.shape for each in zoo.build("lenet").parameters.values()]


def test_the_peer_learns(torch, tmp_path):
    """Two digits that differ in half of their pixels."""
    rng = np.random.default_rng(0)
    labels = np.arange(256) % 2
    images = rng.integers(0, 100, (256, 1, 28, 28), dtype=np.uint8)
    images[labels == 1, :, :14] += 100
    path = tmp_path / "data.npz"
    np.savez(path, images=images, labels=labels, test_images=images[:33], test_labels=labels[:33])
    told = torch_training(str(path), 0.3, 0.2, 8, 32, 1)
    assert told["accuracy"] == 1.0
    assert 0 < told["imports"] <= told["peak"]
