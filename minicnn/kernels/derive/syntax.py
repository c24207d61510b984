"""Questions that every reader of a loop asks its syntax tree: which names are read and set, which places, of which array."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, KeysView

Tree = ast.AST | Iterable[ast.AST]


def inside(tree: Tree) -> Iterator[ast.AST]:
    """A node, or each of several, and all that is below."""
    for each in [tree] if isinstance(tree, ast.AST) else tree:
        yield from ast.walk(each)


def loaded(tree: Tree) -> set[str]:
    """The names that are read."""
    return {each.id for each in inside(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def assigned(tree: Tree) -> KeysView[str]:
    """The names that are set, letters of loops included: a set in an order."""
    return dict.fromkeys(each.id for each in inside(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)).keys()


def loops(tree: Tree) -> list[ast.For]:
    return [each for each in inside(tree) if isinstance(each, ast.For)]


def letters(tree: Tree) -> set[str]:
    """The letters of all loops."""
    return {letter_of(each) for each in loops(tree)}


def letter_of(loop: ast.For) -> str:
    return ast.unparse(loop.target)


def places(tree: Tree, array: str) -> list[ast.Subscript]:
    """Where an array is stored to or read, in the order of the text."""
    found = [each for each in inside(tree) if isinstance(each, ast.Subscript) and array_of(each) == array]
    return sorted(found, key=lambda each: (each.lineno, each.col_offset))


def stores(tree: Tree) -> list[ast.Subscript]:
    """Every `array[...]` that is stored to."""
    return [each for each in inside(tree) if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store)]


def array_of(node: ast.AST) -> str:
    """The array that `x[...]` or `x.flat[...]` is a place of; "" for what is not a place of an array, as `x.shape[0]`."""
    match node:
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name), attr="flat")):
            return name
    return ""


def indices(place: ast.Subscript) -> list[ast.expr]:
    """The indices of a place, one an axis."""
    return elements(place.slice)


def elements(node: ast.expr) -> list[ast.expr]:
    """The parts of `a, b`; of anything else, itself."""
    return node.elts if isinstance(node, ast.Tuple) else [node]


def pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """(target, value), side by side where both are several."""
    left, right = elements(node.targets[0]), elements(node.value)
    return list(zip(left, right if len(left) == len(right) else [node.value] * len(left), strict=True))


def targets(tree: Tree) -> list[ast.expr]:
    """All that is assigned to."""
    found = [target for node in inside(tree) if isinstance(node, ast.Assign) for target, _ in pairs(node)]
    return found + [node.target for node in inside(tree) if isinstance(node, ast.AugAssign)]


def names_set(node: ast.stmt) -> list[str]:
    """The names that one statement sets by itself, the letter of a loop among them."""
    own = elements(node.targets[0]) if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    return [each.id for each in own if isinstance(each, ast.Name)]


def name_of(node: ast.AST) -> str:
    """The name that a node is; "" if it is none."""
    return node.id if isinstance(node, ast.Name) else ""


def shape_of(node: ast.AST) -> str:
    """The array of `x.shape`; "" if it is none."""
    return name_of(node.value) if isinstance(node, ast.Attribute) and node.attr == "shape" else ""


def is_everything(node: ast.AST) -> bool:
    """Whether it is `x[...]`."""
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value is ...


def is_float64(node: ast.AST) -> bool:
    """Whether it is `np.float64(...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "float64"
