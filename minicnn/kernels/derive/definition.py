"""What is known of a definition once it is read: its arguments and what they are, its loop, what it uses from around it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from minicnn.errors import SettingError
from minicnn.kernels.derive.syntax import inside, name_of


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

    def refuse(self, node: ast.AST | None, reason: str) -> NoReturn:
        """Say what cannot be derived, "FILE:LINE: reason"; the line is that of the `def` if no statement is to blame."""
        raise SettingError(f"{self.file}:{getattr(node, 'lineno', self.line)}: {reason}")

    def free(self, word: str) -> str:
        """A name that the text does not use: the word, with as many _ behind it as that takes."""
        while word in self._taken:
            word += "_"
        return word

    @cached_property
    def _taken(self) -> set[str]:
        return {name_of(each) for each in inside(self.body)} | set(self.arguments)


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
