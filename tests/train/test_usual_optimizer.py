"""`Trainer(net)` without settings learns: small networks of every kind, on digits and MNIST-1D.

The floors lie 2 to 3 points below the lowest of ten seeds (the figures stand beside the optimizer), because on other processors sums are
rounded differently and other weights come out; the run of all ten seeds is `python tests/train/test_usual_optimizer.py`.
"""

from __future__ import annotations

import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.optimizers import SGD, USUAL

SEEDS = (0, 1, 2)


def conv(filters):
    return L.Conv2D(filters, 3, padding=1), L.ReLU()


def lenet(activation):
    return (
        L.Conv2D(6, 5, padding=2),
        activation(),
        L.AvgPool2D(2),
        L.Conv2D(16, 5),
        activation(),
        L.AvgPool2D(2),
        L.Flatten(),
        L.Linear(120),
        activation(),
        L.Linear(84),
        activation(),
        L.Linear(10),
    )


def residual():
    return L.Residual(L.Sequential(*conv(16), L.Conv2D(16, 3, padding=1))), L.ReLU()


NETWORKS = {  # layers, and the least accuracy after 10 epochs
    "readme": ((*conv(16), L.MaxPool2D(2), L.Conv2D(32, 3, sharing="unshared"), L.ReLU(), L.Flatten(), L.Linear(10)), 0.94),
    "linear": ((L.Flatten(), L.Linear(10)), 0.93),
    "fully connected": ((L.Flatten(), L.Linear(128), L.ReLU(), L.Linear(64), L.ReLU(), L.Linear(10)), 0.93),
    "sigmoid": (lenet(L.Sigmoid), 0.86),
    "tanh": (lenet(L.Tanh), 0.95),
    "batch normalization": (
        (
            L.Conv2D(16, 3, padding=1),
            L.BatchNorm2D(),
            L.ReLU(),
            L.MaxPool2D(2),
            L.Conv2D(32, 3, padding=1),
            L.BatchNorm2D(),
            L.ReLU(),
            L.MaxPool2D(2),
            L.Flatten(),
            L.Linear(10),
        ),
        0.95,
    ),
    "unshared": (
        (
            L.Conv2D(8, 5, stride=2, sharing="unshared"),
            L.ReLU(),
            L.Conv2D(8, 3, stride=2, sharing="unshared"),
            L.ReLU(),
            L.Flatten(),
            L.Linear(10),
        ),
        0.94,
    ),
    "tiled": (
        (L.Conv2D(16, 3, padding=1, sharing=2), L.ReLU(), L.MaxPool2D(2), L.Conv2D(32, 3, sharing=3), L.ReLU(), L.Flatten(), L.Linear(10)),
        0.94,
    ),
    "nine convolutions": (
        (
            *conv(16),
            *conv(16),
            *conv(16),
            L.MaxPool2D(2),
            *conv(16),
            *conv(16),
            *conv(16),
            L.MaxPool2D(2),
            *conv(16),
            *conv(16),
            *conv(16),
            L.Flatten(),
            L.Linear(10),
        ),
        0.93,
    ),
    "residual": ((*conv(16), L.MaxPool2D(2), *residual(), *residual(), L.Flatten(), L.Linear(10)), 0.94),
    "global average pooling": ((*conv(16), L.MaxPool2D(2), *conv(32), L.MaxPool2D(2), *conv(64), L.GlobalAvgPool(), L.Linear(10)), 0.88),
    "one dimension": (
        (
            L.Conv1D(15, 3, stride=2),
            L.ReLU(),
            L.Conv1D(15, 3, stride=2),
            L.ReLU(),
            L.Conv1D(15, 3, stride=2),
            L.ReLU(),
            L.Flatten(),
            L.Linear(10),
        ),
        0.53,
    ),
}

AT_16 = ("batch normalization", "nine convolutions", "residual", "global average pooling")  # a third of the work


def accuracy(name: str, seed: int) -> float:
    """On the test images, after ten epochs with nothing set."""
    data, shape = ("mnist1d", (1, 40)) if name == "one dimension" else ("digits", (1, 16, 16) if name in AT_16 else (1, 28, 28))
    net = minicnn.Graph(L.Sequential(*NETWORKS[name][0]), input_shape=shape, seed=seed)
    return minicnn.Trainer(net, seed=seed).fit(datasets.load(data), datasets.load(data, "test"), progress=False).test.accuracy


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_without_settings_learns(name):
    assert min(accuracy(name, seed) for seed in SEEDS) >= NETWORKS[name][1]


def test_the_recipe_of_a_network_comes_first():
    assert minicnn.Trainer(minicnn.zoo.build("lenet")).optimizer == SGD(learning_rate=0.05, momentum=0.9, weight_decay=5e-4)
    own = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(10)), input_shape=(1, 28, 28), name="lenet")
    assert minicnn.Trainer(own).optimizer == USUAL
    assert minicnn.Trainer(minicnn.zoo.build("lenet"), SGD(learning_rate=1.0)).optimizer == SGD(learning_rate=1.0)


if __name__ == "__main__":
    for each in NETWORKS:
        found = sorted(accuracy(each, seed) for seed in range(10))
        print(f"{each:24} {100 * found[0]:5.1f} {50 * (found[4] + found[5]):5.1f} {100 * found[9]:5.1f}", flush=True)
