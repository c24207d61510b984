"""One layer in several places: which steps are the same object, and whether its parameters fit them all."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.errors import GraphError
from minicnn.geometry import shape_text
from minicnn.graph.node import Step
from minicnn.graph.shapes import Shapes
from minicnn.layers import ParameterSpec


def homes_of(steps: Sequence[Step], shapes: Sequence[Shapes]) -> list[int]:
    """For every step the first one with the same layer: the same object, not just an equal one.

    Raises
    ------
    GraphError
        If a layer with parameters would need other shapes in another place.
    """
    first: dict[int, int] = {}
    homes = [first.setdefault(id(step.layer), index) for index, step in enumerate(steps)]
    for index, home in enumerate(homes):
        if index != home:
            wanted, there = (steps[each].layer.parameters(shapes[each].inputs) for each in (index, home))
            if [(spec.name, spec.shape) for spec in wanted] != [(spec.name, spec.shape) for spec in there]:
                raise GraphError(_clash(steps[home], shapes[home], there, steps[index], shapes[index], wanted))
    return homes


def _clash(first: Step, known: Shapes, there: Sequence[ParameterSpec], second: Step, here: Shapes, wanted: Sequence[ParameterSpec]) -> str:
    lines = [f"{second.where} is the same layer as {first.name}, but needs parameters of other shapes"]
    rows = [
        (
            step.name,
            f"input {', '.join(shape_text(shape) for shape in shapes.inputs)}",
            ", ".join(f"{spec.name} {shape_text(spec.shape)}" for spec in specs),
        )
        for step, shapes, specs in ((first, known, there), (second, here, wanted))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines += [f"  {name:<{widths[0]}}  {inputs:<{widths[1]}}  {words}" for name, inputs, words in rows]
    return "\n".join([*lines, "  use a layer of its own for each place, or inputs of one shape"])
