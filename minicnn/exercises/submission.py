"""A file that is handed in: what it defines, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from minicnn.errors import DataError, one_line
from minicnn.exercises.exercise import Exercise

FOREIGN = ("minicnn", "torch", "tensorflow", "jax", "scipy", "cupy")  # where the loop would be somebody else's
LARGEST_FILE = 1 << 20


class Submission(NamedTuple):
    """A file, and the arguments of the functions that it defines."""

    path: Path
    functions: dict[str, tuple[str, ...]]

    def refusal(self, exercise: Exercise) -> str:
        """Why it cannot be run for this exercise, in one line; empty if it can."""
        name, wanted = exercise.function, exercise.signature
        if name not in self.functions:
            there = f": it has {', '.join(self.functions)}" if self.functions else ""
            return f"defines no function {name}{there}"
        if len(self.functions[name]) != len(wanted):
            return f"{name} takes ({', '.join(self.functions[name])}), but must take ({', '.join(wanted)})"
        return ""


def read_submission(path: str | Path) -> Submission:
    """Read a file.

    Raises
    ------
    DataError
        One line that says why it is not a Python file that can be graded.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}") from None
    if len(text) > LARGEST_FILE:
        raise DataError("is larger than 1 MiB, which no exercise needs")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise DataError(f"is not Python: line {error.lineno}: {one_line(error.msg)}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # zero bytes; brackets a thousand deep
        raise DataError(f"is not Python: {one_line(str(error))}") from None
    foreign = sorted(_imported(tree) & set(FOREIGN))
    if foreign:
        raise DataError(f"imports {foreign[0]}, but is to have the loop itself")
    functions = {each.name: tuple(argument.arg for argument in each.args.args) for each in tree.body if isinstance(each, ast.FunctionDef)}
    return Submission(path, functions)


def _imported(tree: ast.Module) -> set[str]:
    """The packages that a file imports anywhere."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return {name.partition(".")[0] for name in names}


def of_file(submission: Submission, exercises: Iterable[Exercise]) -> list[Exercise]:
    """The exercises whose functions a file defines."""
    return [each for each in exercises if each.function in submission.functions]
