"""A definition with every place checked: how a loop runs that nobody has tried yet.

    y[n, h] = x[n, h + 1]        y[inside(n, y.shape[0], 0), inside(h, y.shape[1], 0)] = x[inside(n, x.shape[0], 1), inside(h + 1, x.shape[1], 1)]

Values and their bits stay as they are.  The functions that the loop calls come with it, compiled or not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.generated import load
from minicnn.kernels.derive.syntax import array_of, indices
from minicnn.kernels.derive.text import around, statements

COMPILED = '@njit(error_model="numpy", nogil=True)'
HEAD = f"""\
import math

import numpy as np
from numba import njit


{COMPILED}
def INSIDE(place, size, number):
    if not 0 <= place < size:
        raise IndexError(number, place, size)
    return place
"""
POISON = {4: 0x7FC5EED5, 8: 0x7FF85EED5EED5EED}  # NaNs that nothing computes but of themselves


def run_checked(definition: Definition, arguments: Sequence[Any]) -> None:
    """Run a definition on arrays and numbers, given as its arguments stand.

    Raises
    ------
    ShapeError
        "FILE:LINE: reason" where it reads or stores outside of an array, or leaves a place of an output unwritten.
    SettingError
        If Numba cannot compile it for such arguments.
    """
    given = dict(zip(definition.arguments, arguments, strict=True))
    for name, value in given.items():
        if name in definition.settings and not isinstance(value, Real | np.generic | np.ndarray | tuple):
            raise SettingError(
                f"{definition.file}:{definition.line}: {definition.name} takes {name}, which is {value!r}, but must be a number"
            )
    change = _Checked(definition)
    loop = _loop(definition, change)
    results = {name: given[name] for name in definition.outputs}
    for array in results.values():
        _bits(array)[...] = POISON[array.itemsize]
    try:
        loop(*arguments)
    except IndexError as error:
        number, place, size = error.args
        line, text = change.places[number]
        shapes = [f"\n  {name}  {shape_text(value.shape)}" for name, value in given.items() if isinstance(value, np.ndarray)]
        raise ShapeError(
            f"{definition.file}:{line}: {text} lies outside of the array: it asks for place {place} of an axis with {size}, counted from 0"
            + "".join(shapes)
        ) from None
    except NumbaError as error:
        reason = next((each for each in str(error).splitlines()[1:] if each.strip()), str(error))
        raise SettingError(f"{definition.file}:{definition.line}: Numba cannot compile {definition.name}: {reason.strip()}") from None
    for name, array in results.items():
        left = np.argwhere(_bits(array) == POISON[array.itemsize])
        if len(left):
            place = ", ".join(map(str, left[0]))
            raise ShapeError(
                f"{definition.file}:{definition.line}: {definition.name} leaves {len(left)} of {array.size} places of {name} unwritten, or reads"
                f" them before: {name}[{place}] is the first\n  {name}  {shape_text(array.shape)}\n  write every place, or clear {name} before the loop: {name}[...] = 0.0"
            )


def _bits(array: np.ndarray) -> np.ndarray:
    """The bits of numbers."""
    return array.view(f"u{array.itemsize}")


def _loop(definition: Definition, change: _Checked) -> Callable[..., None]:
    own = around(definition, {}, COMPILED, change)
    body = statements((*definition.before, *definition.clearings, definition.loop), change)
    kernel = "\n".join([COMPILED, f"def {definition.name}({', '.join(definition.arguments)}):", *body])
    return load("\n\n".join([HEAD.replace("INSIDE", change.inside), *own.values(), kernel]) + "\n", definition.name)  # type: ignore[no-any-return]


class _Checked(ast.NodeTransformer):
    """Every index inside its axis; remembers the line and the text of each place."""

    def __init__(self, definition: Definition) -> None:
        self.places: list[tuple[int, str]] = []
        self.inside = "inside"
        while any(isinstance(each, ast.Name) and each.id == self.inside for node in definition.body for each in ast.walk(node)):
            self.inside += "_"

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        name, number = array_of(node), len(self.places)
        if not name or (isinstance(node.slice, ast.Constant) and node.slice.value is ...):
            return node
        self.places.append((node.lineno, ast.unparse(node)))
        flat = isinstance(node.value, ast.Attribute)
        checked: list[ast.expr] = []
        for axis, each in enumerate(indices(node)):
            size = ast.parse(f"{name}.size" if flat else f"{name}.shape[{axis}]", mode="eval").body
            checked.append(ast.Call(ast.Name(self.inside, ast.Load()), [self.visit(each), size, ast.Constant(number)], []))
        return ast.Subscript(node.value, checked[0] if len(checked) == 1 else ast.Tuple(checked, ast.Load()), node.ctx)
