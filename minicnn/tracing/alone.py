"""One layer as a network of its own, for the fast engine: the same numbers go in, so that what comes out may differ by rounding only."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from minicnn import engine
from minicnn.graph import Node
from minicnn.layers import Block, Layer, Reshape, Shape
from minicnn.layers.base import Value, Wiring
from minicnn.network import Graph

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, repr=False)
class Part(Layer, registered=False):
    """Some of a row of numbers, `count` from `first` on."""

    forward = "slice1d_forward"
    backward = "slice1d_backward"

    first: int
    count: int

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return ((1, self.count),)

    def loop_settings(self, inputs: tuple[Shape, ...]) -> dict[str, Any]:
        return {"first_w": self.first, "stride_w": 1}


@dataclass(frozen=True, repr=False)
class Alone(Block, registered=False):
    """A layer behind its inputs; of several, one row of numbers is cut into them.

    number : of the layer in its network, which what is drawn by chance depends on
    """

    layer: Layer = field(default=None)  # type: ignore[assignment]
    shapes: tuple[Shape, ...] = ()
    number: int = 0

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        inputs, placed = list(values), 0
        if len(self.shapes) > 1:
            first, inputs = 0, []
            for shape in self.shapes:
                cut = wiring.place(Part(first, prod(shape)), *values)
                inputs += wiring.place(Reshape(shape), *cut)
                first, placed = first + prod(shape), placed + 2
        for _ in range(self.number - placed):
            (inputs[0],) = wiring.place(Reshape(self.shapes[0]), inputs[0])
        return wiring.place(self.layer, *inputs)


class Single:
    """The layer of a node, with parameters by short name."""

    def __init__(self, node: Node, parameters: Arrays, by_chance: bool = False) -> None:
        self.node, self.shapes = node, node.input_shapes
        shape = self.shapes[0] if len(self.shapes) == 1 else (1, sum(map(prod, self.shapes)))
        self.net = Graph(Alone(layer=node.layer, shapes=self.shapes, number=node.index if by_chance else 0), shape)
        self.names = {}
        for slot, own in zip(node.slots, self.net.nodes[-1].slots, strict=True):
            name = self.names[own.name] = slot.name.rpartition(".")[2]
            self.net.arrays[own.name][...] = parameters[name]
        self.net.refreeze([own.name for slot, own in zip(node.slots, self.net.nodes[-1].slots, strict=True) if slot.frozen])

    def forward(self, inputs: list[np.ndarray]) -> np.ndarray:
        """y, in inference mode."""
        return engine.forward(self.net, self._joined(inputs))

    def backward(self, inputs: list[np.ndarray], dy: np.ndarray, key: int | None) -> Arrays:
        """Gradients: "dx", or "dx1", "dx2", ...; "dweight" and so on.  With a key in training mode."""
        dx, gradients = engine.backward_from(self.net, self._joined(inputs), dy, key=key)
        found = {f"d{self.names[name]}": gradient for name, gradient in gradients.items()}
        if len(self.shapes) == 1:
            return {"dx": dx, **found}
        ends = np.cumsum([0, *map(prod, self.shapes)])
        row = dx.reshape(len(dx), -1)
        return found | {
            f"dx{n}": row[:, first:stop].reshape(len(dx), *shape)
            for n, (first, stop, shape) in enumerate(zip(ends[:-1], ends[1:], self.shapes, strict=True), 1)
        }

    def _joined(self, inputs: list[np.ndarray]) -> np.ndarray:
        if len(inputs) == 1:
            return np.ascontiguousarray(inputs[0])
        return np.concatenate([x.reshape(len(x), 1, -1) for x in inputs], axis=2)
