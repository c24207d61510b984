"""Loops of a user's own layers in a page: known by a name, told what their arguments are; `build.own` compiles them on the spot."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from minicnn.errors import GraphError
from minicnn.kernels import textbook
from minicnn.kernels.derive import Definition, read
from minicnn.network import Graph

MARK = "own_"  # before the name of a loop that the textbook has, too


def name_of(loop: Callable[..., None]) -> str:
    """What a page calls a loop: as it is called, unless that is another loop of the textbook."""
    known = getattr(textbook, loop.__name__, None)
    return loop.__name__ if known in (None, loop) else MARK + loop.__name__


def told(node: str, loop: Callable[..., None], arguments: Mapping[str, Any]) -> Definition:
    """A user's loop with a docstring that says what its arguments are, as those of the textbook do; taken from a call.

    Raises
    ------
    GraphError
        If it takes a function, or numbers together: a page hands arrays and single numbers over.
    """
    definition = read(loop)
    lines = [(inspect.getdoc(definition.python) or "").partition("\n\nParameters")[0], "", "Parameters"]
    for name, value in arguments.items():
        if name in definition.called or isinstance(value, tuple):
            what = "a function" if name in definition.called else "several numbers"
            raise GraphError(
                f"{node}: its loop {loop.__name__} takes {what} as {name}, but a page hands arrays and single numbers over"
                "\n  write it into the loop; a convolution with an index map of its own goes into a page by --variant FILE.py:NAME"
            )
        whole = value.dtype.kind == "i" if isinstance(value, np.ndarray) else isinstance(value, int | np.integer)
        lines.append(f"{name} : {'int' if whole else 'float'}")
    python = copy(definition.python)
    python.__doc__ = "\n".join(lines)
    return replace(definition, python=python)


def copy(function: FunctionType, **names: Any) -> FunctionType:
    made = FunctionType(
        function.__code__, {**function.__globals__, **names}, function.__name__, function.__defaults__, function.__closure__
    )
    made.__doc__ = function.__doc__
    return made


def files_of(net: Graph) -> list[str]:
    """The files that define a network's own layers: a process of its own runs them to know these.

    Raises
    ------
    GraphError
        If a layer is of no file.
    """
    found: dict[str, None] = {}
    for node in net.nodes:
        module = type(node.layer).__module__
        if module.partition(".")[0] != "minicnn":
            file = getattr(sys.modules.get(module), "__file__", None)
            if file is None:
                raise GraphError(
                    f"{node.name}: {node.layer.kind()} is defined in no file, but a page is made by a process that runs it\n  define it in FILE.py"
                )
            found[str(Path(file).resolve())] = None
    return list(found)


def run_files(files: Iterable[str]) -> None:
    """Run files, so that their layers are known."""
    from contextlib import redirect_stdout
    from types import ModuleType

    for file in files:
        module = ModuleType(Path(file).name)
        module.__file__ = file
        sys.modules[module.__name__] = module
        sys.path.insert(0, str(Path(file).parent))
        with redirect_stdout(sys.stderr):
            exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), vars(module))
