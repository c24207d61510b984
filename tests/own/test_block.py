"""A block of one's own in one file: its parts, and how they are connected."""

from dataclasses import dataclass

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import SettingError


@dataclass(frozen=True)
class DenselyConnected(L.Block):
    """Every layer sees the input and what all layers before it made.  Huang, Liu, van der Maaten, Weinberger, 2017, figure 1."""

    layers: int
    growth: int = 4

    def wire(self, wiring, *values):
        for _ in range(self.layers):
            (new,) = wiring.place(L.Sequential(L.Conv2D(self.growth, 3, padding=1), L.ReLU()), *values)
            values = wiring.place(L.ConcatChannels(), *values, new)
        return values


def test_a_block_of_ones_own_trains(tmp_path):
    net = minicnn.Graph(L.Sequential(DenselyConnected(3, name="dense"), L.GlobalAvgPool(), L.Linear(10)), (1, 8, 8))
    assert net.nodes[-2].input_shapes == ((1 + 3 * 4, 8, 8),)
    assert net.nodes[0].name == "dense.conv1"
    history = minicnn.Trainer(net).fit(datasets.load("digits"), epochs=5)
    losses = [record.train_loss for record in history.records]
    assert losses[-1] < losses[0]
    net.save(tmp_path / "own.safetensors")
    loaded = minicnn.load(tmp_path / "own.safetensors", custom_objects=[DenselyConnected])
    assert loaded.block == net.block
    images = np.random.default_rng(0).standard_normal((3, 1, 8, 8)).astype(np.float32)
    assert (loaded.forward(images) == net.forward(images)).all()


def test_a_block_without_its_wiring_is_an_error():
    class Empty(L.Block, registered=False):
        pass

    with pytest.raises(SettingError, match=r"^Empty has no wire: write it in its class"):
        Empty()
