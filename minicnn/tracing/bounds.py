"""How far rounding may take the fast engine's number from the textbook loop's, as the docstrings of `minicnn.kernels` promise.

    nothing computed   chosen or moved: the same bits
    a sum              2e-7 * sqrt(terms) * (the sum of the sizes of what is added)
    Winograd           5e-7 or 5e-6, by its tile and filter, * (the largest |x|) * (the sum of the |weight|)       where the engine takes its way
    anything else      2e-7 * sqrt(steps) * (how far the value moves, by its inputs' rounding, with all inputs of one size)

Each step rounds by half a unit in the last place, 6e-8, and errors of both signs leave the square root of their number.  The last rule takes
the loop's word for how sensitive it is: the loop is run again in float64 with every number that it reads moved a little, up or down by chance.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from math import isfinite, sqrt
from typing import NamedTuple

import numpy as np

from minicnn.kernels.derive.trace import Trace, trace
from minicnn.tracing.walks import Loop

UNIT = 2e-7  # of float32, as in the docstrings
WINOGRAD = {"winograd2": {3: 5e-7, 5: 5e-6}, "winograd4": {3: 5e-6}}  # by way of the engine and taps along an axis
PROBES, MOVED = 8, 2.0**-20
DOUBLE = 2.0**-29  # a unit of float64, in those of float32


class Bound(NamedTuple):
    """A bound, and its rule with numbers put in."""

    size: float
    rule: str


def bound(loop: Loop, traced: Trace, ways: Collection[str] = ()) -> Bound:
    """For the value of a trace; `ways` are those by which the engine may compute it."""
    unit = UNIT * (DOUBLE if traced.value.dtype == np.float64 else 1)
    adds, others = (
        [step for step in traced.steps if step.kind == "add"],
        [step for step in traced.steps if step.kind not in ("add", "skip")],
    )
    computed = [step for step in others if step.kind != "compare" and not _only_moves(step.text)]
    if (not adds and not computed) or not isfinite(float(traced.value)):
        return Bound(0.0, "chosen or moved, not computed: the same number")
    if rough := max((WINOGRAD[way][loop.arguments["weight"].shape[-1]] for way in ways if way in WINOGRAD), default=0.0):
        reads = [factor for step in adds for factor in step.factors]
        x = loop.arguments["x" if "x" in loop.arguments else "dy"]
        largest, weights = float(abs(x).max()), sum(abs(each.value) for each in reads if each.name == "weight")
        bias = sum(abs(each.value) for step in others for each in step.factors if each.name == "bias")
        return Bound(rough * (largest * weights + bias), f"Winograd: {rough:g} * largest |x| {largest:.4g} * sum of |weight| {weights:.4g}")
    terms = [abs(step.term or 0.0) for step in adds]
    if adds and not computed and len({step.into for step in adds}) == 1:
        start = sum(abs(each.value) for step in others for each in step.factors if each.place)
        size, count = sum(terms) + start, len(adds) + 1
        return Bound(unit * sqrt(count) * size, f"{unit:.0g} * sqrt({count} terms) * {size:.4g}, the sum of their sizes")
    size, count = _sensitivity(loop, traced), len(traced.steps)
    return Bound(unit * sqrt(count) * size, f"{unit:.0g} * sqrt({count} steps) * {size:.4g}, how far rounded inputs move it")


def _only_moves(text: str) -> bool:
    """Whether a statement hands a number on: it sets out from a constant, or from one element or variable."""
    match ast.parse(text).body:
        case [ast.Assign(value=value)]:
            while isinstance(value, ast.Call) and ast.unparse(value.func) == "np.float64":
                (value,) = value.args
            parts = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
            return all(isinstance(each, ast.Constant | ast.Name | ast.Subscript | ast.UnaryOp | ast.Attribute) for each in parts)
    return False


def _sensitivity(loop: Loop, traced: Trace) -> float:
    """How far the value moves for inputs that move by one part in all, all of them, up or down; and the value itself."""
    stream = np.random.default_rng(0)
    names = loop.definition.arrays
    wide = {name: value.astype(np.float64) if _is_real(value) else value for name, value in loop.arguments.items()}

    def value(moved: dict[str, object]) -> float:
        return float(trace(loop.function, traced.place, *moved.values(), output=traced.output).value)

    exact, farthest = value(wide), 0.0
    for _ in range(PROBES):
        moved = {
            name: array * (1.0 + MOVED * stream.choice((-1.0, 1.0), array.shape)) if name in names and _is_real(array) else array
            for name, array in wide.items()
        }
        farthest = max(farthest, abs(value(moved) - exact) / MOVED)
    largest = max((abs(step.partial) for step in traced.steps if step.into == traced.output), default=0.0)
    return farthest + max(abs(exact), largest if isfinite(largest) else 0.0)


def _is_real(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
