"""What a user's own Python file defines: a function, said as FILE.py:NAME, or its `network`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from minicnn.errors import SettingError, raised, suggestion

NETWORK = "network"
Value = TypeVar("Value")


def own_function(word: str) -> Callable[..., Any]:
    """The function that FILE.py:NAME says; the file is run for it.

    Raises
    ------
    SettingError
        If there is no such file or function, or the file raises an error of its own.
    """
    file, _, name = word.rpartition(":") if ".py:" in word else (word, "", "")
    names = definitions(file)
    functions = [each for each, value in names.items() if isinstance(getattr(value, "py_func", value), FunctionType)]
    if name not in functions:
        there = f"\n  there are {', '.join(functions)}" if functions else ""
        what = f"has no function {name}{suggestion(name, functions)}" if name else "is a file: say which function, as FILE.py:NAME"
        raise SettingError(f"{file} {what}{there}")
    return names[name]  # type: ignore[no-any-return]


def own_value(word: str, kind: type[Value], what: str) -> Value:
    """The value of a kind that FILE.py:NAME says; the file is run for it.

    what : the kind in words

    Raises
    ------
    SettingError
        If there is no such file or value, or the file raises an error of its own.
    """
    file, _, name = word.rpartition(":") if ".py:" in word else (word, "", "")
    found = {each: value for each, value in definitions(file).items() if isinstance(value, kind)}
    if name not in found:
        there = f"\n  there are {', '.join(found)}" if found else ""
        missing = (
            f"does not define {name} as {what}{suggestion(name, list(found))}"
            if name
            else f"is a file: say which of its names is {what}, as FILE.py:NAME"
        )
        raise SettingError(f"{file} {missing}{there}")
    return found[name]


def own_network(file: str) -> Any:
    """What a file calls `network`; the file is run for it, so that its layers are known from then on.

    Raises
    ------
    SettingError
        If there is no such file, it raises an error of its own, or defines no `network`.
    """
    names = definitions(file)
    if NETWORK not in names:
        near = suggestion(NETWORK, [name for name in names if not name.startswith("_")])
        raise SettingError(
            f"{file} defines no network{near}"
            f"\n  network = a Graph, a layer or a block, or a function (classes, input_shape, seed) that returns one"
        )
    return names[NETWORK]


def definitions(file: str) -> dict[str, Any]:
    """Everything a file defines, by name."""
    path = Path(file).expanduser()
    if not path.is_file():
        raise SettingError(f"there is no file {file}")
    return vars(_module(path))


def _module(path: Path) -> ModuleType:
    """What the file defines; always from its text, for a compiled file beside it may be that of a moment ago."""
    module = ModuleType(path.name)  # no import has this name, so that none finds a file called random.py
    module.__file__ = str(path)
    sys.modules[path.name] = module  # where dataclasses look for what an annotation in quotes means
    sys.path.insert(0, str(path.parent.resolve()))  # it may import what lies beside it
    try:
        with redirect_stdout(sys.stderr):  # what the file prints is no part of what the command writes
            exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))  # not with this file's __future__
    except (Exception, SystemExit) as error:  # whatever a user's file raises is the user's to mend
        raise SettingError(f"{path} {raised(error, str(path))}") from error
    finally:
        sys.path.pop(0)
    return module
