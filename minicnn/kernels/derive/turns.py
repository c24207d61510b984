"""The turns of a loop that can store at one place of an output."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from minicnn.kernels.derive.definition import array_of, indices, stores
from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.watched import Watched


def turn_at_place(
    watched: Watched, node: ast.For, output: str, shape: tuple[int, ...], place: tuple[int, ...], values: dict[str, Any]
) -> list[int] | None:
    """The one turn that can store at the place (or none), where the others leave nothing that is read later; else None: all are made.

    Other than threads, these loops may stand anywhere in the definition, and other outputs may meet in them.
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
    if not watched.function.ranks[output]:  # counted by .flat
        place = (int(np.ravel_multi_index(place, shape)),)
    values, turns, several = dict(values), set(), eval(watched.code(node.iter), values)
    targets = [each for each in stores(node) if array_of(each) == output]
    for target in targets:
        own = {axis: each for axis, each in enumerate(indices(target)) if letter in loaded(each) and not loaded(each) & assigned}
        alone = [place[axis] for axis, each in own.items() if isinstance(each, ast.Name)]  # the letter itself: no search
        for values[letter] in [each for each in alone if each in several] if alone else several:
            if all(eval(watched.code(each), values) == place[axis] for axis, each in own.items()):
                turns.add(values[letter])
        if not own:
            return None
    return sorted(turns) if targets and len(turns) < 2 else None


def letter_of(loop: ast.For) -> str:
    return ast.unparse(loop.target)


def loaded(node: ast.AST) -> set[str]:
    """The names that are read."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
