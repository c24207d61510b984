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
import linecache
import textwrap
from typing import NamedTuple

from minicnn.kernels import index
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.syntax import array_of, assigned, indices, inside, letter_of, letters, loops, name_of, places, stores


class Level(NamedTuple):
    """A loop whose turns are threads.

    stop : how many turns
    """

    letter: str
    stop: ast.expr
    line: int


class Kept(NamedTuple):
    """A loop that each thread does in order, and why."""

    letter: str
    line: int
    reason: str


class Threads(NamedTuple):
    """A definition, cut into threads.

    levels : the loops that become threads, from the outside in
    body : what each thread does: the statements between the levels, and all that is inside the last
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


def threads(definition: Definition) -> Threads:
    """Find the loops whose turns may run at the same time.

    Raises
    ------
    SettingError
        If there is none: "FILE:LINE: reason", of the outermost loop.
    """
    whole = definition.loop
    levels: list[Level] = []
    parallel: list[ast.For] = []
    body: list[ast.stmt] = []
    loop, reason = whole, _against(definition, whole)
    while not reason:
        parallel.append(loop)
        *between, last = loop.body
        inner = last if isinstance(last, ast.For) and not stores(between) and not loops(between) else None
        reason = _against(definition, inner) if inner else "other statements stand beside it"
        levels.append(Level(letter_of(loop), _stop(loop), loop.lineno))
        body += loop.body if reason else between
        loop = inner or loop
    if not levels:
        definition.refuse(whole, f"no loop of {definition.name} may become threads: {reason}")
    beside = f"other statements stand beside it in the loop over {levels[-1].letter}"
    others = [each for each in loops(whole) if each not in parallel]
    kept = [Kept(letter_of(each), each.lineno, _against(definition, each) or beside) for each in others]
    axes = {name: {letter_of(each): _axes(definition, name, each)[0] for each in parallel} for name in definition.outputs}
    return Threads(definition, tuple(levels), tuple(body), axes, tuple(sorted(kept, key=lambda each: each.line)))


def marked(parallel: Threads) -> str:
    """The statements with their line numbers; a remark says "threads" of a loop, or "in order" and why.

    81  N, C, L = x.shape
    82  for n in range(N):          # threads
    83      for c in range(C):      # threads
    84          total = np.float64(0.0)
    85          for l in range(L):  # in order: total (line 86) is carried from one turn of l to the next
    86              total += x[n, c, l]
    87          y[n, c] = total / L
    """
    definition = parallel.definition
    remarks = {each.line: "threads" for each in parallel.levels}
    remarks |= {each.lineno: "every thread clears its own part" for each in definition.clearings}
    remarks |= {each.line: f"in order: {each.reason}" for each in parallel.kept}
    first, last = definition.body[0].lineno, definition.loop.end_lineno or 0
    whole = "".join(linecache.getline(definition.python.__code__.co_filename, n) for n in range(first, last + 1))
    lines = dict(enumerate(textwrap.dedent(whole).splitlines(), first))
    width = max(len(lines[n]) for n in remarks)
    shown = {n: f"{text:{width}}  # {remarks[n]}" if n in remarks else text for n, text in lines.items()}
    return "\n".join(f"{n:{len(str(last))}}  {text}" for n, text in shown.items())


def _stop(loop: ast.For) -> ast.expr:
    return loop.iter.args[0]  # type: ignore[attr-defined]


def _against(definition: Definition, loop: ast.For) -> str:
    """What keeps the turns of a loop from running at the same time; "" if nothing does."""
    return _against_names(loop) or _against_places(definition, loop) or _against_range(definition, loop)


def _against_names(loop: ast.For) -> str:
    own = assigned(loop) - letters(loop)
    for each in from_before(loop.body):
        if name_of(each) in own:
            return f"{name_of(each)} (line {each.lineno}) is carried from one turn of {letter_of(loop)} to the next"
    return ""


def _against_places(definition: Definition, loop: ast.For) -> str:
    letter = letter_of(loop)
    for name in definition.outputs:
        if _axes(definition, name, loop):
            continue
        of_output = places(definition.loop, name)
        for each in sorted(of_output, key=lambda place: isinstance(place.ctx, ast.Load)):
            if not _own(definition, each, loop):
                read = isinstance(each.ctx, ast.Load)
                clash = "a turn may read what another one writes" if read else "two turns may write the same place"
                return f"{letter} is not by itself an index of {ast.unparse(each)} (line {each.lineno}): {clash}"
        one, usual = of_output[0], _own(definition, of_output[0], loop).items()
        other = next(each for each in of_output if not usual <= _own(definition, each, loop).items())
        return f"{letter} is another index in {ast.unparse(other)} (line {other.lineno}) than in {ast.unparse(one)} (line {one.lineno})"
    return ""


def _against_range(definition: Definition, loop: ast.For) -> str:
    letter, counts = letter_of(loop), loop.iter
    if not isinstance(counts, ast.Call) or len(counts.args) != 1:
        return f"{letter} counts in {ast.unparse(counts)}, not from 0"
    for each in inside(counts.args):
        if name_of(each) in assigned(definition.loop):
            return f"how far {letter} counts depends on {name_of(each)}, which is not known before the outermost loop"
        if array_of(each):
            return f"how far {letter} counts is read from an array, {ast.unparse(each)}"
    return ""


def _axes(definition: Definition, name: str, loop: ast.For) -> list[int]:
    """The axes of an output that the letter alone decides, in the same way at every place."""
    ways = [_own(definition, each, loop) for each in places(definition.loop, name)]
    return [axis for axis, text in ways[0].items() if all(way.get(axis) == text for way in ways)]


def _own(definition: Definition, place: ast.Subscript, loop: ast.For) -> dict[int, str]:
    """Axis -> index, for the indices of a place that are different for every turn of the letter."""
    return {axis: ast.unparse(each) for axis, each in enumerate(indices(place)) if _one_to_one(definition, each, loop)}


def _one_to_one(definition: Definition, node: ast.expr, loop: ast.For) -> bool:
    """Whether every turn of the loop has another value of this."""
    function = definition.functions.get(name_of(node.func)) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and function and function.python is index.weight_tap:
        tap, taps, flip = map(ast.unparse, node.args)
        return tap == letter_of(loop) and taps == ast.unparse(_stop(loop)) and flip in definition.settings
    return name_of(node) == letter_of(loop)
