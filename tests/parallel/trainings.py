"""Trainings that use all that ranks have to exchange; as a program of four ranks, which train in groups, and print what came out as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import numpy as np

import minicnn
from minicnn import datasets, parallel, zoo
from minicnn import layers as L
from minicnn.optimizers import SGD, Adam
from minicnn.train import Trainer


def lenet() -> minicnn.Graph:
    return zoo.build("lenet", classes=10)


def normalized() -> minicnn.Graph:
    """Statistics of batches, twice, and chance."""
    conv = (L.Conv2D(4, 3), L.BatchNorm2D(), L.ReLU(), L.MaxPool2D(2), L.Conv2D(4, 3), L.BatchNorm2D(), L.ReLU())
    return minicnn.Graph(L.Sequential(*conv, L.Flatten(), L.Dropout(0.3), L.Linear(10)), input_shape=(1, 12, 12), name="normalized")


def large() -> minicnn.Graph:
    """Maps so large that a shard is of 16 images, and a batch of 300 has more shards than slots."""
    conv = (L.Conv2D(16, 3, padding=1), L.BatchNorm2D(), L.ReLU(), L.GlobalAvgPool())
    return minicnn.Graph(L.Sequential(*conv, L.Linear(10)), input_shape=(1, 24, 24), name="large")


def squares(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """A loss of a user's own: half of the mean squared distance from one-hot targets."""
    difference = y - np.eye(y.shape[1], dtype=np.float32)[target]
    return float((difference**2).sum() / 2 / len(y)), (difference / len(y)).astype(np.float32)


TRAININGS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "lenet": (lenet, {"batch_size": 150}, {}),
    "normalized": (
        normalized,
        {"batch_size": 110, "optimizer": Adam(), "ema": 0.9, "clip_norm": 1.0, "accumulate": 2},
        {"augment": "shift=1,cutout=2,mixup", "schedule": "plateau"},
    ),
    "large": (large, {"batch_size": 300, "optimizer": SGD(0.05)}, {}),
    "function": (normalized, {"batch_size": 165, "loss": squares}, {}),
}


def outcome(name: str, threads: int, ranks: parallel.MPIRanks | None = None) -> dict[str, Any]:
    """What a training of two epochs ends with, without what the clock says."""
    make, how, more = TRAININGS[name]
    digits, test = datasets.load("digits").subset(slice(0, 330)), datasets.load("digits", "test").subset(slice(0, 90))
    trainer = Trainer(make(), threads=threads, parallel=ranks, **how)
    history = trainer.fit(digits, test, epochs=2, progress=False, **more)
    arrays, _ = trainer.checkpoint()
    found = trainer.evaluate(test)
    prepared = trainer.preparation.images(digits.images[:70])
    step = trainer.step(prepared.astype(np.float32) / 255, digits.labels[:70])
    return {
        "records": [[record.train_loss, record.train_accuracy, record.test_loss, record.test_accuracy] for record in history.records],
        "checkpoint": {each: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest() for each, value in arrays.items()},
        "evaluated": [found.loss, found.accuracy, found.confusion.tolist()],
        "step": [step.loss, step.correct, hashlib.sha256(trainer.net.parameter_memory.tobytes()).hexdigest()],
    }


GROUPS = ((0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 1))  # of four ranks: all together, three and one, two and two


def main() -> None:
    from mpi4py import MPI

    world, found = MPI.COMM_WORLD, []
    for groups in GROUPS:
        group = world.Split(groups[world.rank])
        ranks = parallel.ranks("data", group)
        found.append((group.size, {name: outcome(name, 1 + group.rank % 2, ranks) for name in TRAININGS}))
    everyone = world.gather(found)
    if everyone is not None:
        json.dump([each for rank in everyone for each in rank], sys.stdout)


if __name__ == "__main__":
    main()
