"""The textbook loops as a page calls them, in float32."""

from __future__ import annotations

from numba import types

from minicnn.kernels import textbook
from minicnn.kernels.derive import Definition, read
from minicnn.kernels.derive.javascript import kinds_of
from minicnn.kernels.derive.kinds import FLOAT64
from minicnn.page.build.module import Loop

ELEMENTS = {"elements": types.float32, "ints": types.int64}


def textbook_loops() -> dict[str, Loop]:
    """Every textbook loop that takes no function, by its name."""
    found = {}
    for name in sorted(textbook.__all__):
        function = getattr(textbook, name)
        definition = read(function)
        if not definition.called:
            found[name] = Loop(function, signature(definition))
    return found


def signature(definition: Definition) -> tuple[types.Type, ...]:
    """Numba types of its arguments: arrays as the docstring says, of one axis where `.flat` counts their places; numbers are int64."""
    found = []
    for name, kind in zip(definition.arguments, kinds_of(definition), strict=True):
        if kind in ELEMENTS:
            found.append(types.Array(ELEMENTS[kind], definition.ranks[name] or 1, "C"))
        else:
            found.append(types.float64 if kind == FLOAT64 else types.int64)
    return tuple(found)
