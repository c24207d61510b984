"""A definition as a CUDA kernel: Python text for Numba, a thread for every place of the outputs.

    for place in range(cuda.grid(1), N * K * P * Q, cuda.gridsize(1)):      any number of threads takes turns at all the places
        n = place // (K * P * Q)                                            which letters the place has
        k = place // (P * Q) % K
        ...
        total = np.float64(bias[k])                                         from here on the text of the definition

Nothing is added by two threads, so that no sum depends on their order.  The text needs nothing around it but Numba; this module does not
import it, and asks for no device.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.grammar import read_function
from minicnn.kernels.derive.syntax import array_of, indices, places
from minicnn.kernels.derive.text import around, statements
from minicnn.kernels.derive.threads import Threads, threads
from minicnn.kernels.derive.values import CONSTANTS, MATHEMATICS

TAKEN = ("cuda", "math", "np")
DEVICE = "@cuda.jit(device=True)"
# A device's own max(NaN, a) is a.  These are what Numba compiles for the CPU, so that a NaN goes the same way on both.
COMPARED = {"max": "b if b > a else a", "min": "b if b < a else a"}


def cuda(definition: Definition, **functions: Callable[..., Any]) -> str:
    """The text of a CUDA kernel that does what the definition does.

    Its arguments are those of the definition, without the functions among them.

    functions : what is handed in for arguments that are functions, `index_map=...`; one that is not given is left to be put in front

    Raises
    ------
    SettingError
        If no loop may become threads, a function is outside the grammar, or a name has two meanings.
    """
    parallel = threads(definition)
    given = {name: read_function(function) for name, function in functions.items()}
    for name in TAKEN:
        if name in definition.python.__code__.co_varnames:
            definition.refuse(None, f"{name} is the name of a module on the device: rename it")
    own = [*around(definition, given, DEVICE, _OnDevice()).values(), "\n".join(_kernel(parallel))]
    code = "\n".join(own)
    missing = [f"# the function {name} is to stand here, with {DEVICE} before it" for name in definition.called if name not in given]
    compared = [f"{DEVICE}\ndef {name}(a, b):\n    return {way}" for name, way in COMPARED.items() if re.search(rf"\b{name}\(", code)]
    modules = "import math\n\n" * ("math." in code) + "import numpy as np\n" * ("np." in code) + "from numba import cuda"
    return "\n\n\n".join([modules, *compared, *missing, *own]) + "\n"


def _kernel(parallel: Threads) -> list[str]:
    change = _OnDevice()
    definition, stops = parallel.definition, [each.stop for each in parallel.levels]
    sizes = [f"({ast.unparse(each)})" if isinstance(each, ast.BinOp | ast.IfExp) else ast.unparse(each) for each in stops]
    arguments = ", ".join(each for each in definition.arguments if each not in definition.called)
    place = next(each for each in ("place", "thread", "turn") if definition.free(each) == each)
    letter = parallel.letters[0] if len(sizes) == 1 else place
    lines = ["@cuda.jit", f"def {definition.name}({arguments}):", *statements(definition.before, change)]
    lines.append(f"    for {letter} in range(cuda.grid(1), {' * '.join(sizes)}, cuda.gridsize(1)):")
    for number, letter in enumerate(parallel.letters if len(sizes) > 1 else ()):
        inner = " * ".join(sizes[number + 1 :])
        turns = f" // ({inner})" if len(sizes) - number > 2 else f" // {inner}" if inner else ""
        lines.append(f"        {letter} = {place}{turns}{f' % {sizes[number]}' if number else ''}")
    lines += [f"        {each}" for each in _clearings(parallel)]
    return lines + statements(parallel.body, change, depth=2)


def _clearings(parallel: Threads) -> list[str]:
    """Every thread clears its part of the outputs, and with it what lies beyond the letters' ranges, which no thread comes to."""
    lines = []
    for each in parallel.definition.clearings:
        name = array_of(each.targets[0])
        index = indices(places(parallel.definition.loop, name)[0])
        parts = [":"] * len(index)
        for level in parallel.levels:
            axis = parallel.axes[name][level.letter]
            parts[axis] = f"{ast.unparse(index[axis])}::{ast.unparse(level.stop)}"
        lines.append(f"{name}[{', '.join(parts)}] = {ast.unparse(each.value)}")
    return lines


class _OnDevice(ast.NodeTransformer):
    """NumPy's functions of one number by the names that a device knows."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr == "abs":
            return ast.Name("abs", ast.Load())
        if node.attr in (*MATHEMATICS, *CONSTANTS):
            return ast.Attribute(ast.Name("np" if node.attr == "float64" else "math", ast.Load()), node.attr, ast.Load())
        return self.generic_visit(node)
