"""Transformed filters that stay from call to call: they follow every change of the weights, and take the memory they may."""

import numpy as np
import pytest

from minicnn import engine
from minicnn import layers as L
from minicnn.engine.operations import convolution
from minicnn.kernels.cpu.convolution import choice
from minicnn.network import Graph

SHAPE = (2, 13, 12)
BODY = L.Sequential(
    L.Conv2D(38, 3, padding=1, bias=False),
    L.Conv2D(64, 5, padding=2, groups=2),
    L.ReLU(),
    L.Conv2D(37, 3, padding=1),
    L.GlobalAvgPool(),
)


@pytest.fixture(params=("winograd2", "winograd4"), autouse=True)
def by_winograd(request, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, request.param)


def build() -> Graph:
    return Graph(BODY, SHAPE, seed=3)


def lasting_steps(net: Graph, images: int) -> int:
    plan = engine.inference_plan(net, images, False, [1.0] * 2, [0.0] * 2)
    return sum(name == "winograd_filters_step" for name in plan.program.names)


@pytest.mark.parametrize("images", [1, 5, 17])
def test_every_changed_weight_counts(images):
    net, x = build(), np.random.default_rng(0).standard_normal((images, *SHAPE), np.float32)
    assert lasting_steps(net, 1)  # those of 5x5 filters in tiles of 2x2 alone
    net.forward(x)
    stream = np.random.default_rng(1)
    for name, weight in net.parameters.items():
        if weight.ndim < 4:
            continue
        for place in (0, weight.size - 1, *stream.integers(weight.size, size=3)):
            weight.reshape(-1)[place] += np.float32(0.5)
            fresh = build()
            fresh.parameter_memory[...] = net.parameter_memory
            assert np.array_equal(net.forward(x), fresh.forward(x)), f"{name}[{place}]"


def test_the_least_change_counts():
    net, x = build(), np.random.default_rng(0).standard_normal((1, *SHAPE), np.float32)
    before = net.forward(x)
    weight = next(iter(net.parameters.values()))
    weight[...] = np.nextafter(weight, np.float32(np.inf))
    fresh = build()
    fresh.parameter_memory[...] = net.parameter_memory
    assert not np.array_equal(net.forward(x), before)
    assert np.array_equal(net.forward(x), fresh.forward(x))


def test_weights_that_come_back():
    net, x = build(), np.random.default_rng(0).standard_normal((2, *SHAPE), np.float32)
    first, kept = net.forward(x), net.parameter_memory.copy()
    net.parameter_memory[...] = np.nan
    assert np.isnan(net.forward(x)).all()
    net.parameter_memory[...] = kept
    assert np.array_equal(net.forward(x), first)


def test_they_take_the_memory_they_may(monkeypatch):
    x = np.random.default_rng(0).standard_normal((1, *SHAPE), np.float32)
    much, kept = common_memory(build()), build().forward(x)
    monkeypatch.setattr(convolution, "LASTING_BYTES", 0)
    little, made_again = common_memory(build()), build().forward(x)
    assert little < much
    assert np.array_equal(kept, made_again)


def common_memory(net: Graph) -> int:
    return engine.inference_plan(net, 1, False, [1.0] * 2, [0.0] * 2).stretches.common
