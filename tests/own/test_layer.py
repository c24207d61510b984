"""A layer of one's own in one file: a rule for its parameters, textbook loops, nothing else."""

from dataclasses import dataclass

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L


def forward(y, x, slope):
    """y = x / (1 + exp(-slope[c]*x)), pixels in lines"""
    N, C, F = y.shape
    for n in range(N):
        for c in range(C):
            for f in range(F):
                y[n, c, f] = x[n, c, f] / (1.0 + np.exp(-slope[c] * x[n, c, f]))


def backward_input(dx, dy, x, slope):
    N, C, F = dx.shape
    for n in range(N):
        for c in range(C):
            for f in range(F):
                s = 1.0 / (1.0 + np.exp(-slope[c] * x[n, c, f]))
                dx[n, c, f] = dy[n, c, f] * s * (1.0 + slope[c] * x[n, c, f] * (1.0 - s))


def backward_slope(dslope, dy, x, slope):
    N, C, F = dy.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for f in range(F):
                s = 1.0 / (1.0 + np.exp(-slope[c] * x[n, c, f]))
                total += dy[n, c, f] * x[n, c, f] * x[n, c, f] * s * (1.0 - s)
        dslope[c] = total


@dataclass(frozen=True)
class SlopedSwish(L.Layer):
    """Swish whose slope is learnt, one for every channel."""

    forward, backward = forward, (backward_input, backward_slope)
    start: float = 1.0

    def parameters(self, inputs):
        return (L.ParameterSpec("slope", inputs[0][:1], fan_in=1, init=self.start),)


def test_a_layer_of_ones_own_trains(tmp_path):
    net = minicnn.Graph(L.Sequential(L.Conv2D(6, 3), SlopedSwish(0.5), L.MaxPool2D(2), L.Flatten(), L.Linear(10)), (1, 8, 8))
    assert {row.name: row.params for row in net.summary().layers}["slopedswish1"] == 6
    assert max(net.check_gradient().values()) < 1e-6
    assert minicnn.Trainer(net).fit(datasets.load("digits"), datasets.load("digits", "test"), epochs=10).best.test_accuracy > 0.9
    net.save(tmp_path / "own.safetensors")
    loaded = minicnn.load(tmp_path / "own.safetensors")
    assert loaded.nodes[1].layer == SlopedSwish(0.5)
    assert (loaded.parameters["slopedswish1.slope"] != 0.5).all()
