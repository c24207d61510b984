"""Fast kernels say what they read: no step's argument by number, no call of many arguments by position."""

import ast
from pathlib import Path

import minicnn

MOST = 12  # positional arguments of a call
ROOMS = Path(minicnn.__file__).parent / "kernels" / "cpu"
FILES = sorted(ROOMS.rglob("*.py"))


def found(matches):
    """Where a node of some kind is in the rooms of the fast kernels."""
    places = []
    for path in FILES:
        places += [f"{path.relative_to(ROOMS)}:{node.lineno}" for node in ast.walk(ast.parse(path.read_text())) if matches(node)]
    return places


def by_number(node):
    """arguments[3] of a step."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("a", "arguments", "frame")
        and not isinstance(node.slice, ast.Slice)
    )


def test_no_argument_of_a_step_is_read_by_number():
    assert found(by_number) == []


def test_no_call_has_many_arguments_by_position():
    assert found(lambda node: isinstance(node, ast.Call) and len(node.args) > MOST) == []
