"""From a traced loop to rows that a reader follows: taps that were skipped are put back, and say where they would have read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from minicnn.kernels.derive import Definition, read
from minicnn.kernels.derive.source import plain
from minicnn.kernels.derive.syntax import array_of, inside, letters, loaded
from minicnn.kernels.derive.trace import Factor, Step, Trace, trace
from minicnn.tracing.axes import letters_of, place_in
from minicnn.tracing.formula import Equation, equations, put_in
from minicnn.tracing.record import NONE, PADDING, Part, Place, Read, Row, Walk


class Loop:
    """A definition and what it was called with.

    arrays : those of the arguments that lie in other axes in the layer
    """

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.function, self.arguments, self.arrays = function, arguments, {**arguments, **arrays}
        self.definition: Definition = read(function)
        self.loop_letters = letters(self.definition.body)
        numbers = {name: value for name, value in arguments.items() if name not in self.definition.arrays}
        space: dict[str, Any] = {"np": np, **{name: plain(each.python) for name, each in self.definition.functions.items()}}
        space |= self.definition.numbers | {name: plain(value) for name, value in arguments.items()}
        sizes = ast.Module([each for each in self.definition.before if each not in self.definition.clearings], [])
        exec(compile(sizes, "<sizes>", "exec"), space)
        self.space = space
        self.numbers = {name: int(value) for name, value in {**numbers, **space}.items() if isinstance(value, int | np.integer)}

    def walk(self, place: Place, output: str) -> tuple[Walk, Trace]:
        """The loop at one place of an output, counted in the loop's own axes."""
        traced = trace(self.function, place, *self.arguments.values(), output=output)
        known = {**self.numbers, **traced.letters}
        map_ = equations(traced.formula)
        rows = [self.row(step, map_, known) for step in traced.steps]
        axes = {name: self.letters(name) for name in self.definition.arrays}
        worked = tuple(put_in(each, known) for each in map_)
        walk = Walk(
            traced.function,
            output,
            self.own_place(output, place),
            traced.letters,
            traced.formula,
            worked,
            axes,
            tuple(parts(traced.steps, rows)),
        )
        return walk, traced

    def letters(self, name: str) -> tuple[str, ...]:
        array = self.arrays[name]
        return letters_of(self.function, name, array.ndim) if isinstance(array, np.ndarray) else ()

    def own_place(self, name: str, place: Place) -> Place:
        """A place that the loop counts in its axes, in those of the layer."""
        view, array = self.arguments.get(name), self.arrays.get(name)
        if not isinstance(view, np.ndarray) or not isinstance(array, np.ndarray) or len(place) != view.ndim:
            return place
        return place_in(array, view, place) if _is_inside(place, view.shape) else place

    def row(self, step: Step, map_: tuple[Equation, ...], known: dict[str, int]) -> Row:
        tap = {letter: value for letter, value in step.letters.items() if letter in self.loop_letters}
        numbers = {**known, **step.letters}
        worked = tuple(
            put_in(each, numbers if all(name in numbers for name in _names(each)) else known)
            for each in map_
            if set(_names(each)) & set(tap)
        )
        reads = tuple(self.read(each) for each in step.factors)
        if step.kind != "skip":
            return Row(step.kind, tap, worked, reads, "", step.term, step.partial, step.text)
        guarded = self.guarded(step)
        reads, note = self.skipped(step, [] if guarded is None else guarded.body, numbers)
        adds = guarded is not None and any(isinstance(each, ast.AugAssign) for each in inside(guarded.body))
        return Row("skip", tap, worked, reads, note, 0.0 if note and adds else None, step.partial, step.text)

    def read(self, factor: Factor) -> Read:
        return Read(factor.name, self.own_place(factor.name, factor.place), factor.value)

    def skipped(self, step: Step, branch: list[ast.stmt], numbers: dict[str, int]) -> tuple[tuple[Read, ...], str]:
        """What a tap would have read in the branch that is skipped, and why it is: it lies outside an array."""
        reads, note = [], ""
        for place in (each for each in inside(branch) if isinstance(each, ast.Subscript) and isinstance(each.value, ast.Name)):
            name = array_of(place)
            if name not in self.definition.inputs or not loaded(place.slice) <= {*self.space, *numbers}:
                continue  # an output, or a loop of the branch would say where
            array, where = self.arguments[name], ast.Expression(place.slice)
            index = cast(Any, eval(compile(ast.fix_missing_locations(where), "<place>", "eval"), {**self.space, **numbers}))
            at = tuple(map(int, index if isinstance(index, tuple) else (index,)))
            if _is_inside(at, array.shape):
                reads.append(Read(name, self.own_place(name, at), array[at].item()))
            else:
                reads.append(Read(name, at, 0.0, inside=False))
                between = any(len(each.ops) > 1 for each in ast.walk(ast.parse(step.text)) if isinstance(each, ast.Compare))
                note = PADDING if between and name.startswith("x") else NONE
        return tuple(reads), note

    def guarded(self, step: Step) -> ast.If | None:
        """The branch whose condition a step found false."""
        found = (node for node in inside(self.definition.body) if isinstance(node, ast.If) and ast.unparse(node.test) == step.text)
        return next(found, None)


def parts(steps: tuple[Step, ...], rows: list[Row]) -> Iterator[Part]:
    """Rows by what they add to; a variable that is set anew begins a new part.  Counters that start at a number are left out."""
    found: list[tuple[str, list[Row]]] = []
    open_: dict[tuple[str, str], list[Row]] = {}
    for step, row in zip(steps, rows, strict=True):
        key = step.function, step.into
        if step.kind == "store" or step.kind == "set" or key not in open_:
            open_[key] = []
            found.append((step.into, open_[key]))
        open_[key].append(row)
        if step.kind == "store":
            del open_[key]
    last = len(found) - 1
    for number, (into, own) in enumerate(found):
        if number == last or len(own) > 1 or own[0].reads:
            yield Part(into, tuple(own))


def _names(equation: Equation) -> list[str]:
    return [each.id for each in ast.walk(equation.right) if isinstance(each, ast.Name)]


def _is_inside(place: Place, shape: tuple[int, ...]) -> bool:
    return len(place) == len(shape) and all(0 <= i < size for i, size in zip(place, shape, strict=True))
