"""Any textbook loop as a launch: derived from its text, in the layout of its arrays.

Neighbouring threads take the letter along which the first output lies closest: images in a plan, columns in a user's array.  What the
definition clears is cleared by a launch of its own, whole, whatever turns its loops make.  Threads never add into one place, so that a
loop has the bits of the compiled one, unless `single` asks for sums in float32.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.launches import Handle, Launches
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.cuda.sharing import on_one_axis, refuse_shared, strides_of
from minicnn.kernels.derive.cuda import Form, cuda
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.generated import load
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.kinds import FLOAT64, INT
from minicnn.kernels.derive.syntax import array_of
from minicnn.kernels.derive.threads import Threads, threads

LANES = 2 if SIMULATED else 8  # threads that share a place, at least, where there are so many images: they move 32 bytes, one sector
ENOUGH = 4 if SIMULATED else 2 * 132 * 2048  # threads: twice what the largest devices of today hold at once


class Binding(NamedTuple):
    """What a setting is on the device: an expression, the arrays and numbers that it reads, and its kind."""

    text: str
    reads: Mapping[str, Any]
    kind: str = INT


def append_loop(
    launches: Launches,
    loop: Callable[..., None],
    arguments: Mapping[str, Any],
    *,
    single: bool = False,
    bindings: Mapping[str, Binding | tuple[str, Mapping[str, Any]]] | None = None,
) -> None:
    """Append a textbook loop, or a user's.

    arguments : by name: arrays as handles that have the axes of the definition, in any strides; settings as numbers or tuples of them;
        index maps as functions
    single : compute the loop in float32, and what stands before it in float64
    bindings : setting -> what it is on the device, instead of being given

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if no loop may become threads, or arrays share memory in a way that threads disturb.
    """
    known = _known(loop)
    definition = known.definition
    given = dict(arguments)
    refuse_shared(known.parallel, given)
    for each in definition.clearings:
        append_loop(launches, fill, {"y": given[array_of(each.targets[0])], "value": ast.literal_eval(each.value)})
    if not all(given[name].size for name in definition.outputs):
        return
    one_axis = on_one_axis(definition, given)
    given |= one_axis
    first, axes = given[definition.outputs[0]], known.axes
    innermost = _innermost(known, first)
    walked = not definition.ranks[definition.outputs[0]]
    sizes = {letter: first.size if walked else first.shape[axis] for letter, axis in axes.items()}
    places = prod(size for letter, size in sizes.items() if letter != innermost)
    lanes = _lanes(sizes[innermost], places) if innermost else 1
    numbers = {name: given[name] for name in definition.settings if name in given}
    bound = {name: Binding(str(value), {}) for name, value in numbers.items() if isinstance(value, tuple)}  # a launch takes no tuples
    bound |= {name: Binding(*value) for name, value in (bindings or {}).items()}
    texts, extra = _renamed(definition, bound)
    form = Form(
        innermost=innermost,
        lanes=lanes,
        kinds=_kinds(definition, given, bound) if single else (),
        bindings=texts,
        extra=tuple(extra),
        clears=False,
        one_axis=bool(one_axis),
        counted=True,
        decorated=False,
    )
    handed_in = tuple((name, given[name]) for name in definition.called)
    own = [given[name] for name in definition.arguments if name not in definition.called and name not in bound]
    kernel = _kernel(loop, form, handed_in, exact=not single)
    blocks, of_a_block = blocks_for(places * lanes)
    launches.launch(kernel, blocks, *own, *extra.values(), threads=of_a_block)


def fill(y, value):  # type: ignore[no-untyped-def]
    """y = value"""
    for i in range(y.size):
        y.flat[i] = value


class _Known(NamedTuple):
    definition: Definition
    parallel: Threads

    @property
    def axes(self) -> dict[str, int]:
        """Letter -> its axis in the first output."""
        return self.parallel.axes[self.definition.outputs[0]]


@functools.lru_cache(maxsize=1024)
def _known(loop: Callable[..., None]) -> _Known:
    definition = read(loop)
    return _Known(definition, threads(definition))


@functools.lru_cache(maxsize=4096)
def _kernel(loop: Callable[..., None], form: Form, handed_in: tuple[tuple[str, Any], ...], exact: bool) -> Kernel:
    definition = _known(loop).definition
    return _of_text(cuda(definition, form, **dict(handed_in)), definition.name, exact)


@functools.lru_cache(maxsize=4096)
def _of_text(text: str, name: str, exact: bool) -> Kernel:
    """Equal texts are one kernel."""
    return Kernel(load(text, name), exact=exact)


def _innermost(known: _Known, first: Handle) -> str:
    """The letter by which neighbouring threads differ; "" if it is the last one, or does not become threads."""
    strides = dict(enumerate(strides_of(first)))
    closest = min((axis for axis in strides if first.shape[axis] > 1), key=lambda axis: strides[axis], default=-1)
    return next((each for each in known.parallel.letters[:-1] if known.axes[each] == closest), "")


def _lanes(images: int, places: int) -> int:
    """Threads that share a place: as few as keep a device busy, for each finds the letters of its place anew."""
    most = 1 << (images - 1).bit_length()
    lanes = min(LANES, most)
    while lanes < most and lanes * places < ENOUGH:
        lanes *= 2
    return lanes


def _kinds(definition: Definition, given: Mapping[str, Any], bound: Mapping[str, Binding]) -> tuple[str, ...]:
    def kind(name: str) -> str:
        if name in bound:
            return bound[name].kind
        if name in definition.arrays:
            return "elements" if np.dtype(given[name].dtype).kind == "f" else "ints"
        return FLOAT64 if isinstance(given[name], float | np.floating) else INT

    return tuple(map(kind, definition.arguments))


def _renamed(definition: Definition, bound: Mapping[str, Binding]) -> tuple[tuple[tuple[str, str], ...], dict[str, Any]]:
    """The texts of bindings, and what they read, under names that the definition does not use; arrays of one name are one."""
    texts, extra = [], {}
    for name, binding in bound.items():
        tree = ast.parse(binding.text, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in binding.reads:
                extra[definition.free(node.id)] = binding.reads[node.id]
                node.id = definition.free(node.id)
        texts.append((name, ast.unparse(tree)))
    return tuple(texts), extra
