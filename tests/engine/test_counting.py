"""Formulas against counts: the loops count their own products, on small networks in full and on large ones narrow."""

from math import prod

import pytest

from minicnn import Graph, zoo
from minicnn.engine.counting import check
from minicnn.layers import (
    BatchNorm2D,
    Conv1D,
    Conv2D,
    Conv3D,
    ConvTranspose2D,
    Cost,
    Flatten,
    Layer,
    Linear,
    MaxPool2D,
    ParameterSpec,
    ReLU,
    Sequential,
)


@pytest.mark.parametrize(
    ("element", "shape"),
    [
        (Conv2D(3, 3, padding=5, stride=2), (2, 4, 5)),
        (Conv2D(4, 3, padding=((2, 0), (1, 3)), stride=(3, 1), dilation=(1, 2), groups=2, flip=True), (4, 8, 9)),
        (Conv2D(2, 3, padding="full", sharing="unshared"), (2, 4, 4)),
        (Conv2D(2, 3, padding="same", sharing=(2, 3), bias=False), (3, 5, 7)),
        (Conv1D(5, 3, padding=4), (2, 1)),
        (Conv3D(2, 3, padding=1, stride=2), (2, 3, 4, 5)),
        (ConvTranspose2D(4, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4, 3)),
        (
            Sequential(MaxPool2D(2), Conv2D(2, 1), BatchNorm2D(), ReLU(), Conv2D(2, 3, padding=1), Flatten(), Linear(3, bias=False)),
            (1, 6, 6),
        ),
    ],
    ids=["all padding at the corners", "every setting", "unshared", "tiled", "one pixel", "three axes", "transposed", "a network"],
)
def test_layers(element, shape):
    counted = check(Graph(element, shape))
    assert counted.differences == ()
    assert {each.quantity for each in counted.counts} == {
        "params",
        "buffers",
        "activation_bytes",
        "macs",
        "useful_macs",
        "backward_macs",
        "connections",
    }


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("lenet", None),
        ("lenet5-1998", None),
        ("mnist1d-cnn", None),
        ("highway", None),
        ("alexnet-2012", 1 / 16),
        ("googlenet", 1 / 16),
        ("resnet20", 0.25),
        ("densenet40", 0.25),
        ("unet", 1 / 64),
    ],
)
def test_networks(name, width):
    counted = check(zoo.build(name, width=width))
    assert counted.differences == ()
    totals = {each.quantity: each.counted for each in counted.totals()}
    assert totals["macs"] == counted.summary.totals.macs > 0
    assert totals["params"] == counted.summary.totals.params


def test_lenet5_has_the_connections_of_its_paper():
    totals = {each.quantity: each.counted for each in check(zoo.build("lenet5-1998")).totals()}
    assert (totals["connections"], totals["params"], totals["buffers"]) == (340_908, 60_000, 840)


def test_a_wrong_formula_is_found(monkeypatch):
    honest = Conv2D.cost
    monkeypatch.setattr(
        Conv2D,
        "cost",
        lambda self, inputs, outputs: Cost(
            macs=honest(self, inputs, outputs).macs + 1, connections=honest(self, inputs, outputs).connections
        ),
    )
    counted = check(zoo.build("lenet"))
    assert {(each.layer, each.quantity) for each in counted.differences} >= {("conv1", "macs"), ("conv2", "macs")}
    assert all(each.formula == each.counted + 1 for each in counted.differences if each.quantity == "macs")


def scaled(y, x, factor):
    N, C, H, W = y.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    y[n, c, h, w] = factor[c] * x[n, c, h, w]


def scaled_backward_input(dx, dy, factor):
    N, C, H, W = dx.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    dx[n, c, h, w] = factor[c] * dy[n, c, h, w]


def scaled_backward_factor(dfactor, dy, x):
    N, C, H, W = dy.shape
    for c in range(C):
        total = 0.0
        for n in range(N):
            for h in range(H):
                for w in range(W):
                    total += dy[n, c, h, w] * x[n, c, h, w]
        dfactor[c] = total


class Scaled(Layer):
    forward, backward = scaled, (scaled_backward_input, scaled_backward_factor)

    def parameters(self, inputs):
        return (ParameterSpec("factor", inputs[0][:1], fan_in=1, init="ones"),)

    def cost(self, inputs, outputs):
        return Cost(str(inputs[0][0]), macs=prod(outputs[0]), connections=prod(outputs[0]))


def test_a_layer_of_ones_own_is_counted_by_its_own_loops():
    counted = check(Graph(Sequential(Conv2D(3, 1), Scaled()), (2, 4, 5)))
    assert counted.differences == ()
    assert [each.counted for each in counted.counts if each.layer == "scaled1"] == [3, 0, 240, 60, 60, 120, 60]
