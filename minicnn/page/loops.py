"""Textbook loops as a page shows them: the Python text, and the same loop in JavaScript that stops after every statement."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from minicnn.kernels import textbook
from minicnn.kernels.derive import Definition, read
from minicnn.kernels.derive.javascript import kinds_of
from minicnn.kernels.derive.javascript.stepping import stepping

FAMILIES = (
    *(f"{kind}{n}d" for n in (1, 2) for kind in ("conv", "conv_transpose", "tiled_conv", "unshared_conv")),
    "conv3d",
)
PASSES = ("forward", "backward_input", "backward_weight")
POOLINGS = ("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "l2_pool1d", "l2_pool2d", "gaussian_pool2d")
SLIDE = (
    *(f"{family}_{each}" for family in FAMILIES for each in PASSES),
    *(f"{pooling}_{each}" for pooling in POOLINGS for each in ("forward", "backward")),
    "pad1d_forward",
    "pad2d_forward",
)


def definitions(names: Iterable[str]) -> dict[str, Definition]:
    """Loops of the textbook by name."""
    return {name: read(getattr(textbook, name)) for name in names}


def described(loops: Mapping[str, Definition]) -> dict[str, dict[str, Any]]:
    """For each loop: its text from `def` on without the docstring, the line of the file's function that each line was, what its
    arguments are ([name, kind, axes]; 0 axes: any), and its outputs."""
    found = {}
    for name, definition in loops.items():
        lines, numbers = _shown(definition)
        arguments = zip(definition.arguments, kinds_of(definition), strict=True)
        found[name] = {
            "text": lines,
            "lines": numbers,
            "formula": (inspect.getdoc(definition.python) or "").partition("\n\nParameters")[0],
            "arguments": [[each, kind, definition.ranks.get(each, 0)] for each, kind in arguments],
            "outputs": list(definition.outputs),
        }
    return found


def _shown(definition: Definition) -> tuple[list[str], list[int]]:
    source, first = inspect.getsourcelines(definition.python)
    begin = definition.line - first  # decorators are left out
    tree = ast.parse(textwrap.dedent("".join(source)))
    (function,) = (each for each in tree.body if isinstance(each, ast.FunctionDef))
    said = function.body[0] if ast.get_docstring(function) is not None else None
    numbers = [
        number for number in range(begin, len(source)) if said is None or not said.lineno - 1 <= number < (said.end_lineno or said.lineno)
    ]
    return [source[number].rstrip() for number in numbers], [number - begin + 1 for number in numbers]


def stepping_script(loops: Mapping[str, Definition]) -> str:
    """An object `STEPPING` in JavaScript: "LOOP OUTPUT" -> its generator.  What several loops call is written once."""
    common: dict[str, str] = {}
    entries = []
    for name, definition in loops.items():
        for output in definition.outputs:
            text = re.sub(r"/\*.*?\*/\n", "", stepping(definition, output), flags=re.DOTALL)
            before, _, own = text.partition(f"function* {definition.name}(")
            own = "function*(" + "\n".join(line.lstrip() for line in own.splitlines()).strip()
            if not hasattr(textbook, name):  # what a user's loop calls may have a name that textbook loops call something else by
                own = f"(() => {{\n{before.strip()}\nreturn {own};\n}})()"
                before = ""
            for part in re.split(r"\n(?=const |function )", before):
                if part.strip():
                    common.setdefault(part.strip(), "")
            entries.append(f'"{name} {output}": {own},')
    return "\n".join([*common, "const STEPPING = {", *entries, "};"])
