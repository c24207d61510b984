"""A network as nodes in order, with every shape and the place of every parameter; nothing is allocated."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicnn.errors import GraphError, ShapeError
from minicnn.geometry import LARGEST_SETTING
from minicnn.graph.autopsy import autopsy
from minicnn.graph.node import INPUT, Node, ParameterSlot, Step, ValueRef
from minicnn.graph.shapes import Shapes, propagate
from minicnn.graph.sharing import homes_of
from minicnn.graph.wiring import wire
from minicnn.layers import Element, ParameterSpec, Shape

SLOT_ALIGNMENT = 16  # floats: 64 bytes, one cache line and one AVX-512 register


@dataclass(frozen=True, repr=False)
class Topology:
    """What a block becomes for an input of one shape; `Topology.build` makes it.

    nodes : in an order in which they can be computed
    outputs : the values that come out
    slots : every parameter in the order of the nodes, then every buffer: running statistics, constants
    trainable_size : floats that hold all parameters, the gaps between them included
    memory_size : floats that hold parameters and buffers
    samples : where axes of the input are free, the same graph for two sizes; sizes that differ between them are None
    """

    element: Element
    input_shape: Shape
    nodes: tuple[Node, ...]
    outputs: tuple[ValueRef, ...]
    slots: tuple[ParameterSlot, ...]
    trainable_size: int
    memory_size: int
    samples: tuple[Topology, ...] = ()

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
        shapes = _infer(steps, shape)
        homes = homes_of(steps, shapes)
        slots, trainable_size, memory_size = _places(steps, shapes, homes, _giving_logits(steps, outputs))
        own: list[list[ParameterSlot]] = [[] for _ in steps]
        for slot in slots:
            own[slot.node].append(slot)
        nodes = tuple(
            Node(index, step.name, step.layer, step.inputs, *known, step.path, tuple(own[home]))
            for index, (step, known, home) in enumerate(zip(steps, shapes, homes, strict=True))
        )
        return cls(element, shape, nodes, outputs, slots, trainable_size, memory_size)

    def shape_of(self, ref: ValueRef) -> Shape:
        """The shape of a value, without the batch."""
        return self.input_shape if ref == INPUT else self.nodes[ref.node].output_shapes[ref.output]

    def name_of(self, ref: ValueRef) -> str:
        """What a table calls a value: "input", "conv1", or "split1:1" for an output other than the first."""
        if ref == INPUT:
            return "input"
        return self.nodes[ref.node].name + (f":{ref.output}" if ref.output else "")

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        return tuple(self.shape_of(ref) for ref in self.outputs)

    def with_frozen(self, names: Container[str]) -> Topology:
        """The same graph with the parameters of these names frozen, and no others."""
        slots = {slot.name: slot._replace(frozen=slot.name in names) for slot in self.slots}
        nodes = tuple(replace(node, slots=tuple(slots[slot.name] for slot in node.slots)) for node in self.nodes)
        samples = tuple(each.with_frozen(names) for each in self.samples)
        return replace(self, nodes=nodes, slots=tuple(slots.values()), samples=samples)

    @property
    def frozen(self) -> frozenset[str]:
        """Names of the parameters that training leaves as they are."""
        return frozenset(slot.name for slot in self.slots if slot.frozen)

    @property
    def parameter_count(self) -> int:
        """Numbers that training can change: all but buffers."""
        return sum(slot.size for slot in self.slots if slot.trainable)

    @property
    def learning_count(self) -> int:
        """Numbers that training changes: all parameters that are not frozen."""
        return sum(slot.size for slot in self.slots if slot.learns)

    @property
    def buffer_count(self) -> int:
        """Numbers that are stored with the parameters but not trained."""
        return sum(slot.size for slot in self.slots if not slot.trainable)


def checked_shape(shape: Sequence[int]) -> Shape:
    """The shape of a network's input: positive whole numbers, channels first."""
    fits = (
        isinstance(shape, Sequence)
        and 1 <= len(shape) <= 4
        and all(hasattr(size, "__index__") and not isinstance(size, bool) and 1 <= size.__index__() <= LARGEST_SETTING for size in shape)
    )
    if not fits:
        raise ShapeError(
            f"input_shape {shape!r} is not the shape of an image: channels and up to three sizes, all at least 1"
            f"\n  use (1, 28, 28) for gray images of 28 x 28 pixels; the batch is not part of it"
        )
    return tuple(size.__index__() for size in shape)


def _infer(steps: Sequence[Step], input_shape: Shape) -> list[Shapes]:
    """The shapes of every step.

    Raises
    ------
    ShapeError
        Where a step does not fit its inputs, with all sizes up to there and the changes that would make it fit.
    """
    known: list[Shapes] = []
    try:
        propagate(steps, input_shape, known)
    except ShapeError as error:
        raise ShapeError(autopsy(error, steps, known, input_shape)) from None
    return known


def _giving_logits(steps: Sequence[Step], outputs: Sequence[ValueRef]) -> set[int]:
    """The steps whose numbers come out as they are, at most moved to other places."""
    found = set()
    for ref in outputs:
        while ref != INPUT:
            found.add(ref.node)
            if not steps[ref.node].layer.only_moves:
                break
            ref = steps[ref.node].inputs[0]
    return found


def _places(
    steps: Sequence[Step], shapes: Sequence[Shapes], homes: Sequence[int], last: Container[int]
) -> tuple[tuple[ParameterSlot, ...], int, int]:
    """Where every parameter and every buffer lies, and how many floats the parameters alone and all together take.

    Buffers lie behind the parameters, so that an optimizer has one stretch of memory to walk.  A layer in several places has its
    parameters at the first.
    """
    inner = {home for index, home in enumerate(homes) if index not in last}
    slots: list[ParameterSlot] = []
    ends = []
    end = 0
    for trainable in (True, False):
        for index, (step, known) in enumerate(zip(steps, shapes, strict=True)):
            for spec in _parameters(step, known) if homes[index] == index else ():
                if spec.trainable is trainable:
                    # the layer that computes the logits, and does nothing else, starts out unsure
                    init = "he/10" if index not in inner and spec.init == "he" else spec.init
                    place = (spec.shape, end, spec.size, index)
                    slots.append(ParameterSlot(f"{step.name}.{spec.name}", *place, spec.fan_in, init, trainable, fan_out=spec.fan_out))
                    end = _aligned(end + spec.size)
        ends.append(end)
    return tuple(slots), ends[0], ends[1]


def _parameters(step: Step, known: Shapes) -> tuple[ParameterSpec, ...]:
    specs: Any = step.layer.parameters(known.inputs)
    if isinstance(specs, ParameterSpec) or not all(isinstance(each, ParameterSpec) for each in specs):
        raise GraphError(f"{step.where}: parameters gives {specs!r}, but must give a tuple of ParameterSpec(name, shape, fan_in)")
    return specs  # type: ignore[no-any-return]


def _aligned(size: int) -> int:
    return -(-size // SLOT_ALIGNMENT) * SLOT_ALIGNMENT
