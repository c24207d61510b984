"""A network as nodes in order, with every shape and the place of every parameter, and not one byte allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from minicnn.errors import ShapeError
from minicnn.geometry import LARGEST_SETTING
from minicnn.graph.node import INPUT, Node, ParameterSlot, ValueRef
from minicnn.graph.shapes import infer
from minicnn.graph.wiring import wire
from minicnn.layers import Element, ParameterSpec, Shape

SLOT_ALIGNMENT = 16   # floats: 64 bytes, one cache line and one AVX-512 register


@dataclass(frozen=True, repr=False)
class Topology:
    """What a block becomes for an input of one shape; `Topology.build` makes it.

    nodes : in an order in which they can be computed
    outputs : the values that come out
    slots : every parameter, in the order of the nodes
    memory_size : floats that hold all parameters, the gaps between them included
    """

    element: Element
    input_shape: Shape
    nodes: tuple[Node, ...]
    outputs: tuple[ValueRef, ...]
    slots: tuple[ParameterSlot, ...]
    memory_size: int

    @classmethod
    def build(cls, element: Element, input_shape: Sequence[int]) -> Topology:
        """Wire the element, infer every shape, give every parameter its place.

        Parameters
        ----------
        element : Element
            A layer or block: the whole network.
        input_shape : (C, *space) or (F,)
            One image, without the batch.
        """
        shape = checked_shape(input_shape)
        steps, outputs = wire(element)
        last = {ref.node for ref in outputs}
        nodes = []
        slots: list[ParameterSlot] = []
        end = 0
        for index, (step, shapes) in enumerate(zip(steps, infer(steps, shape), strict=True)):
            own = []
            for spec in step.layer.parameters(shapes.inputs):
                own.append(_slot(step.name, spec, end, index, index in last))
                end = _aligned(end + spec.size)
            slots += own
            nodes.append(Node(index, step.name, step.layer, step.inputs, *shapes, step.path, tuple(own)))
        return cls(element, shape, tuple(nodes), outputs, tuple(slots), end)

    def shape_of(self, ref: ValueRef) -> Shape:
        """The shape of a value, without the batch."""
        return self.input_shape if ref == INPUT else self.nodes[ref.node].output_shapes[ref.output]

    def name_of(self, ref: ValueRef) -> str:
        """What a table calls a value: "input", "conv1", or "split1:1" for another than the first output."""
        if ref == INPUT:
            return "input"
        return self.nodes[ref.node].name + (f":{ref.output}" if ref.output else "")

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        return tuple(self.shape_of(ref) for ref in self.outputs)

    @property
    def parameter_count(self) -> int:
        return sum(slot.size for slot in self.slots)

    @property
    def trainable_count(self) -> int:
        return sum(slot.size for slot in self.slots if slot.trainable)


def checked_shape(shape: Sequence[int]) -> Shape:
    """The shape of a network's input: positive whole numbers, channels first."""
    fits = isinstance(shape, Sequence) and 1 <= len(shape) <= 4 and all(
        hasattr(size, "__index__") and not isinstance(size, bool) and 1 <= size.__index__() <= LARGEST_SETTING for size in shape)
    if not fits:
        raise ShapeError(f"input_shape {shape!r} is not the shape of an image: channels and up to three sizes, all at least 1"
                         f"\n  use (1, 28, 28) for gray images of 28 x 28 pixels; the batch is not part of it")
    return tuple(size.__index__() for size in shape)


def _slot(node_name: str, spec: ParameterSpec, offset: int, index: int, last: bool) -> ParameterSlot:
    init = "he/10" if last and spec.init == "he" else spec.init   # the layer that gives the logits starts out unsure
    return ParameterSlot(f"{node_name}.{spec.name}", spec.shape, offset, prod(spec.shape), index, spec.fan_in, init, spec.trainable)


def _aligned(size: int) -> int:
    return -(-size // SLOT_ALIGNMENT) * SLOT_ALIGNMENT
