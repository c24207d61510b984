"""A layer without steps of its own runs the loops that define it: every layer of ours that is a loop, its steps taken away."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.engine import inference_plan
from minicnn.engine.operations import operation
from minicnn.errors import GraphError

LAYERS = [
    L.Conv2D(6, 3, stride=2, padding=1, groups=3),
    L.Conv2D(4, 3, padding="same", dilation=2, bias=False),
    L.Conv2D(4, (3, 2), flip=True),
    L.Conv2D(4, 3, sharing=2),
    L.Conv2D(2, 3, sharing="unshared", bias=False),
    L.ConvTranspose2D(6, 3, stride=2, groups=3),
    L.MaxPool2D(3, stride=2, padding=1),
    L.AvgPool2D(3, padding=1, count_padding=False),
    L.GlobalAvgPool(),
    L.Upsample(2),
    L.Upsample((3, 2), mode="linear"),
    L.LocalResponseNorm(3),
    L.Linear(5),
    L.Linear(5, bias=False),
    L.ReLU(),
    L.LeakyReLU(0.1),
    L.Tanh(),
    L.Sigmoid(),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_derived_steps_agree_with_the_loops(layer, monkeypatch):
    kept = {kind: steps for kind, steps in operation._OPERATIONS.items() if kind is L.Layer or not isinstance(layer, kind)}
    monkeypatch.setattr(operation, "_OPERATIONS", kept)
    flat = isinstance(layer, L.Linear)
    net = minicnn.Graph(L.Sequential(L.Conv2D(3, 1), *[L.Flatten()] * flat, layer, *[L.Flatten(), L.Linear(5)] * (not flat)), (2, 9, 8))
    x, labels = np.random.default_rng(0).standard_normal((37, 2, 9, 8)).astype(np.float32), np.arange(37) % 5
    assert layer.loops().forward.format(n=2) in inference_plan(net, 37, False, (1, 1), (0, 0)).program.names
    np.testing.assert_allclose(net.forward(x), net.forward(x.astype(np.float64)), atol=2e-6)
    (loss, gradients), (exact_loss, exact) = net.backward(x, labels), net.backward(x.astype(np.float64), labels)
    assert loss == pytest.approx(exact_loss, rel=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[name], atol=1e-5 * abs(exact[name]).max(), err_msg=name)


def rename(y, x, power):
    for i in range(x.size):
        y.flat[i] = x.flat[i] ** power


class WithoutLoops(L.Layer):
    pass


class AskingForMore(L.Layer):
    forward = rename


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_that_cannot_be_run_say_why(dtype):
    x = np.zeros((2, 3), dtype)
    with pytest.raises(GraphError, match=r"^withoutloops1: WithoutLoops has no loops, so that it cannot be run\n  give the class"):
        minicnn.Graph(WithoutLoops(), (3,)).forward(x)
    with pytest.raises(
        GraphError, match=r"^askingformore1: the loop rename of AskingForMore asks for 'power', which is no array or setting"
    ):
        minicnn.Graph(AskingForMore(), (3,)).forward(x)
