"""What statements may read before they have written it themselves: it comes from an earlier turn, or from before the loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.syntax import array_of, assigned, elements, letter_of

Read = ast.Name | ast.Subscript


def from_before(statements: Iterable[ast.stmt]) -> Iterator[Read]:
    """Every name and every place of an array that these statements read where they have not certainly written it before.

    A loop may make no turn, and only one branch of an `if` is taken: what is written there may be read there, not after it.  A second
    loop over the same range may read, turn by turn, the places that the first one wrote.
    Places are compared as they are written, `y[n, k]` with `y[n, k]`.
    """
    yield from _block(statements, set())


def updated(definition: Definition) -> tuple[str, ...]:
    """The outputs whose old content the loop may read: it works in place, as an optimizer on its parameters.  The others are only results."""
    cleared = {array_of(each.targets[0]) for each in definition.clearings}
    read = {array_of(each) for each in from_before([definition.loop])}
    return tuple(each for each in definition.outputs if each in read - cleared)


def _block(statements: Iterable[ast.stmt], written: set[str]) -> Iterator[Read]:
    """Adds to `written` what is certainly written after the last statement."""
    for each in statements:
        match each:
            case ast.Assign(targets=[target], value=value):
                yield from _reads([value, *_indices(target)], written)
                for part in elements(target):
                    _forget_places(assigned(part), written)
                    written.add(ast.unparse(part))
            case ast.AugAssign(target=ast.Name() | ast.Subscript() as target, value=value):
                yield from _reads([value, *_indices(target)], written)
                if ast.unparse(target) not in written:
                    yield target
            case ast.If(test=test, body=body, orelse=other):
                yield from _reads([test], written)
                then, otherwise = set(written), set(written)
                yield from _block(body, then)
                yield from _block(other, otherwise)
                written.clear()
                written |= then & otherwise
            case ast.For(iter=several, body=body):
                yield from _reads([several], written)
                header = f"for {letter_of(each)} in {ast.unparse(several)}: "
                _forget_places(assigned(body), written)  # an earlier turn may have assigned them
                before = written | {letter_of(each)} | {fact.removeprefix(header) for fact in written if fact.startswith(header)}
                turn = set(before)
                yield from _block(body, turn)
                written |= {header + fact for fact in turn - before if "[" in fact}


def _forget_places(names: Iterable[str], written: set[str]) -> None:
    """A place that is said by a name is another place once the name is assigned."""
    written -= {fact for fact in written if "[" in fact and not set(names).isdisjoint(re.findall(r"[^\W\d]\w*", fact))}


def _indices(target: ast.expr) -> list[ast.expr]:
    return [target.slice] if isinstance(target, ast.Subscript) else []


def _reads(values: Iterable[ast.AST], written: set[str]) -> Iterator[Read]:
    for each in values:
        if isinstance(each, ast.Name) or array_of(each):
            if ast.unparse(each) not in written:
                yield each  # type: ignore[misc]
            yield from _reads(_indices(each), written)  # type: ignore[arg-type]
        else:
            yield from _reads(ast.iter_child_nodes(each), written)
