"""Shape inference: what goes in and out of every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicnn.errors import GraphError
from minicnn.graph.node import INPUT, Step, ValueRef
from minicnn.layers import Shape


class Shapes(NamedTuple):
    """Shapes of the inputs and outputs of one step."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]


def propagate(steps: Sequence[Step], input_shape: Shape, known: list[Shapes]) -> None:
    """Append the shapes of the steps to `known`, up to the first that does not fit: its own ShapeError comes through."""
    for step in steps:
        inputs = tuple(shape_of(ref, known, input_shape) for ref in step.inputs)
        outputs = step.layer.output_shapes(step.where, inputs)
        if len(outputs) != step.layer.output_count:
            raise GraphError(f"{step.where} promises {step.layer.output_count} outputs, but gives the shapes of {len(outputs)}")
        known.append(Shapes(inputs, outputs))


def shape_of(ref: ValueRef, known: Sequence[Shapes], input_shape: Shape) -> Shape:
    """The shape of a value."""
    return input_shape if ref == INPUT else known[ref.node].outputs[ref.output]


def ways_to(refs: Sequence[ValueRef], steps: Sequence[Step]) -> set[int]:
    """All steps that these values depend on."""
    on_the_way: set[int] = set()
    open_ends = [ref.node for ref in refs]
    while open_ends:
        index = open_ends.pop()
        if index >= 0 and index not in on_the_way:
            on_the_way.add(index)
            open_ends += [ref.node for ref in steps[index].inputs]
    return on_the_way
