"""The turns of a loop that can store at one place of an output.

Other than threads, these loops may stand anywhere in the definition, and other outputs may meet in them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.syntax import array_of, assigned, indices, inside, letter_of, letters, loaded, name_of, places, stores
from minicnn.kernels.derive.trace.expressions import Watched

Own = dict[int, ast.expr]


def own_indices(watched: Watched, loop: ast.For, output: str) -> list[Own] | None:
    """Of every store to the output in a loop, axis -> the index that hangs on the loop's letter alone.

    None where all turns have to be made: the loop does not store to the output, or not at a place that its letter tells, or a turn reads
    what another one leaves.
    """
    letter, body, whole = letter_of(loop), set(inside(loop)), watched.function.body
    own = assigned(loop) - {letter}
    later = {name_of(each) for each in inside(whole) if each not in body and isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    carried = {name_of(each) for each in from_before(loop.body)}
    if (own - letters(loop)) & later or own & carried:
        return None
    for name in watched.read_back & {array_of(each) for each in stores(loop)}:
        if len({ast.unparse(each) for each in places(whole, name)}) > 1:
            return None  # a turn may read what another has stored
    found = [
        {axis: each for axis, each in enumerate(indices(target)) if letter in loaded(each) and not loaded(each) & own}
        for target in stores(loop)
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
