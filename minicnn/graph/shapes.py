"""Shape inference: what goes in and out of every step."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import NamedTuple

from minicnn.errors import GraphError
from minicnn.graph.node import INPUT, Step, ValueRef
from minicnn.layers import Shape


class Shapes(NamedTuple):
    """Shapes of the inputs and outputs of one step."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]


def propagate(steps: Sequence[Step], input_shape: Shape, known: list[Shapes]) -> None:
    """Append the shapes of the steps to `known`, up to the first that does not fit, which raises its own ShapeError."""
    for step in steps:
        inputs = tuple(shape_of(ref, known, input_shape) for ref in step.inputs)
        outputs = step.layer.output_shapes(step.where, inputs)
        if not (
            isinstance(outputs, tuple) and all(isinstance(each, tuple) and all(isinstance(n, Integral) for n in each) for each in outputs)
        ):
            raise GraphError(
                f"{step.where}: output_shapes gives {outputs!r}, but must give a tuple of shapes of whole numbers, as ((8, 6, 6),)"
            )
        if len(outputs) != step.layer.output_count:
            raise GraphError(f"{step.where} declares {step.layer.output_count} outputs, but gives shapes for {len(outputs)}")
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
