"""The text of a step, `def NAME(memory, parameters, table, row, frame)`, with all that it needs around it; and the step that it defines."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.generated import load
from minicnn.kernels.derive.text import around, imports
from minicnn.kernels.machine_code.compile import StepKernel

DECORATOR = "@njit(error_model='numpy')"
NOTHING_DERIVED: Mapping[str, str] = {}


class Arguments(NamedTuple):
    """What the arguments of a step are called in a text."""

    memory: str
    parameters: str
    table: str
    row: str
    frame: str

    @classmethod
    def beside(cls, function: Function) -> Arguments:
        """Names that a function does not use."""
        return cls(*map(function.free, cls._fields))


def step_text(function: Function, head: Iterable[str], lines: Iterable[str], derived: Mapping[str, str] = NOTHING_DERIVED) -> str:
    """The module that defines a step.

    head : what is imported
    lines : the step's statements
    derived : functions that it calls whose text is another one than their own
    """
    blocks = {**around(function, {}, DECORATOR), **derived}
    first = f"def {function.name}({', '.join(Arguments.beside(function))}):"
    return "\n".join([*head, *imports(function), *blocks.values(), first, *lines]) + "\n"


@functools.cache
def derived_step(name: str, text: str, fields: tuple[tuple[str, type], ...], math: frozenset[str] = frozenset()) -> StepKernel:
    """The step that a text defines; equal texts are one step, for as long as the process lives: programs hold its address."""
    return StepKernel(load(text, name), dict(fields), set(math), splits=False, text=text)


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]
