"""What kind of number every expression of a loop is, as the compiler sees it: this decides where a result is rounded.

    int       letters, sizes, settings, truths, and what arrays of integers hold
    element   a number as the arrays hold it, float32 or float64: a product of two elements is rounded to that dtype
    float64   everything else: float constants, `np.float64(...)`, and whatever meets one of these, or an element that meets an int

An array has the kind of what it holds, with "s": `elements`, `ints`.  A variable may change its kind from one assignment to the next;
where two branches or two rounds of a loop meet, the kinds are joined.  (NumPy decides in another way: there a Python number takes the
dtype of the element that it meets.)
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

INT, ELEMENT, FLOAT64 = "int", "element", "float64"
HELD = {"elements": ELEMENT, "ints": INT}
WHOLE_RESULT = ("int", "len", "int64", "isnan")


def joined(*kinds: str) -> str:
    """The kind of a result of two operands, or of a variable that two branches set."""
    return kinds[0] if len(set(kinds)) == 1 else FLOAT64


def syntax(function: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a compiled or plain function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(function, "py_func", function)))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def surroundings(function: Callable[..., Any]) -> dict[str, Any]:
    """The global names that a function sees."""
    return getattr(function, "py_func", function).__globals__


class Kinds:
    """Kinds of one function called with arguments of given kinds: `of[node]` of every expression, `returned`, and the functions it calls."""

    def __init__(self, function: Callable[..., Any], tree: ast.FunctionDef, arguments: list[str]) -> None:
        self.space = surroundings(function)
        self.names = dict(zip((each.arg for each in tree.args.args), arguments, strict=True))
        self.of: dict[ast.AST, str] = {}
        self.called: dict[str, list[str]] = {}
        self.returned = INT
        self.follow(tree.body)

    def follow(self, body: list[ast.stmt]) -> None:
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
                parts = several.elts if isinstance(several, ast.Tuple) else []
                kinds = [self.kind(each) for each in parts or several.args]  # type: ignore[attr-defined]
                self.names[letter] = joined(*kinds) if parts else INT
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
                self.returned = self.kind(value)

    def meet(self, others: dict[str, str]) -> None:
        self.names |= {name: joined(kind, self.names.get(name, kind)) for name, kind in others.items()}

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple):
            values = value.elts if isinstance(value, ast.Tuple) else [value] * len(target.elts)
            kinds = [self.kind(each) for each in values]
            self.names |= {part.id: kind for part, kind in zip(target.elts, kinds, strict=True) if isinstance(part, ast.Name)}
            return
        kind = self.kind(value)
        if isinstance(target, ast.Name):
            self.names[target.id] = kind
        else:
            self.kind(target)

    def kind(self, node: ast.expr) -> str:
        """Kind of an expression; those of its parts are noted on the way."""
        kinds = [self.kind(each) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        self.of[node] = self.result(node, kinds)
        return self.of[node]

    def result(self, node: ast.expr, kinds: list[str]) -> str:
        match node:
            case ast.Constant(value=float()) | ast.Attribute(attr="inf" | "nan" | "pi" | "e"):
                return FLOAT64
            case ast.Name(id=name):
                return self.names.get(name, FLOAT64 if isinstance(self.space.get(name), float) else INT)
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
            case ast.Tuple(elts=[_, *_]):
                return joined(*kinds)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in WHOLE_RESULT:
                return INT
            case ast.Call(func=ast.Attribute(attr="float64")) | ast.Call(func=ast.Name(id="float")):
                return FLOAT64
            case ast.Call(func=ast.Name(id="max" | "min" | "abs")) | ast.Call(func=ast.Attribute(attr="maximum" | "minimum" | "abs")):
                return joined(*kinds[1:])
            case ast.Call(func=ast.Attribute()):  # a function of NumPy
                return ELEMENT if set(kinds[1:]) == {ELEMENT} else FLOAT64
            case ast.Call(func=ast.Name(id=name)) if self.helper(name):
                self.called[name] = kinds[1:]
                helper = self.space[name]
                return Kinds(helper, syntax(helper), kinds[1:]).returned
        return INT

    def helper(self, name: str) -> bool:
        """Whether a name is a function of the definition's module, and not one that was handed in."""
        return name not in self.names and callable(self.space.get(name)) and not isinstance(self.space[name], type | ModuleType)
