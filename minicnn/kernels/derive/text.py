"""Python text made from a definition: all that it needs from around it, and its own statements, in the letters of the original."""

from __future__ import annotations

import ast
import copy
import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.syntax import inside, name_of

NO_CHANGE = ast.NodeTransformer()


def statements(nodes: Iterable[ast.stmt], change: ast.NodeTransformer = NO_CHANGE, depth: int = 1) -> list[str]:
    """Lines of text, `depth` levels in; `change` renames what the other machine calls otherwise."""
    text = "\n".join(ast.unparse(ast.fix_missing_locations(change.visit(copy.deepcopy(each)))) for each in nodes)
    return textwrap.indent(text, "    " * depth).splitlines()


def around(function: Function, given: Mapping[str, Function], decorator: str, change: ast.NodeTransformer = NO_CHANGE) -> dict[str, str]:
    """The numbers (under "") and the functions that a text uses from around it, so that nothing else is needed to run it.

    given : the functions that are handed in as arguments, under the arguments' names

    Raises
    ------
    SettingError
        If two of them have one name and are not the same.
    """
    numbers, functions = surroundings(function, given)
    blocks = {"": "\n".join(f"{name} = {literal(number)}" for name, number in numbers.items())} if numbers else {}
    for name, each in functions.items():
        blocks[name] = "\n".join([decorator, f"def {name}({', '.join(each.arguments)}):", *statements(each.body, change)])
    return blocks


def imports(function: Function) -> list[str]:
    """Lines that import the modules that it uses, and those of the functions that it calls; `math` is there already."""
    found: dict[str, ModuleType] = {}
    for each in (function, *surroundings(function, {})[1].values()):
        used = {name_of(node.value) for node in inside(each.body) if isinstance(node, ast.Attribute)} - {"math", *each.arguments}
        found |= {name: module for name in used if isinstance(module := each.python.__globals__.get(name), ModuleType)}
    return [f"import {module.__name__} as {name}" for name, module in sorted(found.items())]


def surroundings(function: Function, given: Mapping[str, Function]) -> tuple[dict[str, float], dict[str, Function]]:
    """The numbers and the functions, those that are needed first, that a text uses from around it, `given` ones included.

    Raises
    ------
    SettingError
        If two of them have one name and are not the same.
    """
    numbers: dict[str, float] = {}
    functions: dict[str, Function] = {}
    for name, each in _used({**function.functions, **given}):
        if functions.setdefault(name, each).python is not each.python:
            each.refuse(None, f"{name} is another function in {functions[name].file}: rename one of them")
    for each in (function, *functions.values()):
        for name, number in each.numbers.items():
            if repr(numbers.setdefault(name, number)) != repr(number):
                each.refuse(None, f"{name} is {number} here and {numbers[name]} elsewhere: rename one of them")
    return numbers, functions


def _used(functions: Mapping[str, Function]) -> Iterator[tuple[str, Function]]:
    """Every function under the name that calls it, those that it needs first."""
    for name, each in functions.items():
        yield from _used(each.functions)
        yield name, each


def literal(number: float) -> str:
    """A number as a text that imports `math` writes it."""
    if isinstance(number, float) and not math.isfinite(number):
        return "math.nan" if math.isnan(number) else f"{'-' if number < 0 else ''}math.inf"
    return repr(number)
