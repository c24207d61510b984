"""A network small enough to train in a moment, and images for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.train import Run, RunFolder, RunSettings, Trainer


@pytest.fixture(scope="session")
def digits() -> datasets.Dataset:
    return datasets.load("digits").subset(slice(0, 300))


@pytest.fixture(scope="session")
def test_digits() -> datasets.Dataset:
    return datasets.load("digits", "test").subset(slice(0, 100))


@pytest.fixture
def small_net() -> Callable[..., minicnn.Graph]:
    """With a layer that draws from chance and one that remembers."""

    def make(seed: int = 0, channels: int = 1) -> minicnn.Graph:
        body = L.Sequential(L.Conv2D(4, 3), L.BatchNorm2D(), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Dropout(0.3), L.Linear(10))
        return minicnn.Graph(body, input_shape=(channels, 12, 12), seed=seed, name="small")

    return make


@pytest.fixture
def make_run(small_net, digits, test_digits) -> Callable[..., Run]:
    """A run in a folder: new, or the one that is there already."""

    def make(path: Path, threads: int = 1, **given: Any) -> Run:
        settings = RunSettings.completed({"network": "small", "epochs": 3, "batch_size": 32, **given}, len(digits))
        folder = RunFolder.open(path) if (path / "run.json").exists() else RunFolder.create(path)
        trainer = Trainer(
            small_net(settings.seed), settings.make_optimizer(), batch_size=settings.batch_size, threads=threads, seed=settings.seed
        )
        return Run(folder, settings, trainer, digits, test_digits)

    return make
