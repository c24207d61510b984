"""An optimizer's loop over parameters as a step of a plan, on slices of them.

    weight[i]      the network's parameters        gradient[i]     the sum of the slots, in their order, in the first of them
    state[i]       one row a kind, laid out like the parameters, in the plan's memory

and its fields

    rates          where its numbers begin among those of the batch
    gathered       whether the slots have been added before, because all of the gradient had to be known
    last           which number says whether the batch is the last of those that make an update; below 0, each makes one

What stands before the loop is computed in float64, the loop in float32.  Slots are added for a stretch of parameters that stays in the
cache until the loop has used it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.kinds import FLOAT64, Kinds
from minicnn.kernels.derive.lanes.step_text import Arguments, derived_step, expression, step_text
from minicnn.kernels.derive.single import InSingle, copied
from minicnn.kernels.derive.syntax import array_of, assigned, indices, inside, letter_of, loaded, name_of
from minicnn.kernels.derive.text import statements
from minicnn.kernels.machine_code.compile import EXACT_MATH, StepKernel

WEIGHT, GRADIENT = "weight", "gradient"
FIELDS = ("parameter_count", "slot_size", "states", "stretches", "stretch_count", "rates", "gathered", "last")
HEAD = (
    "import math",
    "from numba import njit",
    "from numpy import float32",
    "from minicnn.kernels.cpu.pointwise.update import BLOCK, add_slots, slots_left, stretch_of_slice, stretches_due",
    "from minicnn.kernels.cpu.program.atomics import doubles_at, whole_array",
)


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
    fields = tuple((name, int) for name in FIELDS)
    return derived_step(definition.name, update_text(definition, states, numbers), fields, frozenset(EXACT_MATH))


def update_text(definition: Definition, states: tuple[str, ...], numbers: tuple[str, ...]) -> str:
    """The text of the step."""
    _check(definition, states)
    definition = copied(definition)  # its loop is rewritten below
    free, loop, before = definition.free, definition.loop, loaded(definition.before)
    memory, parameters, table, row, frame = Arguments.beside(definition)
    rates, slots, first, stop = map(free, ("rates", "slots", "first", "stop"))
    begin, end, part, floats = map(free, ("begin", "end", "part", "floats"))
    single = {name: free(f"{name}_32") for name in _both(definition)}
    places = {WEIGHT: f"{parameters}[{{}}]", GRADIENT: f"{memory}[{slots} + {{}}]"} | {name: f"{memory}[{name} + {{}}]" for name in states}
    kinds = Kinds(definition, ("elements" if name in definition.arrays else FLOAT64 for name in definition.arguments))
    change = _InMemory(kinds, single, places)
    lines = [
        f"{floats}, {rates}, {slots} = whole_array({memory}), doubles_at({frame}.rates), {frame}.slot",
        *(f"{name} = {row}.states + {n} * {row}.slot_size" for n, name in enumerate(states)),
        *(
            f"{name} = {rates}[{row}.rates + {n}]" if name in before else f"{name} = float32({rates}[{row}.rates + {n}])"
            for n, name in enumerate(numbers)
        ),
        *statements(definition.before, depth=0),
        *(f"{new} = float32({name})" for name, new in single.items()),
        f"for {part} in range(stretches_due({row}, {rates})):",
        f"    {first}, {stop} = stretch_of_slice({table}, {row}, {frame}, {part})",
        f"    for {begin} in range({first}, {stop}, BLOCK):",
        f"        {end} = min({begin} + BLOCK, {stop})",
        f"        add_slots({floats}, {slots}, {row}.slot_size, slots_left({row}, {frame}), {begin}, {end})",
        f"        for {letter_of(loop)} in range({begin}, {end}):",
        *statements((change.visit(each) for each in loop.body), depth=3),
    ]
    return step_text(definition, HEAD, (f"    {line}" for line in lines))


class _InMemory(InSingle):
    """Numbers in float32, and places in memory."""

    def __init__(self, kinds: Kinds, single: dict[str, str], places: dict[str, str]) -> None:
        super().__init__(kinds, single, "float32")
        self.places = places

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        found = expression(self.places[array_of(node)].format(ast.unparse(node.slice)))
        found.ctx = node.ctx  # type: ignore[attr-defined]
        return found


def _both(definition: Definition) -> list[str]:
    """Numbers of the loop that float64 knows as well: from around it, set before it, or used to set them."""
    before = assigned(definition.before) | loaded(definition.before) | set(definition.numbers)
    return sorted(before & loaded(definition.loop) - {WEIGHT})


def _check(definition: Definition, states: tuple[str, ...]) -> None:
    loop, letter, refuse = definition.loop, letter_of(definition.loop), definition.refuse
    if ast.unparse(loop.iter) not in (f"range({WEIGHT}.size)", f"range(len({WEIGHT}))"):
        refuse(loop, f"{definition.name} is an optimizer's loop: for {letter} in range({WEIGHT}.size)")
    if definition.clearings:
        refuse(definition.clearings[0], "nothing is cleared before an optimizer's loop: what it remembers begins at 0")
    places = [node for node in inside(loop) if isinstance(node, ast.Subscript)]
    for node in places:
        if array_of(node) not in (WEIGHT, GRADIENT, *states) or [name_of(each) for each in indices(node)] != [letter]:
            refuse(node, f"{ast.unparse(node)}: an optimizer's loop uses {WEIGHT}, {GRADIENT} and what it remembers, at [{letter}]")
        if array_of(node) == GRADIENT and isinstance(node.ctx, ast.Store):
            refuse(node, f"{ast.unparse(node)} is stored to, but the gradient is only read")
    indexing = {index for node in places for index in indices(node)}
    for node in inside(loop):  # type: ignore[assignment]
        if letter in loaded(node) and name_of(node) and node not in indexing:
            refuse(node, f"{letter} counts parameters of all layers: it means nothing outside of [{letter}]")
    for name in states:
        if name not in definition.arrays:
            refuse(None, f"{definition.name} takes {name}, which is no setting, and is not used as {name}[{letter}] either")
