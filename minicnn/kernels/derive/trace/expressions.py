"""Expressions of a loop, made to tell what they read, and to round as compiled code does.

Every number that an expression reads goes through a call, `x[n, c]` through `load`, `total` through `read`; everything else is left to
Python.  NumPy rounds by other rules than the compiler (a Python number takes the dtype of the float32 it meets), and its exponential may
differ from the C library's in the last place: operands are widened where `kinds` says so, and the functions are those of `math`.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.kinds import ELEMENT, FLOAT64, HELD, INT, Kinds
from minicnn.kernels.derive.source import plain
from minicnn.kernels.derive.syntax import assigned, inside, loaded, stores
from minicnn.kernels.derive.trace.steps import Factor, Reading
from minicnn.kernels.derive.values import CONSTANTS

EXACT: dict[str, Any] = {"sqrt": np.sqrt, "abs": np.abs, "isnan": np.isnan, "float64": np.float64, "floor": np.floor, "ceil": np.ceil}


class Watched:
    """A function called with arguments of given kinds, ready to be run statement by statement.

    once : variables that one statement sets
    read_back : arrays that are read
    """

    def __init__(self, function: Function, kinds: tuple[str, ...]) -> None:
        self.function = function
        self.kinds = Kinds(function, kinds)
        self.codes: dict[ast.expr, Any] = {}
        self.text = functools.cache(ast.unparse)
        self.reads, self.compares = functools.cache(loaded), functools.cache(compares)
        self.sets: Callable[[ast.If], tuple[str, ...]] = functools.cache(lambda node: tuple(assigned(node.body)))
        names = [each for each in inside(function.body) if isinstance(each, ast.Name)]
        stored = [each.id for each in names if isinstance(each.ctx, ast.Store)]
        self.once = {name for name in stored if stored.count(name) == 1}
        targets = {place.value for place in stores(function.body)}
        self.read_back = loaded(each for each in names if each not in targets) & set(function.arrays)
        self.space = {**function.numbers, **{name: plain(each.python) for name, each in function.functions.items()}}

    def code(self, node: ast.expr) -> Any:
        """An expression, compiled; it calls what `spoken` names."""
        if node not in self.codes:
            self.codes[node] = compile(ast.fix_missing_locations(ast.Expression(self.rewritten(node))), "<trace>", "eval")
        return self.codes[node]

    def rewritten(self, node: Any) -> Any:
        of, again = self.kinds.of, self.rewritten
        match node:
            case ast.Constant(value=float()) | ast.Name(ctx=ast.Load()) if of.get(node) in (ELEMENT, FLOAT64):
                return call("float64", node) if isinstance(node, ast.Constant) else call("read", ast.Constant(node.id), node)
            case ast.Attribute(attr=name) if name in CONSTANTS:
                return call("float64", ast.Constant(getattr(math, name)))
            case ast.Subscript(value=ast.Name(id=name) as array, slice=place) if of[array] in HELD:
                return call("load", ast.Constant(name), array, again(place), ast.Constant(False))
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name) as array, attr="flat"), slice=place):
                return call("load", ast.Constant(name), array, again(place), ast.Constant(True))
            case ast.BinOp(left=left, op=ast.Pow(), right=right) if of[node] != INT and of[right] == INT:
                return call("power", again(left), again(right))
            case ast.BinOp(left=left, op=op, right=right) if of[node] == FLOAT64:
                return ast.BinOp(call("float64", again(left)), op, call("float64", again(right)))
            case ast.Compare(left=left, ops=ops, comparators=others) if any(of[each] != INT for each in (left, *others)):
                return ast.Compare(call("float64", again(left)), ops, [call("float64", again(each)) for each in others])
            case ast.Call(func=ast.Attribute(attr=name), args=[value]):
                rounded = call("library", ast.Constant(name), again(value))
                return call("int", rounded) if of[node] == INT and name != "isnan" else rounded
            case ast.Call(func=ast.Name(id=name), args=values) if name in self.function.functions and not self.of_integers(name, values):
                kinds = ast.Constant(tuple(of[each] for each in values))  # type: ignore[arg-type]
                parts = ast.Lambda(ast.arguments([], [], None, [], [], None, []), ast.Tuple(again(values), ast.Load()))
                return call("enter", ast.Constant(ast.unparse(node)), ast.Constant(name), kinds, parts)
            case list():
                return [again(each) for each in node]
            case ast.AST():
                return type(node)(**{name: again(each) for name, each in ast.iter_fields(node)})
        return node

    def of_integers(self, name: str, values: list[ast.expr]) -> bool:
        """Whether a call computes with integers only, as the index map does: a trace has no step for it."""
        kinds = [self.kinds.of[each] for each in values]
        return {*kinds, *self.kinds.results(name, kinds)} == {INT}


class Frame:
    """The variables of one call.

    scopes : sizes, then the numbers that every loop around the statement has set
    came_from : variable -> the note that set it
    stands_for : variable -> the element that it is another name of
    """

    def __init__(self, watched: Watched, values: dict[str, Any]) -> None:
        self.watched, self.values = watched, watched.space | values
        self.scopes: list[dict[str, int]] = [{}]
        self.came_from: dict[str, int] = {}
        self.stands_for: dict[str, Factor] = {}
        self.returned: Reading | None = None


def compares(node: ast.If) -> bool:
    """Whether a condition compares with what its branch replaces, and nothing else is done there: `if value > best: best = value`."""
    only_names = all(isinstance(each, ast.Assign) and not stores(each) for each in node.body)
    return not node.orelse and only_names and bool(loaded(node.test) & assigned(node.body))


def call(name: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(f"<{name}>", ast.Load()), list(arguments), [])


def spoken(read: Callable[..., Any], load: Callable[..., Any], enter: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """What rewritten expressions call, under names that no loop can have."""
    own: dict[str, Any] = {
        "float64": np.float64,
        "power": power,
        "library": library,
        "int": int,
        "read": read,
        "load": load,
        "enter": enter,
    }
    return {f"<{name}>": function for name, function in own.items()}


def power(value: Any, times: int) -> Any:
    """A power by multiplications, as compiled code takes it."""
    result, rest = type(value)(1), abs(times)
    while rest:
        result = result * value if rest & 1 else result
        value, rest = value * value, rest >> 1
    return 1 / result if times < 0 else result


def library(name: str, value: Any) -> Any:
    """A function of one number; an int counts as float64."""
    number = value if isinstance(value, np.float32) else np.float64(value)
    if name in EXACT:
        return EXACT[name](number)
    try:
        result = getattr(math, name)(float(value))
    except OverflowError:
        result = math.inf
    except ValueError:  # outside the domain; the logarithm of 0 is minus infinity
        result = -math.inf if name.startswith("log") and value == (-1.0 if name == "log1p" else 0.0) else math.nan
    return type(number)(result)
