"""From nested blocks to a list of steps: which feeds which, and their names.

Names: a layer's own name, or its stem and a number (conv1, conv2, ...), counted within the named block it lies in.  A named
block puts its name before those of its layers: "stage2.conv1".  Blocks without a name do not appear.  One and the same named layer or
block in several places is called "tower", "tower2", "tower3".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from minicnn.errors import GraphError
from minicnn.graph.node import INPUT, Step, ValueRef
from minicnn.layers import Block, Element, Layer
from minicnn.layers.description import MOST_LEVELS, MOST_PARTS


class Recorder:
    """The wiring that blocks are given: it records what they place."""

    def __init__(self) -> None:
        self.placed: list[tuple[Layer, tuple[ValueRef, ...], tuple[str, ...]]] = []
        self._path: tuple[str, ...] = ()
        self._blocks: dict[tuple[str, ...], Element] = {}
        self._numbers: Counter[tuple[str, ...]] = Counter()
        self._in_place: dict[int, tuple[Layer, tuple[Layer, ...]]] = {}  # of one layer in several places the same layers stand there
        self._parts = 1  # the outermost block is not placed
        self._level = 1

    def place(self, element: Element, *values: ValueRef) -> tuple[ValueRef, ...]:
        _values(f"place({element!r}, ...) is given", values)
        self._parts += 1
        self._level += 1
        if self._parts > MOST_PARTS or self._level > MOST_LEVELS:
            raise GraphError(f"a network has at most {MOST_PARTS:,} layers and blocks, nested at most {MOST_LEVELS} deep")
        outputs = self._placed(element, values)
        self._level -= 1
        return outputs

    def _placed(self, element: Element, values: tuple[ValueRef, ...]) -> tuple[ValueRef, ...]:
        if isinstance(element, Layer):
            _, layers = self._in_place.setdefault(id(element), (element, element.in_place()))
            for layer in layers:
                self.placed.append((layer, values, self._path))
                values = tuple(ValueRef(len(self.placed) - 1, output) for output in range(layer.output_count))
            return values
        if not isinstance(element, Block):
            raise GraphError(f"a network is made of layers and blocks, but {element!r} is neither")
        if element.name is None:
            return self.wired(element, values)
        outer, self._path = self._path, self._scope(element, element.name)
        outputs = self.wired(element, values)
        self._path = outer
        return outputs

    def called(self, name: str) -> tuple[Layer, tuple[ValueRef, ...]]:
        """The last layer of this name, and its inputs; a GraphError that says which names there are if there is none."""
        seen = [each for each in self.placed if each[0].name is not None and each[2] == self._path[: len(each[2])]]
        for layer, inputs, _ in reversed(seen):
            if layer.name == name:
                return layer, inputs
        known = ", ".join(dict.fromkeys(str(layer.name) for layer, _, _ in seen))
        raise GraphError(
            f"no layer before it is called {name!r}"
            + (f"\n  named are {known}" if known else f"\n  give the layer its name, as in MaxPool2D(2, name={name!r})")
        )

    def wired(self, block: Block, values: tuple[ValueRef, ...]) -> tuple[ValueRef, ...]:
        """What comes out of a block."""
        outputs: Any = block.wire(self, *values)
        return _values(f"wire of {block.where()} returns", outputs)

    def _scope(self, block: Element, name: str) -> tuple[str, ...]:
        """The path of a named block; a number tells the places of one block apart."""
        path = (*self._path, name)
        if self._blocks.get(path, block) is not block:
            raise GraphError(f"two blocks are called {'.'.join(path)!r}\n  give one of them another name")
        first = path
        while path in self._blocks:
            self._numbers[first] += 1
            path = (*self._path, f"{name}{self._numbers[first] + 1}")
        self._blocks[path] = block
        return path


def _values(what: str, given: Any) -> tuple[ValueRef, ...]:
    if isinstance(given, ValueRef) or not isinstance(given, tuple | list) or not all(isinstance(each, ValueRef) for each in given):
        raise GraphError(
            f"{what} something else than a tuple of values of the network\n  place(layer, *values) gives a tuple of values, as wire returns: (y,) = wiring.place(layer, x)"
        )
    return tuple(given)


def wire(network: Element) -> tuple[tuple[Step, ...], tuple[ValueRef, ...]]:
    """The steps of a network in an order in which they can be computed, and the values that come out of it."""
    recorder = Recorder()
    # the name of the outermost block names the network, not a part of it
    outputs = recorder.wired(network, (INPUT,)) if isinstance(network, Block) else recorder.place(network, INPUT)
    if not recorder.placed:
        raise GraphError("a network needs at least one layer")
    names = _names([(layer, path) for layer, _, path in recorder.placed])
    steps = tuple(Step(name, layer, inputs, path) for name, (layer, inputs, path) in zip(names, recorder.placed, strict=True))
    return steps, outputs


def _names(layers: Sequence[tuple[Layer, tuple[str, ...]]]) -> list[str]:
    owners: dict[str, dict[int, Layer]] = {}
    for layer, path in layers:
        if layer.name is not None:
            owners.setdefault(".".join((*path, layer.name)), {})[id(layer)] = layer
    for name, called in owners.items():
        if len(called) > 1:
            raise GraphError(f"{len(called)} layers are called {name!r}\n  give each a name of its own, or none")
    taken, placed, numbers = set(owners), set[str](), Counter[str]()
    names = []
    for layer, path in layers:
        name = stem = ".".join((*path, layer.name or layer.stem or layer.kind().lower()))
        if layer.name is None or name in placed:
            numbers[stem] += 1 if layer.name is None or numbers[stem] else 2
            while f"{stem}{numbers[stem]}" in taken:
                numbers[stem] += 1
            name = f"{stem}{numbers[stem]}"
        placed.add(name)
        taken.add(name)
        names.append(name)
    return names
