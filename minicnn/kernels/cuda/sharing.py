"""How arrays lie in a device's memory: their strides, whether two of them share some, and whether a loop's threads may work on such two."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from minicnn.kernels.cpu.program.program import Place
from minicnn.kernels.cuda.launches import Handle, Part, Shape, strided
from minicnn.kernels.cuda.runtime import SIMULATED
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.syntax import indices as indices_of
from minicnn.kernels.derive.syntax import inside, letter_of, name_of, places
from minicnn.kernels.derive.threads import Threads


class Range(NamedTuple):
    """Bytes from `start` up to `stop` of a memory."""

    memory: Any
    start: int
    stop: int

    def meets(self, other: Range) -> bool:
        return self.memory == other.memory and self.start < other.stop and other.start < self.stop


def strides_of(array: Handle) -> Shape:
    """Elements between neighbours, for each axis."""
    return tuple(each // array.dtype.itemsize for each in array.strides) if _is_there(array) else array.strides


def range_of(array: Handle) -> Range:
    """The bytes between an array's first and its last number."""
    if isinstance(array, Part):
        at = array.place
        memory, start = ((array.owner, at.buffer), 4 * at.offset) if isinstance(at, Place) else (array.owner, 4 * at)
    elif not _is_there(array):
        return Range(array, 0, 0)  # a table of a plan, which nobody writes
    else:
        memory, start = "", (array.__array_interface__ if SIMULATED else array.__cuda_array_interface__)["data"][0] or 0
    elements = 1 + sum((size - 1) * stride for size, stride in zip(array.shape, strides_of(array), strict=True))
    return Range(memory, start, start + elements * array.dtype.itemsize if array.size else start)


def _is_there(array: Handle) -> bool:
    """Whether it is an array of the device, which counts strides in bytes, and not one of a plan."""
    return not isinstance(array, tuple)


def refuse_shared(parallel: Threads, given: Mapping[str, Any]) -> None:
    """A SettingError where an output shares memory with another array and threads would disturb each other.

    They do not if both are the same numbers, and every thread has to do with its own ones only.
    """
    definition = parallel.definition
    ranges = {name: range_of(given[name]) for name in definition.arrays}
    for n, output in enumerate(definition.outputs):
        for name in definition.arrays:
            if name in definition.outputs[: n + 1] or not ranges[name].meets(ranges[output]):
                continue
            one, other = given[name], given[output]
            same = ranges[name] == ranges[output] and (one.shape, strides_of(one)) == (other.shape, strides_of(other))
            if not (same and _own_places(parallel, name, output)):
                definition.refuse(
                    None,
                    f"{output} shares memory with {name}, so that a thread of {definition.name} may read what another one has written:"
                    " give it an array of its own",
                )


def _own_places(parallel: Threads, name: str, output: str) -> bool:
    """Whether every thread uses an array at the places only whose letters are its own, like the output."""
    loop, axes = parallel.definition.loop, parallel.axes[output].items()
    if any(isinstance(each, ast.Call) and name in map(name_of, each.args) and name_of(each.func) != "len" for each in inside(loop)):
        return False  # a function may read any place of it
    found = [indices_of(each) for each in places(loop, name)]
    return all(axis < len(each) and name_of(each[axis]) == letter for each in found for letter, axis in axes)


def on_one_axis(definition: Definition, given: Mapping[str, Any]) -> dict[str, Handle]:
    """The arrays of a loop over `.flat[i]` as one axis each, in the order in which they lie; nothing if the order matters or differs."""
    flat = [name for name in definition.arrays if definition.ranks.get(name) == 0]
    if not flat or any(definition.ranks.get(name) for name in definition.arrays):
        return {}
    letter = letter_of(definition.loop)
    if sum(name_of(each) == letter for each in inside(definition.loop.body)) != sum(len(places(definition.loop, name)) for name in flat):
        return {}
    if len({(tuple(given[name].shape), strides_of(given[name])) for name in flat}) > 1:
        return {}
    sizes = _in_order(given[flat[0]])
    return {name: strided(given[name], (prod(sizes),), (1,)) for name in flat} if sizes else {}


def _in_order(array: Handle) -> Shape:
    """Sizes of a memory without gaps, its last axis the closest; nothing if there are gaps, other than a plan's lanes without an image."""
    whole: list[int] = []
    reach = 1
    for stride, size in sorted((stride, size) for stride, size in zip(strides_of(array), array.shape, strict=True) if size > 1):
        if stride != reach:
            images = whole[0] if whole else 1
            if not isinstance(array, Part) or len(whole) > 1 or stride != -(-images // 4) * 4:
                return ()
            whole = [stride]
        whole.insert(0, size)
        reach = stride * size
    return tuple(whole) or (1,)
