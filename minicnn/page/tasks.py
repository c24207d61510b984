"""What a page trains: a network with its data, signals of MNIST-1D, and points in the plane."""

from __future__ import annotations

from typing import Any

import minicnn.layers as L
from minicnn import zoo
from minicnn.datasets import Dataset, load
from minicnn.errors import DataError
from minicnn.geometry import shape_text
from minicnn.losses import BOXES, CLASS, MASK, SoftmaxCrossEntropy
from minicnn.network import Graph
from minicnn.page.assets import Start, data_assets, network_assets
from minicnn.page.walk import walk
from minicnn.preparation import BYTES, Preparation
from minicnn.train.trainer import usual_loss
from minicnn.trained_on import TrainedOn

FEATURES = 7  # that script/points.js makes of a point
SCENES = Start(16, 0.003, 0.01)  # a picture with boxes has much to say
POINTS = Start(16, 0.01, 0.1)
SIGNALS = 30_000  # numbers of embedded signals, of both splits
FRAMED = {"digits": 1.0, "mnist": 20 / 28, "qmnist": 20 / 28, "emnist-mnist": 20 / 28, "emnist-digits": 20 / 28}  # side of the ink's box


def image_task(net: Graph, train: Dataset, test: Dataset, known: TrainedOn | None = None) -> dict[str, Any]:
    """A network with images; `known` if it is trained.

    Raises
    ------
    GraphError, DataError
        If a page cannot take one of them, see `network_assets` and `data_assets`.
    """
    data, loss = data_assets(train, test), known.loss if known else usual_loss(net)
    if train.target not in loss.targets or (train.target == CLASS) != (len(net.output_shape) == 1):
        raise DataError(
            f"{net.name} is trained by {loss.kind()}, for {shape_text(net.output_shape)} outputs, but {train.name} asks for {train.target}"
        )
    if train.target in (MASK, BOXES) and train.input_shape != net.input_shape:
        what = "masks" if train.target == MASK else "boxes"
        raise DataError(
            f"{what} cannot be scaled: {train.name} has {shape_text(train.input_shape)}, {net.name} takes {shape_text(net.input_shape)}"
        )
    preparation = known.preparation if known else Preparation.of(train, net.input_shape)
    trained_on = known or TrainedOn(preparation, tuple(train.classes), train.input_shape, train.name, 0, loss)
    shown = walk(net)
    asked = {"objects": train.labels.shape[1], "start": SCENES} if train.target == BOXES else {}
    return {
        "kind": "images",
        "title": f"{net.name} on {train.name}",
        "network": network_assets(net, shown, of_steps(preparation, data), trained_on, known is not None, train.target, **asked),
        "data": data,
        "share": FRAMED.get(train.name, 1.0),
        "own": shown.own,
    }


def of_steps(preparation: Preparation, data: dict[str, Any]) -> Preparation:
    """The same for what a page holds: floats as bytes, low + byte * step.  What is saved keeps the preparation of the floats."""
    if preparation.unit == BYTES:
        return preparation
    low, whole = data["low"], 255 * data["step"]
    mean = tuple((each - low) / whole for each in preparation.mean)
    return Preparation(preparation.input_shape, mean, tuple(each / whole for each in preparation.std), BYTES)


def signal_task() -> dict[str, Any]:
    """The network of MNIST-1D with signals rounded to 255 steps."""
    train, test = (load("mnist1d", split) for split in ("train", "test"))
    data = data_assets(train, test, SIGNALS)
    net = zoo.build("mnist1d-cnn")
    shown = walk(net)
    preparation = Preparation.of(train, net.input_shape)
    known = TrainedOn(preparation, tuple(train.classes), train.input_shape, train.name, 0, SoftmaxCrossEntropy())
    return {
        "kind": "images",
        "title": "signals: mnist1d-cnn",
        "network": network_assets(net, shown, of_steps(preparation, data), known, False),
        "data": data,
        "share": 1.0,
        "own": shown.own,
    }


def point_task() -> dict[str, Any]:
    """A small network for points of two classes."""
    block = L.Sequential(L.Linear(8), L.Tanh(), L.Linear(8), L.Tanh(), L.Linear(2))
    net = Graph(block, (FEATURES,), name="points")
    shown = walk(net)
    preparation = Preparation.none(net.input_shape)
    known = TrainedOn(preparation, ("orange", "blue"), net.input_shape, "points", 0, SoftmaxCrossEntropy())
    return {
        "kind": "points",
        "title": "points in the plane",
        "network": network_assets(net, shown, preparation, known, False, start=POINTS),
        "data": None,
        "share": 1.0,
        "own": shown.own,
    }
