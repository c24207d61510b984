"""Runs of every kind to write pages about: a trained one from the command line, and folders made by hand."""

from __future__ import annotations

import os

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.cli.main import main
from minicnn.datasets import Dataset
from minicnn.losses import YOLO, MeanSquaredError, SoftmaxCrossEntropy
from minicnn.train import RunFolder

HOSTILE = ('</script><script>window.hurt = 1</script>"', "<img src=x onerror='window.hurt=1'>&amp;", "\x1b[2Jclass\u202e")
SETTINGS = {
    "network": "lenet",
    "data": HOSTILE[1],
    "data_dir": None,
    "epochs": 2,
    "batch_size": 8,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "schedule": "constant",
    "augment": "",
    "validation": 0.0,
    "seed": 7,
    "select_on_test": False,
    "size": None,
    "optimizer_settings": {"nesterov": True},
}


@pytest.fixture(scope="session")
def lenet_run(tmp_path_factory):
    """The folder of a run of 2 epochs on the digits.  Not to be written to."""
    folder, here = tmp_path_factory.mktemp("report"), os.getcwd()
    os.chdir(folder)
    try:
        with pytest.raises(SystemExit) as stopped:
            main(["train", "lenet", "--epochs", "2", "--quiet", "--out", "run"])
    finally:
        os.chdir(here)
    assert not stopped.value.code
    return folder / "run"


def made(folder, block, loss, data):
    """A run of two epochs, and the images it was trained and is examined on."""
    net = minicnn.Graph(block, data.input_shape, name='net "<b>"')
    trainer = minicnn.Trainer(net, minicnn.optimizers.SGD(0.01), loss=loss, batch_size=8, seed=0)
    history = trainer.fit(data, test=data, epochs=2, progress=False)
    run = RunFolder.create(folder)
    net.save(run.best_path)
    run.write_description(
        {
            "settings": SETTINGS,
            "data": {"train_images": len(data), "test_sha256": data.digest, "train_sha256": HOSTILE[0], "image_shape": "<svg onload=1>"},
            "versions": {HOSTILE[1]: HOSTILE[0]},
            "threads": ["<i>"],
            "device": "<u>cuda</u>",
        }
    )
    run.write_history(history.records)
    return run, data


@pytest.fixture(scope="session", params=["class", "mask", "boxes", "numbers"])
def made_run(request, tmp_path_factory):
    """A run of each kind of answer, whose names and files are hostile."""
    random, kind = np.random.default_rng(0), request.param
    images = random.integers(0, 256, (24, 1, 16, 16)).astype(np.uint8)
    body = [L.Conv2D(4, 3, padding=1), L.ReLU()]
    if kind == "class":
        labels, loss = random.integers(0, 3, 24), SoftmaxCrossEntropy()
        block = L.Sequential(*body, L.Flatten(), L.Linear(3))
    elif kind == "mask":
        labels, loss = (images[:, 0] > 127).astype(np.int32), SoftmaxCrossEntropy()
        block = L.Sequential(*body, L.Conv2D(3, 1))
    elif kind == "boxes":
        labels, loss = np.full((24, 2, 5), -1, np.float32), YOLO(boxes=1)
        labels[:, 0] = (2, 3, 6, 5, 1)
        block = L.Sequential(*body, L.MaxPool2D(4), L.Conv2D(8, 1))
    else:
        labels, loss = random.normal(size=(24, 2)).astype(np.float32), MeanSquaredError()
        block = L.Sequential(*body, L.Flatten(), L.Linear(2))
    data = Dataset(images, labels, () if kind == "numbers" else HOSTILE, name=HOSTILE[1], target=kind)
    return made(tmp_path_factory.mktemp(kind) / "run", block, loss, data)
