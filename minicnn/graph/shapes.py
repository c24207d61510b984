"""Shape inference: what goes in and out of every step, or the reason why it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicnn.errors import GraphError, ShapeError
from minicnn.geometry import shape_text
from minicnn.graph.node import INPUT, Step, ValueRef
from minicnn.layers import Shape

TABLE_LINES = 14          # a size table in a message: longer ones lose their middle
LARGEST_TRY = 1 << 14     # pixels; no repair is looked for beyond


class Shapes(NamedTuple):
    """Shapes of the inputs and outputs of one step."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]


def infer(steps: Sequence[Step], input_shape: Shape) -> list[Shapes]:
    """The shapes of every step.

    Raises
    ------
    ShapeError
        Where a step does not fit its inputs, with all sizes up to there and the changes that would make it fit.
    """
    known: list[Shapes] = []
    for step in steps:
        inputs = tuple(shape_of(ref, known, input_shape) for ref in step.inputs)
        try:
            outputs = step.layer.output_shapes(step.where, inputs)
        except ShapeError as error:
            raise ShapeError(_autopsy(error, steps, known, inputs, input_shape)) from None
        if len(outputs) != step.layer.output_count:
            raise GraphError(f"{step.where} promises {step.layer.output_count} outputs, but gives the shapes of {len(outputs)}")
        known.append(Shapes(inputs, outputs))
    return known


def shape_of(ref: ValueRef, known: Sequence[Shapes], input_shape: Shape) -> Shape:
    """The shape of a value."""
    return input_shape if ref == INPUT else known[ref.node].outputs[ref.output]


def _autopsy(error: ShapeError, steps: Sequence[Step], known: Sequence[Shapes], inputs: tuple[Shape, ...], input_shape: Shape) -> str:
    """The layer's words, the sizes on the way to it, and what would fit."""
    headline, _, details = str(error).partition("\n")
    broken = steps[len(known)]
    lines = [headline, *_size_table(steps, known, broken, input_shape), *filter(None, [details])]
    repairs = [*broken.layer.repairs(inputs)]
    if repairs:
        larger = _smallest_input(steps[: len(known) + 1], input_shape)
        if larger is not None:
            repairs.append(f"an input of at least {shape_text(larger[1:])}")
        lines.append(f"  use {_any_of(repairs)}")
    return "\n".join(lines)


def _size_table(steps: Sequence[Step], known: Sequence[Shapes], broken: Step, input_shape: Shape) -> list[str]:
    """One line for every step on the way that changes the shape: name, shape, how it comes about."""
    on_the_way: set[int] = set()
    open_ends = [ref.node for ref in broken.inputs]
    while open_ends:
        index = open_ends.pop()
        if index >= 0 and index not in on_the_way:
            on_the_way.add(index)
            open_ends += [ref.node for ref in steps[index].inputs]
    rows = [("input", shape_text(input_shape), "")]
    for index in sorted(on_the_way):
        step, (inputs, outputs) = steps[index], known[index]
        workings = step.layer.size_steps(inputs)
        if workings or outputs[0] != inputs[0]:
            rows.append((step.name, ", ".join(shape_text(shape) for shape in outputs), workings))
    if len(rows) > TABLE_LINES:
        rows = [*rows[:4], ("...", "", ""), *rows[5 - TABLE_LINES:]]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"  {name:<{first}}  {shape:<{second}}  {workings}".rstrip() for name, shape, workings in rows]


def _smallest_input(steps: Sequence[Step], input_shape: Shape) -> Shape | None:
    """The smallest input, no axis smaller than now, that passes all these steps; None if growing it does not help."""
    def grown(least: int) -> Shape:
        return input_shape[0], *(max(size, least) for size in input_shape[1:])

    def fits(least: int) -> bool:
        known: list[Shapes] = []
        try:
            for step in steps:
                inputs = tuple(shape_of(ref, known, grown(least)) for ref in step.inputs)
                known.append(Shapes(inputs, step.layer.output_shapes(step.where, inputs)))
        except ShapeError:
            return False
        return True

    if len(input_shape) < 2:
        return None
    short = min(input_shape[1:])
    enough = max(2, 2 * short)
    while not fits(enough):
        short, enough = enough, 2 * enough
        if enough > LARGEST_TRY:
            return None
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if fits(middle) else (middle, enough)
    return grown(enough)


def _any_of(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}{',' if len(words) > 2 else ''} or {words[-1]}"
