"""A definition as a CUDA kernel: Python text for Numba, a thread for every place of the outputs.

    for place in range(cuda.grid(1), N * K * P * Q, cuda.gridsize(1)):      any number of threads takes turns at all the places
        n = place // (K * P * Q)                                            which letters the place has
        k = place // (P * Q) % K
        ...
        total = np.float64(bias[k])                                         from here on the text of the definition

Nothing is added by two threads, so that no sum depends on their order.  The text needs nothing around it but Numba; this module does not
import it, and asks for no device.  Outputs that the definition clears are cleared by the threads, each its own part, unless a letter has no
turns: `minicnn.kernels.cuda.derived`, which launches such kernels, clears them by a launch of its own.

A `Form` says how a plan has it: neighbouring threads take neighbouring images, and numbers are float32.

    for place in range(cuda.grid(1) // 8, K * P * Q, cuda.gridsize(1) // 8):        8 threads share a place, and find its letters once
        k = place // (P * Q)
        ...                                                                         what is the same for every image of the place
        for n in range(cuda.grid(1) % 8, N, 8):
            ...
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.grammar import read_function
from minicnn.kernels.derive.kinds import INT, Kinds
from minicnn.kernels.derive.single import InSingle, copied, functions_in_single
from minicnn.kernels.derive.syntax import array_of, assigned, indices, loaded, places, stores
from minicnn.kernels.derive.text import around, statements
from minicnn.kernels.derive.threads import Level, Threads, threads
from minicnn.kernels.derive.values import CONSTANTS, MATHEMATICS

TAKEN = ("cuda", "math", "np")
DEVICE = "@cuda.jit(device=True)"
INLINE = '@cuda.jit(device=True, inline="always")'  # compiles where there is no device as well
# A device's own max(NaN, a) is a.  These are what Numba compiles for the CPU, so that a NaN goes the same way on both.
COMPARED = {"max": "b if b > a else a", "min": "b if b < a else a"}


class Form(NamedTuple):
    """How a kernel is wanted, other than the text says.

    innermost : the letter by which neighbouring threads differ; the last one if none is named
    lanes : so many threads share the other letters
    kinds : of its arguments, as in `kinds`: then the loop is computed in float32, and what stands before it is rounded
    bindings : argument that is no argument of the kernel, and what it is there
    extra : arguments of the kernel that bindings read
    clears : whether its threads clear outputs that the definition clears
    one_axis : `x.flat[i]` is `x[i]`
    counted : whether places are given as numbers without a sign, so that none is looked for from the end of its axis: a fifth of a
        simple loop's instructions
    decorated : whether `@cuda.jit` stands before it, and its functions are as a reader would write them
    """

    innermost: str = ""
    lanes: int = 1
    kinds: tuple[str, ...] = ()
    bindings: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()
    clears: bool = True
    one_axis: bool = False
    counted: bool = False
    decorated: bool = True


PLAIN = Form()


def cuda(definition: Definition, form: Form = PLAIN, **functions: Callable[..., Any]) -> str:
    """The text of a CUDA kernel that does what the definition does.

    Its arguments are those of the definition, without the functions among them.

    functions : what is handed in for arguments that are functions, `index_map=...`; one that is not given is left to be put in front

    Raises
    ------
    SettingError
        If no loop may become threads, a function is outside the grammar, or a name has two meanings.
    """
    own = copied(definition)
    given = {name: read_function(function) for name, function in functions.items()}
    for name in TAKEN:
        if name in definition.python.__code__.co_varnames:
            definition.refuse(None, f"{name} is the name of a module on the device: rename it")
    rounded: list[str] = []
    if form.kinds:
        rounded, own = _in_single(own, form.kinds)
    device = DEVICE if form.decorated else INLINE
    texts = [*around(own, given, device, _OnDevice(form)).values(), "\n".join(_kernel(threads(own), form, rounded))]
    code = "\n".join(texts)
    missing = [f"# the function {name} is to stand here, with {device} before it" for name in definition.called if name not in given]
    compared = [f"{device}\ndef {name}(a, b):\n    return {way}" for name, way in COMPARED.items() if re.search(rf"\b{name}\(", code)]
    modules = "import math\n\n" * ("math." in code) + "import numpy as np\n" * ("np." in code) + "from numba import cuda"
    return "\n\n\n".join([modules, *compared, *missing, *texts]) + "\n"


def _in_single(own: Definition, arguments: tuple[str, ...]) -> tuple[list[str], Definition]:
    """A definition whose loop is computed in float32, and lines that round what it reads from before."""
    kinds = Kinds(own, arguments)
    real = {*own.settings, *assigned(own.before)} & {name for name, kind in kinds.names.items() if kind != INT}
    names = {name: own.free(f"{name}_32") for name in sorted(real & loaded(own.loop))}
    functions = functions_in_single(kinds)
    InSingle(kinds, names).visit(own.loop)
    return [f"    {new} = np.float32({name})" for name, new in names.items()], replace(own, functions=functions)


def _kernel(parallel: Threads, form: Form, rounded: list[str]) -> list[str]:
    definition, change, bound = parallel.definition, _OnDevice(form), dict(form.bindings)
    arguments = [each for each in definition.arguments if each not in definition.called and each not in bound]
    levels = sorted(parallel.levels, key=lambda level: level.letter == form.innermost)
    lanes = form.lanes if form.innermost and len(levels) > 1 else 1
    shared, last = (levels[:-1], levels[-1]) if lanes > 1 else (levels, None)
    once, body = _once(parallel, last.letter) if last else ([], list(parallel.body))
    lines = ["@cuda.jit"] * form.decorated + [f"def {definition.name}({', '.join((*arguments, *form.extra))}):"]
    lines += [f"    {name} = {value}" for name, value in bound.items()]
    lines += [*statements(definition.before, change), *rounded, *_turns(definition, shared, f" // {lanes}" if last else "")]
    lines += [f"        {each}" for each in (_clearings(parallel) if form.clears else ())]
    lines += statements(once, change, depth=2)
    if last:
        lines.append(f"        for {last.letter} in range(cuda.grid(1) % {lanes}, {ast.unparse(last.stop)}, {lanes}):")
    return lines + statements(body, change, depth=3 if last else 2)


def _once(parallel: Threads, letter: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The statements of a place that are the same for every turn of the innermost letter, and the others.

    They give a name its only value, from what no turn of that letter changes.
    """
    once: list[ast.stmt] = []
    each_turn: list[ast.stmt] = []
    changing, outputs = {letter}, set(parallel.definition.outputs)
    for each in parallel.body:
        own, others = assigned(each), assigned(other for other in parallel.body if other is not each)
        same = loaded(each).isdisjoint(changing | outputs) and own.isdisjoint(others)
        if isinstance(each, ast.Assign) and not stores(each) and same:
            once.append(each)
        else:
            each_turn.append(each)
            changing |= own
    return once, each_turn


def _turns(definition: Definition, levels: list[Level], each: str) -> list[str]:
    """The loop over places, and the letters of a place."""
    sizes = [f"({ast.unparse(each.stop)})" if isinstance(each.stop, ast.BinOp | ast.IfExp) else ast.unparse(each.stop) for each in levels]
    several = len(sizes) > 1
    letter = next(word for word in ("place", "thread", "turn") if definition.free(word) == word) if several else levels[0].letter
    lines = [f"    for {letter} in range(cuda.grid(1){each}, {' * '.join(sizes)}, cuda.gridsize(1){each}):"]
    for number, level in enumerate(levels if several else ()):
        inner = " * ".join(sizes[number + 1 :])
        turns = f" // ({inner})" if len(sizes) - number > 2 else f" // {inner}" if inner else ""
        lines.append(f"        {level.letter} = {letter}{turns}{f' % {sizes[number]}' if number else ''}")
    return lines


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

    def __init__(self, form: Form = PLAIN) -> None:
        self.form = form

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if self.form.one_axis and isinstance(node.value, ast.Attribute) and node.value.attr == "flat":
            node.value = node.value.value
        visited = self.generic_visit(node)
        if isinstance(visited, ast.Subscript) and array_of(visited) and self.form.counted:
            places: list[ast.expr] = [ast.Call(ast.parse("np.uintp", mode="eval").body, [each], []) for each in indices(visited)]
            visited.slice = places[0] if len(places) == 1 else ast.Tuple(places, ast.Load())
        return visited

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr == "abs":
            return ast.Name("abs", ast.Load())
        if node.attr in (*MATHEMATICS, *CONSTANTS):
            return ast.Attribute(ast.Name("np" if node.attr == "float64" else "math", ast.Load()), node.attr, ast.Load())
        return self.generic_visit(node)
