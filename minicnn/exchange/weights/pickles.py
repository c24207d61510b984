"""Pickles without running them: the few instructions that files of weights consist of, carried out on plain values.

A pickle is a program for a small stack machine, and two of its instructions import and call whatever they name.  Here these make records
instead, `Name` and `Call`, unless the name is one of those that the reader was told how to treat; any other ends the reading.  Nothing is
imported and nothing of the file is called.

The instructions are those of the standard library's `pickletools`, whose documentation of each says what it does to the stack.
"""

from __future__ import annotations

import pickletools
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import IO, Any, NamedTuple

from minicnn.errors import CheckpointError, quoted

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
VALUES = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
    ]
)
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_SET": set}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
CALLS = frozenset(["REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST"])
NOTHING = frozenset(["PROTO", "FRAME"])


class Name(NamedTuple):
    """What a pickle would import: "torch.FloatStorage"."""

    path: str


class Persistent(NamedTuple):
    """What lies outside of the pickle, by what it calls it."""

    key: Any


class _Mark:
    """The start of a group on the stack."""


Treatments = Mapping[str, Callable[..., Any] | None]


class Pickled(NamedTuple):
    """What one pickle describes, and what it mentions that lies outside of it."""

    value: Any
    outside: list[Persistent]


def read_pickle(file: IO[bytes], source: str, known: Treatments, advice: str) -> Pickled:
    """What one pickle describes; the file is then behind it.

    Parameters
    ----------
    known : what is done for a name when the pickle calls it; None: it may be mentioned, but not called
    advice : follows the message about a name that is not known

    Raises
    ------
    CheckpointError
        If it would import or call anything else, or cannot be read.
    """
    machine = _Machine(source, known, advice)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of escapes in a broken text
            return Pickled(machine.run(file), machine.outside)
    except CheckpointError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError, NotImplementedError) as error:
        raise CheckpointError(f"{source} is broken: its pickle cannot be followed ({quoted(str(error))})") from error


class _Machine:
    def __init__(self, source: str, known: Treatments, advice: str) -> None:
        self.source, self.known, self.advice = source, known, advice
        self.stack: list[Any] = []
        self.memory: dict[Hashable, Any] = {}
        self.outside: list[Persistent] = []

    def run(self, file: IO[bytes]) -> Any:
        for instruction, given, _ in pickletools.genops(file):
            name = instruction.name
            if name == "STOP":
                return self.stack.pop()
            if name in VALUES:
                self.stack.append(given)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            elif name in EMPTY:
                self.stack.append(EMPTY[name]())
            elif name in TUPLES:
                self.stack.append(tuple(self._taken(TUPLES[name])))
            elif name in CALLS:
                self._call(name, given)
            elif name not in NOTHING:
                self._other(name, given)
        raise CheckpointError(f"{self.source} is cut short: its pickle has no end")

    def _other(self, name: str, given: Any) -> None:
        stack = self.stack
        if name == "MARK":
            stack.append(_Mark)
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memory[given] = stack[-1]
        elif name == "MEMOIZE":
            self.memory[len(self.memory)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self.memory[given])
        elif name == "GLOBAL":
            stack.append(self._name(*given.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            stack.append(self._name(*self._taken(2)))
        elif name in ("PERSID", "BINPERSID"):
            self.outside.append(Persistent(given if name == "PERSID" else stack.pop()))
            stack.append(self.outside[-1])
        elif name == "TUPLE":
            stack.append(tuple(self._group()))
        elif name in ("LIST", "DICT"):
            group = self._group()
            stack.append(group if name == "LIST" else dict(zip(group[::2], group[1::2], strict=True)))
        elif name in ("APPEND", "APPENDS", "ADDITEMS"):
            group = self._group() if name != "APPEND" else self._taken(1)
            stack[-1].extend(group) if isinstance(stack[-1], list) else stack[-1].update(group)
        elif name in ("SETITEM", "SETITEMS"):
            group = self._group() if name == "SETITEMS" else self._taken(2)
            stack[-1].update(zip(group[::2], group[1::2], strict=True))
        elif name == "BUILD":
            stack.pop()  # attributes, as the versions of modules that PyTorch keeps with a dict of tensors
        elif name == "POP":
            stack.pop()
        else:
            raise CheckpointError(f"{self.source} is no file of weights: its pickle has the instruction {name}{self.advice}")

    def _call(self, instruction: str, given: Any) -> None:
        if instruction == "INST":
            self._refuse(".".join(given.split(" ", 1)))
        if instruction == "OBJ":
            self._refuse(self._group()[0])
        name, *arguments = self._taken(3 if instruction == "NEWOBJ_EX" else 2)
        if not isinstance(name, Name):
            self._refuse(name)
        treatment = self.known[name.path]
        if treatment is None or instruction == "NEWOBJ_EX" or not isinstance(arguments[0], tuple):
            self._refuse(name)
            return
        self.stack.append(treatment(*arguments[0]))

    def _name(self, module: str, name: str) -> Name:
        path = f"{module}.{name}"
        if path not in self.known:
            self._refuse(Name(path))
        return Name(path)

    def _refuse(self, what: object) -> None:
        called = what.path if isinstance(what, Name) else what
        raise CheckpointError(
            f"{self.source} wants to call {quoted(called)[1:-1] if isinstance(called, str) else quoted(called)}, and was not read:"
            f" nothing in a file of weights may run{self.advice}"
        )

    def _taken(self, count: int) -> list[Any]:
        """The topmost values, taken off the stack."""
        if len(self.stack) < count or _Mark in self.stack[-count:]:
            raise IndexError("the stack is empty")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _group(self) -> list[Any]:
        """The values above the last mark, taken off the stack with it."""
        start = len(self.stack) - 1
        while self.stack[start] is not _Mark:  # an IndexError below the stack's bottom
            start -= 1
            if start < 0:
                raise IndexError("there is no mark on the stack")
        group = self.stack[start + 1 :]
        del self.stack[start:]
        return group
