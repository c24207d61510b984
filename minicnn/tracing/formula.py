"""The index map in a loop's docstring, with numbers put in.

where  h = p*stride_h + r*dilation_h - pad_h        ->        h = 2*2 + r*1 - 1        ->        h = 2*2 + 1*1 - 1 = 4
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple


class Equation(NamedTuple):
    """name = right, of whole numbers."""

    name: str
    right: ast.expr

    def __str__(self) -> str:
        return f"{self.name} = {text(self.right)}"


def equations(formula: str) -> tuple[Equation, ...]:
    """The equations behind "where"; what is none between numbers, a condition or a sentence, is left out."""
    found = []
    for part in re.split(r",\s{2,}|\n", formula.partition("where")[2]):
        try:
            tree = ast.parse(part.strip().removeprefix("and ").strip()).body
        except SyntaxError:
            continue
        match tree:
            case [ast.Assign(targets=[ast.Name(id=name)], value=right)] if _is_plain(right):
                found.append(Equation(name, right))
    return tuple(found)


def _is_plain(node: ast.expr) -> bool:
    parts = (ast.BinOp, ast.Name, ast.Constant, ast.operator, ast.expr_context)
    return all(isinstance(each, parts) for each in ast.walk(node))


def put_in(equation: Equation, numbers: Mapping[str, int]) -> str:
    """The equation with what is known in place of letters; worked out where all is."""
    name, right = numbers.get(equation.name), text(equation.right, numbers)
    if any(isinstance(each, ast.Name) and each.id not in numbers for each in ast.walk(equation.right)):
        return f"{equation.name} = {right}" if name is None else f"{name} = {right}"
    value = eval(compile(ast.Expression(equation.right), "<formula>", "eval"), dict(numbers))
    return f"{equation.name} = {right}" + ("" if right == str(value) else f" = {value}")


def text(node: ast.expr, numbers: Mapping[str, int] | None = None, inner: int = 0) -> str:
    """An expression as the docstrings write it, spaces around sums only."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            sign, rank = {ast.Add: (" + ", 1), ast.Sub: (" - ", 1), ast.FloorDiv: (" // ", 2), ast.Mod: (" mod ", 2)}.get(
                type(op), ("*", 2)
            )
            written = f"{text(left, numbers, rank)}{sign}{text(right, numbers, rank + 1)}"
            return f"({written})" if rank < inner else written
        case ast.Name(id=name) if numbers and name in numbers:
            value = numbers[name]
            return f"({value})" if value < 0 else str(value)
    return ast.unparse(node)
