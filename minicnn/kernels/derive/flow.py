"""What statements may read before they have written it themselves: it comes from an earlier turn, or from before the loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from minicnn.kernels.derive.definition import Definition, array_of, elements


def from_before(statements: Iterable[ast.stmt]) -> Iterator[ast.Name | ast.Subscript]:
    """Every name and every place of an array that these statements read where they have not certainly written it before.

    A loop may make no turn, and only one branch of an `if` is taken: what is written there may be read there, not after it.  A second
    loop over the same range may read, turn by turn, the places that the first one wrote.
    Places are compared as they are written, `y[n, k]` with `y[n, k]`.
    """
    yield from _block(statements, set())


def updated(definition: Definition) -> tuple[str, ...]:
    """The outputs whose old content the loop may read: it works in place, as an optimizer on its parameters.  The others are only results."""
    cleared = {array_of(target) for each in definition.clearings for target in each.targets if isinstance(target, ast.Subscript)}
    read = {array_of(each) for each in from_before([definition.loop]) if isinstance(each, ast.Subscript)}
    return tuple(each for each in definition.outputs if each in read - cleared)


def _block(statements: Iterable[ast.stmt], written: set[str]) -> Iterator[ast.Name | ast.Subscript]:
    """Adds to `written` what is certainly written after the last statement."""
    for each in statements:
        if isinstance(each, ast.Assign):
            yield from _reads(each.value, written)
            for target in each.targets:
                yield from _indices_of(target, written)
                _write(target, written)
        elif isinstance(each, ast.AugAssign):
            yield from _reads(each.value, written)
            yield from _indices_of(each.target, written)
            if ast.unparse(each.target) not in written:
                yield each.target  # type: ignore[misc]
        elif isinstance(each, ast.If):
            yield from _reads(each.test, written)
            then, otherwise = set(written), set(written)
            yield from _block(each.body, then)
            yield from _block(each.orelse, otherwise)
            written.clear()
            written |= then & otherwise
        elif isinstance(each, ast.For):
            yield from _reads(each.iter, written)
            header = f"for {ast.unparse(each.target)} in {ast.unparse(each.iter)}: "
            for name in [node.id for part in each.body for node in ast.walk(part) if isinstance(node, ast.Name) and _is_stored(node)]:
                _forget_places(name, written)  # an earlier turn may have assigned it
            before = written | {ast.unparse(each.target)} | {fact.removeprefix(header) for fact in written if fact.startswith(header)}
            turn = set(before)
            yield from _block(each.body, turn)
            written |= {header + fact for fact in turn - before if "[" in fact}


def _write(target: ast.expr, written: set[str]) -> None:
    for each in elements(target):
        if isinstance(each, ast.Name):
            _forget_places(each.id, written)
        written.add(ast.unparse(each))


def _forget_places(name: str, written: set[str]) -> None:
    """A place that is said by a name is another place once the name is assigned."""
    written -= {fact for fact in written if "[" in fact and name in _names(fact)}


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _names(fact: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", fact))


def _indices_of(target: ast.expr, written: set[str]) -> Iterator[ast.Name | ast.Subscript]:
    if isinstance(target, ast.Subscript):
        yield from _reads(target.slice, written)


def _reads(value: ast.expr, written: set[str]) -> Iterator[ast.Name | ast.Subscript]:
    if isinstance(value, ast.Name) and value.id not in written:
        yield value
    elif isinstance(value, ast.Subscript) and array_of(value):
        if ast.unparse(value) not in written:
            yield value
        yield from _reads(value.slice, written)
    else:
        for each in ast.iter_child_nodes(value):
            if isinstance(each, ast.expr):
                yield from _reads(each, written)
