"""The message when a network does not fit its input: the layer's error, the sizes on the way to it, and what would fit."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.graph.node import Step
from minicnn.graph.repair import repairs
from minicnn.graph.shapes import Shapes, ways_to
from minicnn.layers import Shape

TABLE_LINES = 14  # of a size table in a message: longer ones lose their middle


def autopsy(error: ShapeError, steps: Sequence[Step], known: Sequence[Shapes], input_shape: Shape) -> str:
    """The message about the first step whose shapes are unknown."""
    headline, _, details = str(error).partition("\n")
    lines = [headline, *_size_table(steps, known, input_shape), *filter(None, [details])]
    words = repairs(steps, known, input_shape)
    if words:
        lines.append(f"  use {_any_of(words)}")
    return "\n".join(lines)


def _size_table(steps: Sequence[Step], known: Sequence[Shapes], input_shape: Shape) -> list[str]:
    """One line for every step on the way that changes the shape: name, shape, calculation."""
    rows = [("input", shape_text(input_shape), "")]
    for index in sorted(ways_to(steps[len(known)].inputs, steps)):
        step, (inputs, outputs) = steps[index], known[index]
        workings = step.layer.size_steps(inputs)
        if workings or outputs[0] != inputs[0]:
            rows.append((step.name, ", ".join(shape_text(shape) for shape in outputs), workings))
    if len(rows) > TABLE_LINES:
        rows = [*rows[:4], ("...", "", ""), *rows[5 - TABLE_LINES :]]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"  {name:<{first}}  {shape:<{second}}  {workings}".rstrip() for name, shape, workings in rows]


def _any_of(words: Sequence[str]) -> str:
    """Alternatives: "a, b, or c"; if one of them is itself an alternative, "a; or b"."""
    if any(" or " in word or " and " in word for word in words):
        return "; or ".join(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}{',' if len(words) > 2 else ''} or {words[-1]}"
