"""A definition written out as JavaScript: the same letters, the same loops, the same order of every sum.

    javascript(read(conv2d_forward))

An array is `{shape, data}`, its data in scan order: a Float32Array or Float64Array, the same of all arrays of a call, and an Int32Array of
indices and labels.  JavaScript computes in float64; where compiled code rounds to the dtype of the arrays (`kinds`), so does the text,
`round(x * y)`.  Hence + - * / and square roots give equal bits; exp, log, tanh, sin, cos and powers of fractions are those of the browser,
each within one unit in the last place of float64.  Bits are 32, without a sign.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.javascript.prelude import PRELUDE
from minicnn.kernels.derive.javascript.statements import Writer
from minicnn.kernels.derive.javascript.values import named, number
from minicnn.kernels.derive.kinds import FLOAT64, INT, Kinds
from minicnn.kernels.derive.text import surroundings


def javascript(function: Function) -> str:
    """Write out a definition, or a function that definitions call or are handed, with everything that it needs.

    A function that is called with elements in one place and with float64 in another is written for float64.

    Raises
    ------
    SettingError
        If a name has two meanings, or stands for an integer that JavaScript does not have.
    """
    return complete(function, Writer)


def complete(function: Function, writer: Callable[[Function, Kinds, set[str]], Writer]) -> str:
    """The text of a function by a writer, behind everything that it needs."""
    constants, _ = surroundings(function, {})
    for name, value in constants.items():
        if isinstance(value, int) and abs(value) > 2**53:
            function.refuse(None, f"{name} is {value}, but JavaScript counts to 2**53 only")
    parts: dict[str, str] = {}
    _write(function, kinds_of(function), parts, set(), writer)
    text = "\n\n".join(parts.values())
    if constants:
        text = "\n".join(f"const {named(name)} = {number(value)};" for name, value in sorted(constants.items())) + "\n\n" + text
    needed: list[str] = []
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for name, line in reversed(PRELUDE.items()):
        if re.search(rf"\b{name}\(", code + "".join(each.partition("=")[2] for each in needed)):
            needed.insert(0, line)
    return "\n".join(needed) + "\n\n" * bool(needed) + text + "\n"


def kinds_of(function: Function) -> tuple[str, ...]:
    """Kinds of the arguments as the docstring says, `indices : (N, C) int64`; else arrays hold elements and settings are integers."""
    said: dict[str, str] = {}
    for line in (inspect.getdoc(function.python) or "").splitlines():
        names, colon, what = line.partition(" : ")
        said |= {each.strip(): what for each in names.split(",")} if colon else {}

    def kind(name: str) -> str:
        what = re.search(r"\b(int|float)", said.get(name, ""))
        if name in function.arrays:
            return "ints" if what and what[0] == "int" else "elements"
        return FLOAT64 if what and what[0] == "float" else INT

    return tuple(map(kind, function.arguments))


def _write(
    function: Function,
    kinds: Iterable[str],
    parts: dict[str, str],
    given_round: set[str],
    writer: Callable[[Function, Kinds, set[str]], Writer] = Writer,
) -> None:
    """Adds the texts of the functions that it calls, then its own."""
    known = Kinds(function, kinds)
    for name, called in function.functions.items():
        if name not in parts:
            _write(called, known.called[name], parts, given_round)
    written = writer(function, known, given_round)
    parts[function.name] = written.text()
    if written.rounds and not function.arrays:
        given_round.add(function.name)
