"""A network in use, image by image, as calls of textbook loops: what a page repeats to show the maps of every layer, product by product.

The textbook engine notes the calls while it makes them, so there is nothing of any layer here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from minicnn.engine.textbook.operation import Pass
from minicnn.engine.textbook.run import Run
from minicnn.errors import GraphError
from minicnn.graph import INPUT, ValueRef
from minicnn.kernels import textbook
from minicnn.kernels.derive import Definition, read
from minicnn.network import Graph
from minicnn.page.own import name_of, told


class Argument(NamedTuple):
    """An array of a call.

    kind : "value" of a layer or "parameter", where `at` counts floats from the beginning of all values or of all parameters; "table",
        where `at` is the number of one of the walk's tables
    """

    kind: str
    at: int
    shape: tuple[int, ...]


class Call(NamedTuple):
    """A loop, and what it is called with by name, in the order of the call: an `Argument`, or a number."""

    node: str
    loop: str
    arguments: dict[str, Argument | float]


class Value(NamedTuple):
    """Where the output of a layer lies among the values, for one image."""

    node: str
    at: int
    shape: tuple[int, ...]


class Walk(NamedTuple):
    """A pass over a network for one image.

    values : of the input (named "input") and of every node; some share their place: a flattened map is the same numbers
    size : elements that all values take, whole numbers two each; zeros at first, for a bias that a layer does without is one of them
    tables : arrays of numbers that layers bring along: int64 or float64
    own : loops of the user's own, by the name that calls have
    backward : calls that follow, from the gradient of the output, which lies at `dy`, to that of the input, at `dx`
    """

    calls: tuple[Call, ...]
    values: tuple[Value, ...]
    size: int
    tables: tuple[np.ndarray, ...]
    backward: tuple[Call, ...]
    dy: int
    dx: int
    own: dict[str, Definition]


def walk(net: Graph) -> Walk:
    """The calls of a network in use, and those of its input's gradient.

    Raises
    ------
    GraphError
        If a layer is not computed by loops, or by some that take a function.
    """
    notes = _Notes(net)
    drawn = np.random.default_rng(0).standard_normal((1, *net.input_shape)).astype(np.float32)
    run = Run(net.topology, net.views(net.parameter_memory, buffers=True), drawn, noting=True)
    for node in net.nodes:
        moved = any(np.shares_memory(run.values[ValueRef(node.index)], run.values[ref]) for ref in node.inputs)
        if not run.passes[node.index].noted and not moved:
            raise GraphError(
                f"{node.name}: {node.layer.kind()} is computed by something else than loops, which a page could show and run\n  define its forward and backward as two loops"
            )
    names = {INPUT: "input", **{ValueRef(node.index): node.name for node in net.nodes}}
    values = tuple(Value(names[ref], notes.place(array), array.shape[1:]) for ref, array in run.values.items())
    forward = notes.taken(run.passes)
    start = np.zeros_like(run.output)
    dy = notes.place(start)
    dx = notes.place(run.gradients(start)[0])
    backward = notes.taken(reversed(run.passes))
    return Walk(forward, values, notes.size, tuple(notes.tables), _leading_to(dx, backward, notes.own), dy, dx, notes.own)


def loop_of(name: str, own: Mapping[str, Definition]) -> Definition:
    """The loop that a call names."""
    return own[name] if name in own else read(getattr(textbook, name))


def _leading_to(place: int, calls: tuple[Call, ...], own: Mapping[str, Definition]) -> tuple[Call, ...]:
    """The calls that a value comes from: gradients of parameters are nothing to it."""
    wanted, found = {place}, []
    for call in reversed(calls):
        outputs = loop_of(call.loop, own).outputs
        arrays = {name: value.at for name, value in call.arguments.items() if isinstance(value, Argument) and value.kind == "value"}
        if any(arrays.get(name) in wanted for name in outputs):
            found.append(call)
            wanted |= {at for name, at in arrays.items() if name not in outputs}
    return tuple(reversed(found))


class _Notes:
    """Turns what a run noted into calls: arrays are told apart by where they lie in memory."""

    def __init__(self, net: Graph) -> None:
        self.tables: list[np.ndarray] = []
        self.own: dict[str, Definition] = {}
        self.size = 0
        self._kept: list[np.ndarray] = []  # alive, so that no other array takes the place
        self._places: dict[int, int] = {}
        self._memory = net.parameter_memory

    def taken(self, passes: Iterable[Pass]) -> tuple[Call, ...]:
        """What passes noted, which is forgotten there."""
        found = []
        for each in passes:
            settings = each.node.layer.loop_settings(each.node.input_shapes)
            noted, each.noted = each.noted or [], []
            for loop, arguments, _ in noted:
                own = name_of(loop)
                if getattr(textbook, own, None) is not loop or read(loop).called:
                    self.own[own] = told(each.node.name, loop, arguments)
                given = {
                    name: self._argument(value, name in settings) if isinstance(value, np.ndarray) else value
                    for name, value in arguments.items()
                }
                found.append(Call(each.node.name, own, given))
        return tuple(found)

    def place(self, array: np.ndarray) -> int:
        """Where an array lies among the values."""
        address = array.ctypes.data
        if address not in self._places:
            self._places[address] = self.size
            self.size += -(-array.nbytes // 16) * 4
            self._kept.append(array)
        return self._places[address]

    def _argument(self, array: np.ndarray, setting: bool) -> Argument:
        offset = array.ctypes.data - self._memory.ctypes.data
        if 0 <= offset < self._memory.nbytes:
            return Argument("parameter", offset // 4, array.shape)
        if setting:
            self.tables.append(array)
            return Argument("table", len(self.tables) - 1, array.shape)
        return Argument("value", self.place(array), array.shape)
