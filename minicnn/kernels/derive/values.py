"""What a value may be in a definition, and what every argument turns out to be: an array, a number or a function."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from minicnn.errors import suggestion
from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.source import Source, plain
from minicnn.kernels.derive.syntax import array_of, assigned, indices, letters, stores

MATHEMATICS = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "floor", "ceil", "abs", "isnan", "float64")
CONSTANTS = ("inf", "pi", "e")
BUILT_IN = {"min": 2, "max": 2, "abs": 1, "int": 1, "len": 1}

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
BITS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
SIGNS = (ast.USub, ast.Not)

REASONS: dict[type[ast.AST], str] = {
    ast.While: "a while loop does not say how often it turns: count with for ... in range(...)",
    ast.Break: "break ends a loop early, so that its turns depend on each other",
    ast.Continue: "continue jumps: put the rest of the turn under an if",
    ast.Return: "a definition returns nothing: it stores into its outputs",
    ast.Slice: "a slice hides a loop: write the loop",
    ast.ListComp: "a comprehension makes a list: write the loop",
    ast.GeneratorExp: "a generator hides a loop: write the loop",
    ast.NamedExpr: "a value is named in a statement of its own",
    ast.Lambda: "a function is written with def, outside",
    ast.FunctionDef: "a function is written outside the definition",
    ast.Try: "nothing is caught here: check before the loop is called",
    ast.Raise: "nothing is raised here: check before the loop is called",
    ast.Assert: "nothing is asserted here: check before the loop is called",
    ast.Pass: "pass does nothing: leave it out",
    ast.AnnAssign: "a name is assigned without a type",
}


class Values:
    """Walks values and refuses what the grammar does not have.

    helper : whether the text is a function that a definition calls
    seen : the functions that are being read
    """

    def __init__(self, text: Source, helper: bool, seen: tuple[Any, ...] = ()) -> None:
        tree = text.tree
        self.text, self.helper, self.seen = text, helper, (*seen, text.python)
        self.refuse = text.refuse
        given = tree.args
        if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
            self.refuse(tree, f"{tree.name} has arguments of another kind than names in a row, without defaults")
        self.arguments = tuple(each.arg for each in given.args)
        self.body = tree.body[ast.get_docstring(tree) is not None :]
        self.letters, self.assigned = letters(tree), set(assigned(tree))
        stored = {array_of(place) for place in stores(tree)}
        self.outputs = tuple(each for each in self.arguments if each in stored)
        self.sizes: set[str] = set()  # assigned before the loop
        self.active: list[str] = []  # letters of the loops around the place where the reader is
        self.roles: dict[str, str] = {}  # argument -> "an array", "a number" or "a function"
        self.ranks: dict[str, int] = {}  # array -> its number of indices; 0 for .flat
        self.numbers: dict[str, float] = {}
        self.functions: dict[str, Function] = {}

    def read_function(self, function: FunctionType) -> Function:
        """Read a function that this one calls."""
        raise NotImplementedError

    def values(self, nodes: Iterable[ast.expr]) -> None:
        for each in nodes:
            self.value(each)

    def value(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=bool() | int() | float()):
                pass
            case ast.Name():
                self.name(node)
            case ast.Subscript():
                self.place(node)
            case ast.Attribute():
                self.attribute(node)
            case ast.Call():
                self.call(node)
            case ast.BinOp(left=left, op=op, right=right):
                self.one_of(node, op, (*ARITHMETIC, *(BITS if self.helper else ())))
                self.values((left, right))
            case ast.UnaryOp(op=op, operand=operand):
                self.one_of(node, op, SIGNS)
                self.value(operand)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for sign in ops:
                    self.one_of(node, sign, COMPARISONS)
                self.values((left, *others))
            case ast.BoolOp(values=several):
                self.values(several)
            case ast.IfExp(test=test, body=body, orelse=other):
                self.values((test, body, other))
            case _:
                self.unknown(node)

    def name(self, node: ast.Name) -> None:
        """A name that stands for a number."""
        name = node.id
        if name in self.arguments:
            self.role(node, "a number")
        elif name in self.letters:
            if name not in self.active:
                self.refuse(node, f"{name} is the letter of a loop and is read outside of it")
        elif name not in self.assigned:
            meaning = self.text.meaning(name)
            number = meaning.item() if isinstance(meaning, np.generic) else meaning
            if not isinstance(number, int | float):
                self.stranger(node, meaning)
            self.numbers[name] = number

    def stranger(self, node: ast.Name, meaning: Any) -> None:
        if meaning is NotImplemented:
            known = {*self.arguments, *self.assigned, *self.letters}
            self.refuse(node, f"{node.id} is not a name that is known here{suggestion(node.id, known)}")
        kind = "an array" if isinstance(meaning, np.ndarray) else f"a {type(meaning).__name__}"
        self.refuse(node, f"{node.id} is {kind} from around the function, not a number: hand it in as an argument")

    def place(self, node: ast.Subscript) -> None:
        """`array[place, ...]`, `array.flat[place]` or `array.shape[0]`."""
        if self.shape(node.value):
            if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)):
                self.refuse(node, f"{ast.unparse(node)}: an axis is a number, counted from 0")
            return
        name, where = array_of(node), indices(node)
        if name not in self.arguments:
            self.refuse(node, f"{ast.unparse(node)}: only arrays among the arguments have places")
        if name in self.outputs and not self.active and not self.helper:
            self.refuse(node, f"{name} is an output and is read before the loop")
        flat = isinstance(node.value, ast.Attribute)
        self.array(node.value.value if isinstance(node.value, ast.Attribute) else node.value)
        if not where:
            self.refuse(node, f"{ast.unparse(node)}: an array has at least one axis")
        for each in where:
            if isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.USub):
                self.refuse(node, f"{ast.unparse(node)}: a place is counted from the start of its axis")
            if isinstance(each, ast.Constant) and each.value is ...:
                self.refuse(node, f"{ast.unparse(node)} is a whole array: write the loop")
            self.value(each)
        axes = 0 if flat else len(where)
        if self.ranks.setdefault(name, axes) != axes:
            before = f"{self.ranks[name]} indices" if self.ranks[name] else ".flat"
            self.refuse(node, f"{ast.unparse(node)}: {name} has {before} in another place of this loop")

    def shape(self, node: ast.expr) -> bool:
        """Whether it is `array.shape`."""
        if isinstance(node, ast.Attribute) and node.attr == "shape":
            self.array(node.value)
            return True
        return False

    def attribute(self, node: ast.Attribute) -> None:
        if node.attr == "size":
            self.array(node.value)
        elif not (self.mathematical(node) and node.attr in CONSTANTS):
            self.unknown(node)

    def call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        if node.keywords:
            self.refuse(node, f"{called} is called with {node.keywords[0].arg or '**'}=, but arguments stand in a row")
        if isinstance(node.func, ast.Attribute):
            if not (self.mathematical(node.func) and node.func.attr in MATHEMATICS):
                near = suggestion(node.func.attr, (*MATHEMATICS, *BUILT_IN)) or f"\n  there are {', '.join(MATHEMATICS)}"
                self.refuse(node, f"{called} is not among the functions that every machine has{near}")
            self.count(node, called, 1)
            self.value(node.args[0])
        elif isinstance(node.func, ast.Name):
            self.call_name(node, node.func)
        else:
            self.unknown(node.func)

    def call_name(self, node: ast.Call, function: ast.Name) -> None:
        name = function.id
        if name in self.arguments:
            self.role(function, "a function")
            self.values(node.args)
            return
        meaning = plain(self.text.meaning(name)) if name not in self.assigned | self.letters else None
        if name in BUILT_IN and getattr(meaning, "__module__", "") == "builtins":
            self.count(node, name, BUILT_IN[name])
            if name == "len":
                self.array(node.args[0])
            else:
                self.values(node.args)
            return
        if not isinstance(meaning, FunctionType):
            self.refuse(node, f"{name} is not a function that every machine has{suggestion(name, BUILT_IN)}")
        if meaning in self.seen:
            self.refuse(node, f"{name} calls itself")
        if name not in self.functions:
            self.functions[name] = self.read_function(meaning)
        helper = self.functions[name]
        self.count(node, name, len(helper.arguments))
        for parameter, each in zip(helper.arguments, node.args, strict=True):
            if parameter in helper.arrays:
                self.array(each)
                if isinstance(each, ast.Name) and each.id in self.outputs:
                    self.refuse(node, f"{each.id} is an output and is handed to {name}, which may read any place of it")
            elif not self.shape(each):
                self.value(each)

    def mathematical(self, node: ast.Attribute) -> bool:
        """Whether it is `np.something` or `math.something`."""
        module = self.text.meaning(node.value.id) if isinstance(node.value, ast.Name) else None
        return isinstance(module, ModuleType) and module in (np, math)

    def array(self, node: ast.expr) -> None:
        """An argument that is used as an array."""
        if not isinstance(node, ast.Name) or node.id not in self.arguments:
            self.refuse(node, f"{ast.unparse(node)} is used as an array, but is no argument")
        self.role(node, "an array")

    def role(self, node: ast.Name, role: str) -> None:
        if self.roles.setdefault(node.id, role) != role:
            self.refuse(node, f"{node.id} is {role} here, and {self.roles[node.id]} elsewhere")

    def count(self, node: ast.Call, name: str, wanted: int) -> None:
        if len(node.args) != wanted or any(isinstance(each, ast.Starred) for each in node.args):
            self.refuse(node, f"{name} is called with {len(node.args)} values, but takes {wanted}")

    def one_of(self, node: ast.AST, op: ast.AST, allowed: tuple[type[ast.AST], ...]) -> None:
        if not isinstance(op, allowed):
            self.refuse(node, f"{ast.unparse(node)}: this sign is not in the grammar")

    def unknown(self, node: ast.AST) -> None:
        reason = next((text for kind, text in REASONS.items() if isinstance(node, kind)), None)
        shown = ast.unparse(node).partition("\n")[0]
        self.refuse(node, reason or f"{shown} is not in the grammar of definitions")
