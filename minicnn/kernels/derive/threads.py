"""Which loops of a definition may make their turns at the same time.

A loop's turns may run at the same time, in any order, one thread each, if no turn reads or writes what another one writes.  It is seen
from the text, from the outside in:

* the loop counts from 0, `for k in range(K)`, and K is known before the outermost loop;
* its letter is an index of its own, at the same axis, wherever an output is stored to or read: another k is another place.  The letter
  stands there alone, or through `weight_tap`, which turns an axis around: another r is still another tap;
* every name that a turn reads is a setting or a size, or was assigned in this turn before;
* nothing is stored beside it: between two loops that become threads there are only names, and every thread works them out for itself.

The first loop that may not ends it: that loop, and what is inside, each thread does in order, so that every sum keeps its order and bits.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from minicnn.errors import SettingError
from minicnn.kernels import index
from minicnn.kernels.derive.definition import Definition, array_of, indices, stores
from minicnn.kernels.derive.flow import from_before


class Level(NamedTuple):
    """A loop whose turns are threads.

    stop : how many turns
    between : the statements between this loop and the next of these; every thread does them
    """

    letter: str
    stop: ast.expr
    between: tuple[ast.stmt, ...]
    line: int


class Kept(NamedTuple):
    """A loop that each thread does in order, and why."""

    letter: str
    line: int
    reason: str


class Threads(NamedTuple):
    """A definition, cut into threads.

    levels : the loops that become threads, from the outside in
    body : what each thread does after the statements between the levels
    axes : output -> letter -> the axis that it is the index of
    kept : the other loops, in the order of the text
    """

    definition: Definition
    levels: tuple[Level, ...]
    body: tuple[ast.stmt, ...]
    axes: dict[str, dict[str, int]]
    kept: tuple[Kept, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that are threads, from the outside in."""
        return tuple(each.letter for each in self.levels)

    @property
    def between(self) -> tuple[ast.stmt, ...]:
        """All that stands between the levels."""
        return tuple(each for level in self.levels for each in level.between)


def threads(definition: Definition) -> Threads:
    """Find the loops whose turns may run at the same time.

    Raises
    ------
    SettingError
        If there is none: "FILE:LINE: reason", of the outermost loop.
    """
    whole = definition.loop
    levels: list[Level] = []
    loops: list[ast.For] = []
    loop, reason = whole, _against(definition, whole)
    while not reason:
        loops.append(loop)
        *between, last = loop.body
        beside = any(stores(part) or isinstance(node, ast.For) for part in between for node in ast.walk(part))
        inner = last if isinstance(last, ast.For) and not beside else None
        reason = _against(definition, inner) if inner else "other statements stand beside it"
        levels.append(Level(_letter(loop), _stop(loop), () if reason else tuple(between), loop.lineno))
        loop = inner if inner and not reason else loop
    if not levels:
        raise SettingError(f"{definition.file}:{whole.lineno}: no loop of {definition.name} may become threads: {reason}")
    kept = tuple(
        Kept(
            _letter(each),
            each.lineno,
            _against(definition, each) or f"other statements stand beside it in the loop over {levels[-1].letter}",
        )
        for each in ast.walk(whole)
        if isinstance(each, ast.For) and each not in loops
    )
    axes = {name: {_letter(each): _axes(definition, name, each)[0] for each in loops} for name in definition.outputs}
    return Threads(definition, tuple(levels), tuple(loop.body), axes, tuple(sorted(kept, key=lambda each: each.line)))


def _letter(loop: ast.For) -> str:
    return ast.unparse(loop.target)


def _stop(loop: ast.For) -> ast.expr:
    return loop.iter.args[0]  # type: ignore[attr-defined]


def _against(definition: Definition, loop: ast.For) -> str:
    """What keeps the turns of a loop from running at the same time; "" if nothing does."""
    return _against_names(loop) or _against_places(definition, loop) or _against_range(definition, loop)


def _against_range(definition: Definition, loop: ast.For) -> str:
    letter, counts = _letter(loop), loop.iter
    if not isinstance(counts, ast.Call) or len(counts.args) != 1:
        return f"{letter} counts in {ast.unparse(counts)}, not from 0"
    within = _assigned(definition.loop) | {_letter(each) for each in ast.walk(definition.loop) if isinstance(each, ast.For)}
    for each in ast.walk(counts.args[0]):
        if isinstance(each, ast.Name) and each.id in within:
            return f"how far {letter} counts depends on {each.id}, which is not known before the outermost loop"
        if isinstance(each, ast.Subscript) and array_of(each):
            return f"how far {letter} counts is read from an array, {ast.unparse(each)}"
    return ""


def _against_names(loop: ast.For) -> str:
    letter, assigned = _letter(loop), _assigned(loop)
    for each in from_before(loop.body):
        if isinstance(each, ast.Name) and each.id in assigned:
            return f"{each.id} (line {each.lineno}) is carried from one turn of {letter} to the next"
    return ""


def _against_places(definition: Definition, loop: ast.For) -> str:
    letter = _letter(loop)
    for name in definition.outputs:
        if _axes(definition, name, loop):
            continue
        places = _places(definition, name)
        for each in sorted(places, key=lambda place: isinstance(place.ctx, ast.Load)):
            if not _own(definition, each, loop):
                clash = (
                    "a turn may read what another one writes" if isinstance(each.ctx, ast.Load) else "two turns may write the same place"
                )
                return f"{letter} is not by itself an index of {ast.unparse(each)} (line {each.lineno}): {clash}"
        one, usual = places[0], _own(definition, places[0], loop).items()
        other = next(each for each in places if not usual <= _own(definition, each, loop).items())
        return f"{letter} is another index in {ast.unparse(other)} (line {other.lineno}) than in {ast.unparse(one)} (line {one.lineno})"
    return ""


def _assigned(loop: ast.For) -> set[str]:
    """The names, not letters, that are assigned inside a loop."""
    letters = {_letter(each) for each in ast.walk(loop) if isinstance(each, ast.For)}
    return {each.id for each in ast.walk(loop) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)} - letters


def _places(definition: Definition, name: str) -> list[ast.Subscript]:
    """Where the outermost loop stores to an array or reads it, in the order of the text."""
    found = [each for each in ast.walk(definition.loop) if isinstance(each, ast.Subscript) and array_of(each) == name]
    return sorted(found, key=lambda each: (each.lineno, each.col_offset))


def _axes(definition: Definition, name: str, loop: ast.For) -> list[int]:
    """The axes of an output that the letter alone decides, in the same way at every place."""
    ways = [_own(definition, each, loop) for each in _places(definition, name)]
    return [axis for axis, text in ways[0].items() if all(way.get(axis) == text for way in ways)]


def _own(definition: Definition, place: ast.Subscript, loop: ast.For) -> dict[int, str]:
    """Axis -> index, for the indices of a place that are different for every turn of the letter."""
    return {axis: ast.unparse(each) for axis, each in enumerate(indices(place)) if _one_to_one(definition, each, loop)}


def _one_to_one(definition: Definition, node: ast.expr, loop: ast.For) -> bool:
    """Whether every turn of the loop has another value of this."""
    function = definition.functions.get(node.func.id) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
    if isinstance(node, ast.Call) and function and function.python is index.weight_tap:
        tap, taps, flip = (ast.unparse(each) for each in node.args)
        return tap == _letter(loop) and taps == ast.unparse(_stop(loop)) and flip in definition.settings
    return ast.unparse(node) == _letter(loop)
