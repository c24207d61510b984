"""The text of a function: its syntax tree with the line numbers of its file, and what its names stand for."""

from __future__ import annotations

import ast
import builtins
import functools
import linecache
import os
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple, NoReturn

from minicnn.errors import SettingError

FUTURE = 0x1FE0000  # of a code's flags: what `from __future__ import ...` at the top of its file leaves there


class Source(NamedTuple):
    """A function as it was written.

    python : the plain function
    tree : its `def`, lines counted from the top of the file
    file : as messages name it
    """

    python: Any  # FunctionType; a type checker would take it for a method
    tree: ast.FunctionDef
    file: str

    def refuse(self, node: ast.AST, reason: str) -> NoReturn:
        """Say where the text leaves the grammar, and why."""
        raise SettingError(f"{self.file}:{getattr(node, 'lineno', self.tree.lineno)}: {reason}")

    def meaning(self, name: str) -> Any:
        """What a name that the function does not assign stands for now; `NotImplemented` if nothing."""
        cells = dict(zip(self.python.__code__.co_freevars, self.python.__closure__ or (), strict=True))
        if name in cells:
            return cells[name].cell_contents
        return self.python.__globals__.get(name, getattr(builtins, name, NotImplemented))


def plain(function: Any) -> Any:
    """The function that Numba compiled; any other as it is."""
    return getattr(function, "py_func", function)


def source(function: Callable[..., Any]) -> Source:
    """Find the text of a function, compiled or not.

    Raises
    ------
    SettingError
        If there is no text, or it was edited after the function was loaded.
    """
    python: Any = plain(function)
    if not isinstance(python, FunctionType):
        raise SettingError(f"{function!r} is not a function made with def, so that there is no loop to read")
    code = python.__code__
    file = _short(code.co_filename)
    if python.__name__ == "<lambda>":
        raise SettingError(f"{file}:{code.co_firstlineno}: a lambda has no loop to read: write a function with def")
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, python.__globals__)
    if not lines:
        raise SettingError(f"{file}: the text of {code.co_name} is not available\n  write it in a file or a notebook")
    stale = f"{file}:{code.co_firstlineno}: {code.co_name} was edited after it was loaded\n  load it again (a notebook: run its cell again)"
    try:
        tree, codes = _parse("".join(lines), code.co_flags & FUTURE)
    except SyntaxError:
        raise SettingError(stale) from None
    starts = {min([each.lineno, *(mark.lineno for mark in each.decorator_list)]): each for each in tree if each.name == code.co_name}
    if code not in codes or code.co_firstlineno not in starts:
        raise SettingError(stale)
    return Source(python, starts[code.co_firstlineno], file)


@functools.lru_cache(maxsize=32)
def _parse(text: str, flags: int) -> tuple[list[ast.FunctionDef], list[CodeType]]:
    """Every `def` of a file, and every function's code."""
    tree = ast.parse(text)
    whole = compile(tree, "text", "exec", flags, dont_inherit=True)
    return [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)], list(_codes(whole))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _short(path: str) -> str:
    """A path as a reader at this folder would type it."""
    inside = os.path.join(os.getcwd(), "")
    return path.removeprefix(inside)
