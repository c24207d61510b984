"""A two-tower network as small as it can be, trained by one process or, as a program, by two ranks that have a tower each."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.optimizers import SGD
from minicnn.train import Trainer


def network() -> minicnn.Graph:
    """The layers of alexnet-2012 with few filters, for small pictures."""
    layers = (
        *(L.Conv2D(8, 5, padding=2), L.ReLU(), L.LocalResponseNorm(alpha=0.1), L.MaxPool2D(3, stride=2)),
        *(L.Conv2D(12, 3, padding=1, groups=2), L.ReLU(), L.LocalResponseNorm(alpha=0.1), L.MaxPool2D(3, stride=2)),
        *(L.Conv2D(12, 3, padding=1), L.ReLU(), L.Conv2D(12, 3, padding=1, groups=2, bias=False), L.BatchNorm2D(), L.ReLU()),
        *(L.Conv2D(8, 3, padding=1, groups=2), L.ReLU(), L.MaxPool2D(3, stride=2), L.Flatten()),
        *(L.Linear(16), L.ReLU(), L.Dropout(0.5), L.Linear(16), L.ReLU(), L.Dropout(0.5), L.Linear(10)),
    )
    return minicnn.Graph(L.Sequential(*layers), input_shape=(1, 16, 16), seed=1, name="two-towers")


def outcome(parallel: str | None) -> dict[str, np.ndarray]:
    """Losses, evaluations, parameters and state after twelve updates."""
    digits, test = datasets.load("digits").subset(slice(0, 300)), datasets.load("digits", "test").subset(slice(0, 100))
    trainer = Trainer(network(), SGD(learning_rate=0.05, momentum=0.9), batch_size=75, threads=1, parallel=parallel, ema=0.9)
    history = trainer.fit(digits, test, epochs=3, augment="shift=1", progress=False)
    losses = np.array([[record.train_loss, record.test_loss] for record in history.records])
    arrays, _ = trainer.checkpoint()
    return {"losses": losses, **arrays}


if __name__ == "__main__":
    found = outcome("model")
    from mpi4py import MPI

    np.savez(Path(sys.argv[1]) / f"rank-{MPI.COMM_WORLD.rank}.npz", **found)
