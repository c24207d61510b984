"""The networks of a suite: which rows are measured, and what a name stands for.

Beside the zoo there are LeNets whose second convolution shares its weights otherwise: `lenet-unshared`, a filter for every position,
and `lenet-tiled`, 2 x 2 filters that take turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minicnn import zoo
from minicnn.bench.options import Options
from minicnn.layers import Conv2D, Flatten, Linear, MaxPool2D, ReLU, Sequential
from minicnn.network import Graph

Work = tuple[tuple[str, tuple[int, ...]], ...]  # names, and how many images at once

SHARING: dict[str, Any] = {"lenet-unshared": "unshared", "lenet-tiled": 2}


def build(name: str) -> Graph:
    """A network by its name; the same parameters every time."""
    if name not in SHARING:
        return zoo.build(name)
    second = Conv2D(16, 5, sharing=SHARING[name])
    layers = (Conv2D(6, 5, padding=2), ReLU(), MaxPool2D(2), second, ReLU(), MaxPool2D(2))
    return Graph(Sequential(*layers, Flatten(), Linear(120), ReLU(), Linear(84), ReLU(), Linear(10)), (1, 28, 28), name=name)


def is_known(name: str) -> bool:
    """Whether there is a network of this name."""
    return name in SHARING or name in zoo.names()


def names(work: Work, options: Options) -> list[str]:
    """The rows of a suite; any other network is one if it is called by its full name."""
    usual = [name for name, _ in work]
    return [*usual, options.layers] if options.layers not in usual and is_known(options.layers) else usual


def chosen(work: Work, options: Options, others: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The rows that are wanted, with their batches: those of `options`, else those of the suite, `others` for a network that it lacks."""
    usual = dict(work)
    for name in names(work, options):
        if options.wants(name):
            yield name, options.batches or usual.get(name, others)
