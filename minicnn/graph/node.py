"""The parts of a network's graph: nodes, the values between them, and where each parameter lies in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from minicnn.layers import Layer, Shape


class ValueRef(NamedTuple):
    """An array between two nodes: output `output` of node `node`, or the network's input where `node` is -1."""

    node: int
    output: int = 0


INPUT = ValueRef(-1)


class Step(NamedTuple):
    """A layer in its place, before any shape is known; `path` names the blocks it lies in, outermost first."""

    name: str
    layer: Layer
    inputs: tuple[ValueRef, ...]
    path: tuple[str, ...]

    @property
    def where(self) -> str:
        """How a message calls it: "conv3 ('Conv2D', 5x5, padding 0)"."""
        return f"{self.name} ({', '.join((repr(self.layer.kind()), *self.layer.brief()))})"


class ParameterSlot(NamedTuple):
    """A parameter in the network's one array of float32: `offset` and `size` count floats, `node` is the index of its node, the first
    if a layer stands in several places.

    One that is not `trainable` is a buffer: it lies in the same array behind all parameters, and is not counted as one.  One that is
    `frozen` is a parameter that training leaves as it is.
    """

    name: str
    shape: Shape
    offset: int
    size: int
    node: int
    fan_in: int
    init: str | float
    trainable: bool
    frozen: bool = False
    fan_out: int = 0

    @property
    def learns(self) -> bool:
        """Whether it has a gradient and an optimizer changes it."""
        return self.trainable and not self.frozen


@dataclass(frozen=True)
class Node:
    """A layer in its place, with shapes: what the engine plans with.  Nodes come in an order in which they can be computed.

    One layer in several places is several nodes with the same slots.
    """

    index: int
    name: str
    layer: Layer
    inputs: tuple[ValueRef, ...]
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    path: tuple[str, ...]
    slots: tuple[ParameterSlot, ...]

    @property
    def own_slots(self) -> tuple[ParameterSlot, ...]:
        """Its slots, none if they are those of an earlier node."""
        return tuple(slot for slot in self.slots if slot.node == self.index)

    @property
    def learns(self) -> bool:
        """Whether it has a parameter that training changes."""
        return any(slot.learns for slot in self.slots)

    @property
    def frozen(self) -> bool:
        """Whether all its parameters are frozen; a batch normalization is then what it is in use."""
        return not self.learns and any(slot.trainable for slot in self.slots)

    @property
    def shares_with(self) -> int | None:
        """Index of the node whose parameters it uses, None if they are its own."""
        return self.slots[0].node if self.slots and self.slots[0].node != self.index else None
