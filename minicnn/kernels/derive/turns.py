"""The turns of a loop that can store at one place of an output.

Other than threads, these loops may stand anywhere in the definition, and other outputs may meet in them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from minicnn.kernels.derive.definition import array_of, indices, stores
from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.watched import Watched, loaded

Own = dict[int, ast.expr]


def own_indices(watched: Watched, node: ast.For, output: str) -> list[Own] | None:
    """Of every store to the output in a loop, axis -> the index that hangs on the loop's letter alone.

    None where all turns have to be made: the loop does not store to the output, or not at a place that its letter tells, or a turn reads
    what another one leaves.
    """
    inside, letter = set(ast.walk(node)), letter_of(node)
    assigned = {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)} - {letter}
    letters = {letter_of(each) for each in inside if isinstance(each, ast.For)}
    whole = [each for statement in watched.function.body for each in ast.walk(statement)]
    later = {each.id for each in whole if each not in inside and isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    carried = {each.id for each in from_before(node.body) if isinstance(each, ast.Name)}
    if (assigned - letters) & later or assigned & carried:
        return None
    for name in watched.read_back & {array_of(each) for each in stores(node)}:
        if len({ast.unparse(each) for each in whole if isinstance(each, ast.Subscript) and array_of(each) == name}) > 1:
            return None  # a turn may read what another has stored
    found = [
        {axis: each for axis, each in enumerate(indices(target)) if letter in loaded(each) and not loaded(each) & assigned}
        for target in stores(node)
        if array_of(target) == output
    ]
    return found if found and all(found) else None


def turn_at_place(
    watched: Watched, letter: str, turns: Iterable[int], own: list[Own], place: tuple[int, ...], values: dict[str, Any]
) -> list[int] | None:
    """The one turn that can store at the place, or none; None where several can."""
    found, values = set(), dict(values)
    for store in own:
        alone = [place[axis] for axis, each in store.items() if isinstance(each, ast.Name)]  # the letter itself: no search
        for values[letter] in [each for each in alone if each in turns] if alone else turns:
            if all(eval(watched.code(each), values) == place[axis] for axis, each in store.items()):
                found.add(values[letter])
    return sorted(found) if len(found) < 2 else None


def letter_of(loop: ast.For) -> str:
    return ast.unparse(loop.target)
