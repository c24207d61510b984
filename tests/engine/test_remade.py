"""Values of batch normalizations that are computed again on the way back: the same bits, less memory, running statistics moved once."""

from __future__ import annotations

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import optimizers, zoo
from minicnn.engine import planner
from minicnn.engine.plan import build_plan


def normalized():
    """Batch normalization before a rectifier, before a pooling, before a convolution, at a branch, and at the end."""
    return minicnn.Graph(
        L.Sequential(
            L.Conv2D(4, 3, padding=1),
            L.BatchNorm2D(),
            L.ReLU(),
            L.MaxPool2D(2),
            L.Residual(L.Sequential(L.Conv2D(4, 3, padding=1), L.BatchNorm2D(), L.ReLU(), L.Conv2D(4, 3, padding=1), L.BatchNorm2D())),
            L.BatchNorm2D(),
            L.Sigmoid(),
            L.Concat(L.Conv2D(2, 1), L.BatchNorm2D()),
            L.Flatten(),
            L.Linear(3),
            L.BatchNorm1D(),
            L.Linear(3),
        ),
        (2, 8, 8),
    )


@pytest.mark.parametrize("batch", [3, 40])
def test_same_bits(monkeypatch, batch):
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((batch, 2, 8, 8), dtype=np.float32), rng.integers(3, size=batch)
    found = []
    for limit, threads in ((0, 1), (0, 2), (1 << 60, 2)):
        monkeypatch.setattr(planner, "REMADE_BYTES", limit)
        net = normalized()
        trainer = minicnn.Trainer(net, optimizers.SGD(learning_rate=0.1, momentum=0.9), batch_size=batch, threads=threads)
        losses = [trainer.step(x, labels).loss for _ in range(3)]
        found.append((losses, {name: value.copy() for name, value in net.arrays.items()}))
    (losses, arrays), *others = found
    for other_losses, other_arrays in others:
        assert other_losses == losses
        for name, value in arrays.items():
            np.testing.assert_array_equal(other_arrays[name], value, err_msg=name)


def test_what_is_computed_again_is_not_kept(monkeypatch):
    topology = zoo.build("resnet18").topology
    arenas, names = [], []
    for limit in (planner.REMADE_BYTES, 1 << 60):
        monkeypatch.setattr(planner, "REMADE_BYTES", limit)
        plan = build_plan(topology, topology.memory_size, 32, 2, training=True, compiled=False, allocated=False)
        arenas.append(plan.stretches.arenas)
        names.append(plan.program.names.count("batch_norm_training"))
    assert arenas[0] < 0.9 * arenas[1]
    assert names[1] == 20
    assert 20 < names[0] < 30, "what the way back does not read is not computed again"


def test_small_batches_keep_what_they_have():
    topology = zoo.build("resnet18").topology
    plan = build_plan(topology, topology.memory_size, 16, 2, training=True, compiled=False, allocated=False)
    assert plan.program.names.count("batch_norm_training") == 20
