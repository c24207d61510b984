"""What is known of a definition once it is read: its arguments and what they are, its loop, what it uses from around it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Function:
    """A function inside the grammar, read.

    python : the plain function
    body : its statements, without the docstring
    arrays : the arguments that have places or a shape
    called : the arguments that are functions
    ranks : array -> how many indices its places have; 0 where `.flat` counts them
    numbers, functions : what it uses from around it, by the names in its text
    """

    name: str
    arguments: tuple[str, ...]
    body: tuple[ast.stmt, ...]
    arrays: tuple[str, ...]
    called: tuple[str, ...]
    ranks: dict[str, int]
    numbers: dict[str, float]
    functions: dict[str, Function]
    python: Any  # FunctionType; a type checker would take it for a method
    file: str
    line: int


@dataclass(frozen=True, eq=False)
class Definition(Function):
    """A textbook loop, read.

    outputs : the arrays that are stored to, as the arguments stand; `inputs` are the other arrays, `settings` what is left
    before : the statements before the loop; `clearings` are those that clear an output
    loop : the outermost loop
    """

    outputs: tuple[str, ...]
    before: tuple[ast.stmt, ...]
    clearings: tuple[ast.Assign, ...]
    loop: ast.For

    @property
    def inputs(self) -> tuple[str, ...]:
        """The arrays that are only read."""
        return tuple(each for each in self.arrays if each not in self.outputs)

    @property
    def settings(self) -> tuple[str, ...]:
        """Numbers, tuples of numbers, and functions."""
        return tuple(each for each in self.arguments if each not in self.arrays)


def stores(node: ast.AST) -> list[ast.Subscript]:
    """Every `array[...]` below a node that is stored to."""
    return [each for each in ast.walk(node) if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)]


def array_of(place: ast.Subscript) -> str:
    """The array that `x[...]` or `x.flat[...]` is a place of; "" for what is not a place of an array, as `x.shape[0]`."""
    base = place.value
    if isinstance(base, ast.Attribute) and base.attr == "flat":
        base = base.value
    return base.id if isinstance(base, ast.Name) else ""


def indices(place: ast.Subscript) -> list[ast.expr]:
    """The indices of a place, one an axis."""
    return elements(place.slice)


def elements(node: ast.expr) -> list[ast.expr]:
    """The parts of `a, b`; of anything else, itself."""
    return node.elts if isinstance(node, ast.Tuple) else [node]
