"""One place of one output, step by step: the loop itself, run in plain Python over this place alone, and everything noted.

    trace(conv2d_forward, (n, k, p, q), y, x, weight, bias, 1, 1, 0, 0, 1, 1, 1, False)

Loops whose letter is an index of the output stand still at the place; the others run (`walk.py`).  The numbers are those of the compiled
loop, rounded where it rounds them, and the last step holds the same bits.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.kinds import ELEMENT, FLOAT64, INT
from minicnn.kernels.derive.trace.steps import Factor, Step
from minicnn.kernels.derive.trace.walk import Run

__all__ = ["Factor", "Step", "Trace", "trace"]


@dataclass(frozen=True)
class Trace:
    """How one place of one output came about.

    function, output : names
    place : index of the element
    letters : letter -> value, of the loops that stood still, and what follows from them (`group`, `m`, ...)
    formula : the lines of the docstring that give this output; its first line where there are none
    steps : in the order of execution; the last stores the value
    value : in the dtype of the output, the bits of the compiled loop
    """

    function: str
    output: str
    place: tuple[int, ...]
    letters: dict[str, int]
    formula: str
    steps: tuple[Step, ...]
    value: Any


def trace(function: Callable[..., Any], place: int | tuple[int, ...], *arguments: Any, output: str | None = None) -> Trace:
    """Run a definition for one place of one output, and note every step that leads to its value.

    A function of the C library (exp, tanh, ...) of a float32 that is not widened first may differ from compiled code in the last place.

    Parameters
    ----------
    function : a textbook loop, or one of your own in the same style
    place : index of the element, one entry per axis of the output; a number where there is one axis
    arguments : what the function takes, outputs included; nothing is written to them
    output : name of the output; the first argument that the function writes, if not given

    Raises
    ------
    SettingError
        If the loop is outside the grammar, the arguments do not fit it, there is no such output, or the loop does not write this place.
    ShapeError
        If the place lies outside the output, or the shapes do not fit each other.
    """
    definition = read(function)
    name, names = definition.name, definition.arguments
    if len(arguments) != len(names):
        raise SettingError(f"{name} takes {len(names)} arguments, but gets {len(arguments)}\n  {', '.join(names)}")
    given = {each: np.asarray(value) if each in definition.arrays else value for each, value in zip(names, arguments, strict=True)}
    output = definition.outputs[0] if output is None else output
    if output not in definition.outputs:
        raise SettingError(f"{name} has no output {output!r}: it writes {', '.join(definition.outputs)}")
    array = given[output]
    place = place if isinstance(place, tuple | list) else (place,)
    inside = len(place) == array.ndim and all(0 <= each < size for each, size in zip(place, array.shape, strict=True))
    if not inside:
        raise ShapeError(f"{name}: {output} has no place {tuple(place)}\n  {output} {array.shape}")
    run = Run(definition, output, array, tuple(map(int, place)))
    try:
        with np.errstate(all="ignore"):
            run.call(definition, tuple(given.values()), tuple(map(_kind, given.values())))
    except (IndexError, ValueError, ZeroDivisionError) as error:
        shapes = [f"  {each} {given[each].shape}" for each in definition.arrays]
        raise ShapeError("\n".join([f"{name}: the arguments do not fit each other: {error}", *shapes])) from None
    value, last = run.held(array, run.place)
    if last is None:
        raise SettingError(f"{name} does not write {output}[{', '.join(map(str, place))}]")
    return Trace(name, output, run.place, run.still, _formula(definition, output), run.notes.leading_to(last), value)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "ints" if value.dtype.kind in "iub" else "elements"
    return FLOAT64 if isinstance(value, float) else ELEMENT if isinstance(value, np.floating) else INT


def _formula(definition: Definition, output: str) -> str:
    lines = (inspect.getdoc(definition.python) or "").splitlines()
    for number, line in enumerate(lines):
        if re.search(rf"\b{output}(\[[^]]*\])? = ", line):
            rest = lines[number + 1 :]
            stop = next((at for at, each in enumerate(rest) if not each.startswith(" ")), len(rest))
            return inspect.cleandoc("\n".join([line, *rest[:stop]]))
    return lines[0] if lines else ""
