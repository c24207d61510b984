"""An optimizer's loop over parameters as a step of a plan, on slices of them.

    weight[i]      the network's parameters        gradient[i]     the sum of the slots, in their order, in the first of them
    state[i]       one row a kind, laid out like the parameters, in the plan's memory

What stands before the loop is computed in float64, the loop in float32.  Slots are added for a stretch of parameters that stays in the
cache until the loop has used it.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable

from minicnn.kernels.derive.definition import Definition, array_of, indices
from minicnn.kernels.derive.generated import load
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.images import REAL, Images, assigned, loaded, name_of
from minicnn.kernels.derive.images_innermost import Writer, expression
from minicnn.kernels.derive.text import statements
from minicnn.kernels.machine_code.compile import EXACT_MATH, StepKernel

WEIGHT, GRADIENT = "weight", "gradient"
FIELDS = ("parameter_count", "slot_size", "states", "stretches", "stretch_count")
HEAD = """\
import math
from numba import njit
from numpy import float32
from minicnn.kernels.cpu.pointwise.update import BLOCK, add_slots, stretch_of_slice
from minicnn.kernels.cpu.program.atomics import doubles_at, whole_array"""


def update_step(loop: Callable[..., None], states: tuple[str, ...], numbers: tuple[str, ...]) -> StepKernel:
    """The step of an optimizer's loop.

    states : its arguments that are remembered for each parameter, in the order of their rows
    numbers : its arguments that are handed in with each batch, in the order of the frame's `rates`

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if the loop is none over parameters.
    """
    definition = read(loop)
    return _compiled(update_text(definition, states, numbers), definition.name)


@functools.cache
def _compiled(text: str, name: str) -> StepKernel:
    return StepKernel(load(text, name), dict.fromkeys(FIELDS, int), EXACT_MATH, splits=False)


def update_text(definition: Definition, states: tuple[str, ...], numbers: tuple[str, ...]) -> str:
    """The text of the step."""
    own = Writer(Images(definition, dict.fromkeys(definition.arguments, REAL), ""))
    _check(definition, own.images, states)
    single = {name: own.free(f"{name}_32") for name in _both(definition)}
    memory, parameters, table, row, frame = (own.free(word) for word in ("memory", "parameters", "table", "row", "frame"))
    rates, slots, first, stop, begin, end, part = (own.free(word) for word in ("rates", "slots", "first", "stop", "begin", "end", "part"))
    floats = own.free("floats")
    places = {WEIGHT: f"{parameters}[{{}}]", GRADIENT: f"{memory}[{slots} + {{}}]"} | {name: f"{memory}[{name} + {{}}]" for name in states}
    inside = _InSingle(places, single)
    double = set().union(*(loaded(each) for each in definition.before))
    loop = definition.loop
    body = [inside.visit(copy.deepcopy(each)) for each in loop.body]
    lines = [
        f"{floats}, {rates}, {slots} = whole_array({memory}), doubles_at({frame}.rates), {frame}.slot",
        *(f"{name} = {row}.states + {n} * {row}.slot_size" for n, name in enumerate(states)),
        *(f"{name} = {rates}[{n}]" if name in double else f"{name} = float32({rates}[{n}])" for n, name in enumerate(numbers)),
        *(ast.unparse(each) for each in definition.before),
        *(f"{new} = float32({name})" for name, new in single.items()),
        f"for {part} in range({row}.stretch_count):",
        f"    {first}, {stop} = stretch_of_slice({table}, {row}, {frame}, {part})",
        f"    for {begin} in range({first}, {stop}, BLOCK):",
        f"        {end} = min({begin} + BLOCK, {stop})",
        f"        add_slots({floats}, {slots}, {row}.slot_size, {frame}.count, {begin}, {end})",
        f"        for {name_of(loop.target)} in range({begin}, {end}):",
        *statements(body, depth=3),
    ]
    head = f"def {definition.name}({memory}, {parameters}, {table}, {row}, {frame}):"
    return "\n".join([HEAD, *own.around(), head, *(f"    {line}" for line in lines)]) + "\n"


class _InSingle(ast.NodeTransformer):
    """Places in memory, and numbers in float32."""

    def __init__(self, places: dict[str, str], single: dict[str, str]) -> None:
        self.places, self.single = places, single

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        found = expression(self.places[array_of(node)].format(ast.unparse(node.slice)))
        found.ctx = node.ctx  # type: ignore[attr-defined]
        return found

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.single.get(node.id, node.id), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [self.visit(each) for each in node.args], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        right = node.right if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) else self.visit(node.right)
        return ast.BinOp(self.visit(node.left), node.op, right)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return expression(f"float32({node.value!r})")


def _both(definition: Definition) -> list[str]:
    """Numbers of the loop that float64 knows as well: from around it, set before it, or used to set them."""
    before = {name for each in definition.before for name in assigned(each) | loaded(each)} | set(definition.numbers)
    return sorted(before & loaded(definition.loop) - {WEIGHT})


def _check(definition: Definition, images: Images, states: tuple[str, ...]) -> None:
    loop, letter = definition.loop, name_of(definition.loop.target)
    if ast.unparse(loop.iter) not in (f"range({WEIGHT}.size)", f"range(len({WEIGHT}))"):
        images.refuse(loop, f"{definition.name} is an optimizer's loop: for {letter} in range({WEIGHT}.size)")
    if definition.clearings:
        images.refuse(definition.clearings[0], "nothing is cleared before an optimizer's loop: what it remembers begins at 0")
    places: list[ast.expr] = []
    for node in ast.walk(loop):
        if not isinstance(node, ast.Subscript):
            continue
        if array_of(node) not in (WEIGHT, GRADIENT, *states) or [name_of(each) for each in indices(node)] != [letter]:
            images.refuse(node, f"{ast.unparse(node)}: an optimizer's loop uses {WEIGHT}, {GRADIENT} and what it remembers, at [{letter}]")
        if array_of(node) == GRADIENT and isinstance(node.ctx, ast.Store):
            images.refuse(node, f"{ast.unparse(node)} is stored to, but the gradient is only read")
        places += indices(node)
    for node in ast.walk(loop):
        if isinstance(node, ast.Name) and node.id == letter and isinstance(node.ctx, ast.Load) and not any(node is each for each in places):
            images.refuse(node, f"{letter} counts parameters of all layers: it means nothing outside of [{letter}]")
    for name in states:
        if name not in definition.arrays:
            images.refuse(None, f"{definition.name} takes {name}, which is no setting, and is not used as {name}[{letter}] either")
