"""Statements of a loop in float32: `np.float64(...)` and float constants become float32, and so do whole numbers that meet such a number.

What a loop reads from before it was computed in float64, and is rounded once: the machine says under which name.  Indices, sizes and
whole numbers among themselves stay as they are.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.kinds import INT, Kinds
from minicnn.kernels.derive.syntax import is_float64
from minicnn.kernels.derive.values import CONSTANTS

Own = TypeVar("Own", bound=Function)


class InSingle(ast.NodeTransformer):
    """Rewrites statements in place.

    kinds : of the function that they are of; its syntax tree is the one that is rewritten
    names : number that is known in float64 -> the same in float32
    word : what rounds a number to float32
    """

    def __init__(self, kinds: Kinds, names: Mapping[str, str], word: str = "np.float32") -> None:
        self.kinds, self.names, self.word = kinds, names, word

    def rounded(self, node: ast.expr) -> ast.expr:
        return ast.Call(ast.parse(self.word, mode="eval").body, [node], [])

    def met(self, node: ast.expr) -> ast.expr:
        """A value that meets a number of float32."""
        visited = self.visit(node)
        constant = isinstance(node, ast.Constant) and isinstance(node.value, float)
        return self.rounded(visited) if self.kinds.of.get(node) == INT and not constant else visited  # type: ignore[no-any-return]

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self.rounded(node) if isinstance(node.value, float) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.names:
            return ast.Name(self.names[node.id], node.ctx)
        return self.rounded(node) if isinstance(self.kinds.function.numbers.get(node.id), float) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self.rounded(node) if node.attr in CONSTANTS else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Pow) and self.kinds.of.get(node.right) == INT:
            return ast.BinOp(self.visit(node.left), node.op, node.right)
        if self.kinds.of.get(node, INT) == INT:
            return ast.BinOp(self.visit(node.left), node.op, self.visit(node.right))
        return ast.BinOp(self.met(node.left), node.op, self.met(node.right))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        visit = self.visit if self.kinds.of.get(node, INT) == INT else self.met
        return ast.IfExp(self.visit(node.test), visit(node.body), visit(node.orelse))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if is_float64(node):
            return self.rounded(node.args[0] if isinstance(node.args[0], ast.Constant) else self.visit(node.args[0]))
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        own = name in self.kinds.function.functions or name in self.kinds.function.called
        meets = self.kinds.of.get(node, INT) != INT and not own
        return ast.Call(node.func, [(self.met if meets else self.visit)(each) for each in node.args], [])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        value = self.met(node.value) if self.kinds.of.get(node) != INT else self.visit(node.value)
        return ast.copy_location(ast.AugAssign(self.visit(node.target), node.op, value), node)


def copied(function: Own) -> Own:
    """A function, or a definition, whose statements may be rewritten."""
    parts = [name for name in ("body", "before", "clearings", "loop") if hasattr(function, name)]
    return replace(function, **copy.deepcopy({name: getattr(function, name) for name in parts}))


def functions_in_single(kinds: Kinds) -> dict[str, Function]:
    """The functions that a function calls: those that return anything but whole numbers are computed in float32 as well."""
    return {name: _in_single(each, kinds.called[name]) if name in kinds.called else each for name, each in kinds.function.functions.items()}


def _in_single(function: Function, arguments: Iterable[str]) -> Function:
    own = copied(function)
    kinds = Kinds(own, arguments)
    if all(each == INT for each in kinds.returned):
        return function
    functions = functions_in_single(kinds)
    return replace(own, body=tuple(InSingle(kinds, {}).visit(each) for each in own.body), functions=functions)
