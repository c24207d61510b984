"""What is called under stress: small networks, kernels, training; each with what it must give, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.datasets import Dataset

IMAGES = 256
CLASSES = 10
SHAPE = (1, 28, 28)
THREADS = 2

Arrays = list[np.ndarray]


class Work(NamedTuple):
    """Something to compute: `call` does it, `result` does it from a known beginning and gives arrays to be compared."""

    call: Callable[[], object]
    result: Callable[[], Arrays]


def images(rng: np.random.Generator, count: int = IMAGES, shape: Sequence[int] = SHAPE) -> np.ndarray:
    return rng.standard_normal((count, *shape), dtype=np.float32)


def labels(rng: np.random.Generator, count: int = IMAGES) -> np.ndarray:
    return rng.integers(CLASSES, size=count)


def lenet() -> minicnn.Graph:
    return minicnn.zoo.build("lenet", CLASSES, SHAPE, seed=0)


def normalized() -> minicnn.Graph:
    block = L.Sequential(
        L.Conv2D(8, 3, padding=1),
        L.BatchNorm2D(),
        L.ReLU(),
        L.MaxPool2D(2),
        L.Residual(L.Sequential(L.Conv2D(8, 3, padding=1), L.BatchNorm2D(), L.ReLU())),
        L.GlobalAvgPool(),
        L.Linear(CLASSES),
    )
    return minicnn.Graph(block, SHAPE, name="normalized")


def dropping() -> minicnn.Graph:
    block = L.Sequential(L.Conv2D(6, 5, stride=2), L.Tanh(), L.AvgPool2D(2), L.Flatten(), L.Dropout(0.5), L.Linear(CLASSES))
    return minicnn.Graph(block, SHAPE, name="dropping")


def one_axis() -> minicnn.Graph:
    block = L.Sequential(L.Conv1D(8, 5), L.ReLU(), L.MaxPool1D(2), L.Conv1D(8, 3), L.Sigmoid(), L.Flatten(), L.Linear(CLASSES))
    return minicnn.Graph(block, (1, 40), name="one axis")


NETWORKS: tuple[Callable[[], minicnn.Graph], ...] = (lenet, normalized, dropping, one_axis)


def gradients(net: minicnn.Graph, x: np.ndarray, classes: np.ndarray) -> Arrays:
    loss, found = net.backward(x, classes)
    return [np.array([loss]), *found.values()]


def forward(rng: np.random.Generator) -> Work:
    net, x = lenet(), images(rng)
    return same(lambda: [net.forward(x)])


def turned(rng: np.random.Generator) -> Work:
    """Images that have to be copied first: the copy is the call's own."""
    net, x = lenet(), images(rng)[::-1]
    return same(lambda: [net.forward(x)])


def backward(rng: np.random.Generator) -> Work:
    net, x, classes = lenet(), images(rng), labels(rng)
    return same(lambda: gradients(net, x, classes))


def convolution(rng: np.random.Generator) -> Work:
    x, weight = images(rng, 16, (8, 28, 28)), images(rng, 16, (8, 3, 3))
    return same(lambda: [kernels.conv2d(x, weight, padding=1)])


def convolution_gradient(rng: np.random.Generator) -> Work:
    x, dy = images(rng, 16, (8, 28, 28)), images(rng, 16, (16, 26, 26))
    return same(lambda: [kernels.conv2d_backward_weight(dy, x, (16, 8, 3, 3))])


def pooling(rng: np.random.Generator) -> Work:
    x = images(rng, 32, (16, 24, 24))
    return same(lambda: [kernels.max_pool2d(x, 2)])


def step(rng: np.random.Generator) -> Work:
    x, classes = images(rng), labels(rng)
    return training(lambda trainer: trainer.step(x, classes))


def fit(rng: np.random.Generator) -> Work:
    data = Dataset(images(rng, 4 * IMAGES), labels(rng, 4 * IMAGES), tuple("0123456789"))

    return training(lambda trainer: trainer.fit(data, epochs=1))


def training(update: Callable[[minicnn.Trainer], object]) -> Work:
    """An update of a network, always from the same beginning."""
    net = lenet()
    trainer = minicnn.Trainer(net, threads=THREADS)
    arrays, numbers = trainer.checkpoint()
    beginning = {name: value.copy() for name, value in arrays.items()}

    def updated() -> Arrays:
        trainer.restore(beginning, numbers)
        update(trainer)
        return [value.copy() for value in net.parameters.values()]

    return same(updated)


def same(result: Callable[[], Arrays]) -> Work:
    return Work(result, result)


WORKLOADS: dict[str, Callable[[np.random.Generator], Work]] = {
    "forward": forward,
    "turned": turned,
    "backward": backward,
    "convolution": convolution,
    "convolution gradient": convolution_gradient,
    "pooling": pooling,
    "step": step,
    "fit": fit,
}


def equal_bits(found: Arrays, wanted: Arrays) -> bool:
    return len(found) == len(wanted) and all(a.tobytes() == b.tobytes() for a, b in zip(found, wanted, strict=True))
