"""What kind of number every expression of a loop is, as the compiler sees it: this decides where a result is rounded.

    int       letters, sizes, settings, truths, and what arrays of integers hold
    element   a number as the arrays hold it, float32 or float64: a product of two elements is rounded to that dtype
    float64   everything else: float constants, `np.float64(...)`, and whatever meets one of these, or an element that meets an int

An array has the kind of what it holds, with "s": `elements`, `ints`.  A variable may change its kind from one assignment to the next;
where two branches or two rounds of a loop meet, the kinds are joined.  (NumPy decides in another way: there a Python number takes the
dtype of the element that it meets.)
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.syntax import elements

INT, ELEMENT, FLOAT64 = "int", "element", "float64"
HELD = {"elements": ELEMENT, "ints": INT}
WHOLE_RESULTS = ("int", "len", "isnan")


def joined(*kinds: str) -> str:
    """The kind of a result of two operands, or of a variable that two branches set."""
    return kinds[0] if len(set(kinds)) == 1 else FLOAT64


class Kinds:
    """Kinds of one function called with arguments of given kinds.

    of : expression, or `+=` statement -> kind
    names : variable -> kind at the end
    returned : kinds of what it returns
    called : name of a function that it calls -> kinds of its arguments, joined over its calls
    """

    def __init__(self, function: Function, arguments: Iterable[str]) -> None:
        self.function = function
        self.names = dict(zip(function.arguments, arguments, strict=True))
        self.of: dict[ast.AST, str] = {}
        self.called: dict[str, tuple[str, ...]] = {}
        self.returned: tuple[str, ...] = ()
        self.follow(function.body)

    def follow(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value)
            case ast.AugAssign(target=target, value=value):
                self.of[node] = joined(self.kind(target), self.kind(value))
                if isinstance(target, ast.Name):
                    self.names[target.id] = self.of[node]
            case ast.For(target=ast.Name(id=letter), iter=several, body=body):
                kinds = [self.kind(each) for each in (several.args if isinstance(several, ast.Call) else elements(several))]
                self.names[letter] = joined(*kinds)
                before: dict[str, str] = {}
                while before != self.names:  # until another round changes nothing
                    before = dict(self.names)
                    self.follow(body)
                    self.meet(before)
            case ast.If(test=test, body=body, orelse=other):
                self.kind(test)
                before = dict(self.names)
                self.follow(body)
                after, self.names = self.names, before
                self.follow(other)
                self.meet(after)
            case ast.Return(value=ast.expr() as value):
                kinds = [self.kind(each) for each in elements(value)]
                self.returned = tuple(map(joined, kinds, self.returned or kinds))

    def meet(self, others: dict[str, str]) -> None:
        self.names |= {name: joined(kind, self.names.get(name, kind)) for name, kind in others.items()}

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        targets, kinds = elements(target), [self.kind(each) for each in elements(value)]
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in self.function.functions:
            kinds = list(self.results(value.func.id, [self.of[each] for each in value.args]))
        elif len(kinds) < len(targets):  # a shape, numbers of a setting, a function that was handed in
            kinds = [INT] * len(targets)
        for each, kind in zip(targets, kinds, strict=True):
            if isinstance(each, ast.Name):
                self.names[each.id] = kind
            else:
                self.kind(each)

    def kind(self, node: ast.expr) -> str:
        """Kind of an expression; those of its parts are noted on the way."""
        kinds = [self.kind(each) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        self.of[node] = self.result(node, kinds)
        return self.of[node]

    def result(self, node: ast.expr, kinds: list[str]) -> str:
        match node:
            case ast.Constant(value=float()) | ast.Attribute(attr="inf" | "pi" | "e"):
                return FLOAT64
            case ast.Name(id=name):
                return self.names.get(name, FLOAT64 if isinstance(self.function.numbers.get(name), float) else INT)
            case ast.Attribute(attr="flat"):
                return kinds[0]
            case ast.Subscript():
                return HELD.get(kinds[0], INT)
            case ast.BinOp(op=ast.Div()):
                return ELEMENT if set(kinds) == {ELEMENT} else FLOAT64
            case ast.BinOp(op=ast.Pow()) if kinds[1] == INT:
                return kinds[0]
            case ast.BinOp() | ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return joined(*kinds)
            case ast.IfExp():
                return joined(*kinds[1:])
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in WHOLE_RESULTS:
                return INT
            case ast.Call(func=ast.Attribute(attr="float64")):
                return FLOAT64
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr="floor" | "ceil")) if self.of_math(module):
                return INT
            case ast.Call(func=ast.Name(id="max" | "min" | "abs")):
                return joined(*kinds[1:])
            case ast.Call(func=ast.Attribute()):  # of an element, another element
                return ELEMENT if kinds[1:] == [ELEMENT] else FLOAT64
            case ast.Call(func=ast.Name(id=name)) if name in self.function.functions:
                self.called[name] = tuple(map(joined, kinds[1:], self.called.get(name, kinds[1:])))
                return joined(*self.results(name, kinds[1:]))
        return INT

    def results(self, name: str, arguments: Iterable[str]) -> tuple[str, ...]:
        return Kinds(self.function.functions[name], arguments).returned

    def of_math(self, module: str) -> bool:
        """Whether a module is `math`, whose floor is an integer, and not NumPy."""
        return self.function.python.__globals__.get(module) is math
