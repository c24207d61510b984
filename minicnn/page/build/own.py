"""A user's own loops as WebAssembly, compiled on the spot: modules that lie in the memory of those that come with the package."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.errors import NumbaError

from minicnn.errors import GraphError
from minicnn.kernels.derive import Definition
from minicnn.kernels.derive.definition import Function
from minicnn.page.build.link import heap_base_of, link
from minicnn.page.build.module import Loop, compile_object
from minicnn.page.build.steps import step_loops
from minicnn.page.build.textbook import signature
from minicnn.page.modules import path
from minicnn.page.own import copy

LIBRARY = ("log1p", *(each + kind for kind in ("", "f") for each in ("exp", "log", "pow", "tanh", "sin", "cos")))  # of script/memory.js


def _compiled(function: Function) -> FunctionType:
    """The plain function, what it calls compiled: Numba calls no other."""
    return copy(function.python, **{name: njit(_compiled(each)) for name, each in function.functions.items()})


def compiled_loops(loops: Mapping[str, Definition]) -> bytes:
    """A module of textbook loops, which shares the memory of "textbook": about a second for two of them."""
    return beside("textbook", {name: Loop(_compiled(each), signature(each)) for name, each in loops.items()})


def compiled_steps(kernels: Mapping[str, Any]) -> bytes:
    """A module of steps by label, which shares the memory of "engine"; in a process with four lanes."""
    return beside("engine", step_loops(kernels.values()))


def beside(module: str, loops: Mapping[str, Any]) -> bytes:
    """A WebAssembly module of loops that lies in the memory of one that comes with the package.

    Raises
    ------
    GraphError
        If Numba cannot compile one of them, or takes a function for it that a page has not.
    """
    try:
        made = link(compile_object(loops), list(loops), base=heap_base_of(path(module).read_bytes()))
    except NumbaError as error:
        raise GraphError(
            f"a page cannot have {', '.join(loops)}: Numba does not compile it\n  {str(error).strip().splitlines()[0]}"
        ) from error
    if missing := [each for each in made.imports if each not in LIBRARY]:
        raise GraphError(f"a page cannot have {', '.join(loops)}: it has no {', '.join(missing)}\n  there are {', '.join(LIBRARY)}")
    return made.code
