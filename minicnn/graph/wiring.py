"""From nested blocks to a list of steps: who feeds whom, and what everybody is called.

Names: a layer's own name, or its stem and a number (conv1, conv2, ...), counted within the named block it lies in.  A named
block puts its name before those of its layers: "stage2.conv1".  Blocks without a name leave no trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from minicnn.errors import GraphError
from minicnn.graph.node import INPUT, Step, ValueRef
from minicnn.layers import Block, Element, Layer


class Recorder:
    """The wiring that blocks are given: it writes down what they place."""

    def __init__(self) -> None:
        self.placed: list[tuple[Layer, tuple[ValueRef, ...], tuple[str, ...]]] = []
        self._path: tuple[str, ...] = ()
        self._paths: set[tuple[str, ...]] = set()

    def place(self, element: Element, *values: ValueRef) -> tuple[ValueRef, ...]:
        if isinstance(element, Layer):
            self.placed.append((element, values, self._path))
            return tuple(ValueRef(len(self.placed) - 1, output) for output in range(element.output_count))
        if not isinstance(element, Block):
            raise GraphError(f"a network is made of layers and blocks, but here stands {element!r}")
        if element.name is None:
            return element.wire(self, *values)
        outer, self._path = self._path, (*self._path, element.name)
        if self._path in self._paths:
            raise GraphError(f"two blocks are called {'.'.join(self._path)!r}\n  give one of them another name")
        self._paths.add(self._path)
        outputs = element.wire(self, *values)
        self._path = outer
        return outputs


def wire(network: Element) -> tuple[tuple[Step, ...], tuple[ValueRef, ...]]:
    """The steps of a network in an order in which they can be computed, and the values that come out of it."""
    recorder = Recorder()
    # the name of the outermost block names the network, not a part of it
    outputs = network.wire(recorder, INPUT) if isinstance(network, Block) else recorder.place(network, INPUT)
    if not recorder.placed:
        raise GraphError("a network needs at least one layer")
    names = _names([(layer, path) for layer, _, path in recorder.placed])
    steps = tuple(Step(name, layer, inputs, path) for name, (layer, inputs, path) in zip(names, recorder.placed, strict=True))
    return steps, outputs


def _names(layers: Sequence[tuple[Layer, tuple[str, ...]]]) -> list[str]:
    given = Counter(".".join((*path, layer.name)) for layer, path in layers if layer.name is not None)
    for name, count in given.items():
        if count > 1:
            raise GraphError(f"{count} layers are called {name!r}\n  give each a name of its own, or none")
    numbers: Counter[str] = Counter()
    names = []
    for layer, path in layers:
        if layer.name is not None:
            names.append(".".join((*path, layer.name)))
            continue
        stem = ".".join((*path, layer.stem))
        numbers[stem] += 1
        while f"{stem}{numbers[stem]}" in given:
            numbers[stem] += 1
        names.append(f"{stem}{numbers[stem]}")
    return names
