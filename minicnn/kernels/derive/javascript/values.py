"""Values of a definition in JavaScript: every sign with its operands, brackets where they are needed, `round` where compiled code rounds."""

from __future__ import annotations

import ast
import math
from typing import Any

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.javascript.prelude import PRELUDE
from minicnn.kernels.derive.kinds import ELEMENT, INT, Kinds
from minicnn.kernels.derive.syntax import array_of, indices, shape_of
from minicnn.kernels.derive.values import BITS

SIGNS: dict[type[ast.AST], tuple[str, int]] = {  # and how strongly they bind
    ast.Or: ("||", 2),
    ast.And: ("&&", 3),
    ast.BitOr: ("|", 4),
    ast.BitXor: ("^", 5),
    ast.BitAnd: ("&", 6),
    ast.Eq: ("===", 7),
    ast.NotEq: ("!==", 7),
    ast.Lt: ("<", 8),
    ast.LtE: ("<=", 8),
    ast.Gt: (">", 8),
    ast.GtE: (">=", 8),
    ast.LShift: ("<<", 9),
    ast.RShift: (">>>", 9),
    ast.Add: ("+", 10),
    ast.Sub: ("-", 10),
    ast.Mult: ("*", 11),
    ast.Div: ("/", 11),
}
CHOICE, CONJUNCTION, SHIFT, UNARY, WHOLE = 1, 3, 9, 12, 13
CONSTANTS = {"inf": "Infinity", "pi": "Math.PI", "e": "Math.E"}
OTHERWISE = {"int": "Math.trunc", "isnan": "Number.isNaN", "max": "max", "min": "min"}  # not Math. and the same name
EXACT = ("abs", "floor", "ceil", "trunc", "isnan", "max", "min")
TAKEN = {*PRELUDE, "Infinity", "Math", "NaN", "Number", "arguments", "case", "catch", "const", "debugger", "default", "delete", "do"}
TAKEN |= {"enum", "eval", "export", "extends", "function", "instanceof", "let", "new", "round", "super", "switch", "this", "throw"}
TAKEN |= {"typeof", "undefined", "var", "void"}


def named(name: str) -> str:
    """A name as JavaScript may have it."""
    return name + "_" if name in TAKEN else name


def number(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class Values:
    """Writes the values of one function.

    given_round : functions that it calls whose last argument is `round`, since they have no array to know it from
    rounds : whether something that was written needs `round`
    """

    def __init__(self, function: Function, kinds: Kinds, given_round: set[str]) -> None:
        self.function, self.kinds, self.given_round = function, kinds, given_round
        self.rounds = False

    def value(self, node: ast.expr, least: int = 0) -> str:
        """A value, in brackets if it binds less than its surroundings want."""
        text, binds = self.written(node)
        return f"({text})" if binds < least else text

    def stored(self, node: ast.expr) -> str:
        """A value that an array rounds anyway."""
        return self.exact(node)[0] if isinstance(node, ast.BinOp) and type(node.op) in SIGNS else self.value(node)

    def written(self, node: ast.expr) -> tuple[str, int]:
        """A value, rounded where compiled code rounds it, and how strongly it binds."""
        text, binds = self.exact(node)
        if self.kinds.of.get(node) == ELEMENT:
            match node:
                case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int())):
                    self.rounds = True  # as `power` does at every step
                case ast.BinOp():
                    return self.rounded(text), WHOLE
                case ast.Call(func=ast.Attribute(attr=name)) if name not in EXACT:
                    return self.rounded(text), WHOLE
        return text, binds

    def rounded(self, text: str) -> str:
        self.rounds = True
        return f"round({text})"

    def exact(self, node: ast.expr) -> tuple[str, int]:
        value = self.value
        match node:
            case ast.Constant(value=constant):
                return number(constant), WHOLE
            case ast.Name(id=name):
                return named(name), WHOLE
            case ast.Attribute(attr=name) if name in CONSTANTS:
                return CONSTANTS[name], WHOLE
            case ast.Attribute(value=array, attr=attribute):
                return f"{value(array)}." + ("data.length" if attribute == "size" else attribute), WHOLE
            case ast.Subscript(value=base, slice=axis) if shape_of(base):
                return f"{value(base)}[{value(axis)}]", WHOLE
            case ast.Subscript():
                name, axes, where = named(array_of(node)), len(indices(node)), ", ".join(map(value, indices(node)))
                return f"{name}.data[{where if axes == 1 else f'at{axes}({name}, {where})'}]", WHOLE
            case ast.BinOp():
                return self.operation(node)
            case ast.UnaryOp(op=op, operand=operand):
                return ("!" if isinstance(op, ast.Not) else "-") + value(operand, WHOLE), UNARY
            case ast.BoolOp(op=op, values=parts):
                sign, binds = SIGNS[type(op)]
                return f" {sign} ".join(value(each, binds) for each in parts), binds
            case ast.Compare(left=left, ops=ops, comparators=others):
                signs = [SIGNS[type(op)][0] for op in ops]
                sides = [value(each, SHIFT) for each in (left, *others)]
                text = " && ".join(f"{a} {sign} {b}" for a, sign, b in zip(sides, signs, sides[1:], strict=False))
                return text, SIGNS[type(ops[0])][1] if len(ops) == 1 else CONJUNCTION
            case ast.IfExp(test=test, body=body, orelse=other):
                return f"{value(test, CHOICE + 1)} ? {value(body, CHOICE + 1)} : {value(other, CHOICE)}", CHOICE
            case ast.Call(func=ast.Attribute(attr="float64"), args=[argument]):
                return self.written(argument)
            case ast.Call(func=ast.Name(id="len"), args=[array]):
                return f"{value(array)}.shape[0]", WHOLE
            case ast.Call(func=ast.Name(id=name), args=parts) if name in self.function.functions or name in self.function.called:
                given = [value(each) for each in parts] + ["round"] * (name in self.given_round)
                self.rounds |= name in self.given_round
                return f"{named(name)}({', '.join(given)})", WHOLE
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=parts):
                return f"{OTHERWISE.get(name, 'Math.' + name)}({', '.join(map(value, parts))})", WHOLE
        raise AssertionError(ast.unparse(node))  # the grammar has nothing else

    def operation(self, node: ast.BinOp) -> tuple[str, int]:
        left, op, right, value, kind = node.left, node.op, node.right, self.value, self.kinds.of[node]
        match op:
            case ast.FloorDiv() if kind == INT:
                return f"Math.floor({value(left, 11)} / {value(right, 12)})", WHOLE
            case ast.FloorDiv() | ast.Mod():
                return f"{'mod' if isinstance(op, ast.Mod) else 'quotient'}({value(left)}, {value(right)})", WHOLE
            case ast.Pow() if isinstance(right, ast.Constant) and isinstance(right.value, int):
                return f"power({value(left)}, {value(right)}{', round' * (kind == ELEMENT)})", WHOLE
            case ast.Pow():
                return f"Math.pow({value(left)}, {value(right)})", WHOLE
            case ast.BitAnd() if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):  # a product of more than 53 bits
                return f"(Math.imul({value(left.left)}, {value(left.right)}) & {value(right, 7)}) >>> 0", SHIFT
        sign, binds = SIGNS[type(op)]
        text = f"{value(left, binds)} {sign} {value(right, binds + 1)}"
        return (f"({text}) >>> 0", SHIFT) if isinstance(op, BITS) and not isinstance(op, ast.RShift) else (text, binds)
