"""What an operation of a textbook run is: loops called with arguments by name, unless a layer is not one loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from minicnn.engine.records import nearest
from minicnn.errors import GraphError
from minicnn.graph import Node
from minicnn.kernels import textbook
from minicnn.layers import Layer
from minicnn.layers.base import Loop, Shape

Arrays = dict[str, np.ndarray]


@dataclass
class Pass:
    """A node in a run.

    parameters : the node's own, by short name
    kept : what forward leaves for backward, by name
    """

    node: Node
    parameters: Arrays
    inputs: list[np.ndarray]
    training: bool = False
    key: int = 0
    kept: Arrays = field(default_factory=dict)

    @property
    def layer(self) -> Any:
        return self.node.layer

    @property
    def x(self) -> np.ndarray:
        return self.inputs[0]


class Operation(NamedTuple):
    """forward(pass) -> output; backward(pass, dy) -> (gradients of the inputs, of the parameters by name)."""

    forward: Callable[[Pass], np.ndarray]
    backward: Callable[[Pass, np.ndarray], tuple[list[np.ndarray], Arrays]]


_FORMULAS: dict[type[Layer], Operation] = {}


def define(kind: type[Layer], forward: Callable[..., np.ndarray], backward: Callable[..., tuple[list[np.ndarray], Arrays]]) -> None:
    """Define a layer that is not one loop a direction."""
    _FORMULAS[kind] = Operation(forward, backward)


def operation_of(layer: Layer) -> Operation:
    """What a layer does."""
    return nearest(_FORMULAS, layer)


def run_forward(at: Pass) -> np.ndarray:
    y = np.empty((len(at.x), *at.node.output_shapes[0]), at.x.dtype)
    at.kept = {name: np.empty(y.shape, np.int64 if name == "indices" else y.dtype) for name in at.layer.keeps}
    call(at, at.layer.loops().forward, {"y": y})
    at.kept["y"] = y
    return y


def run_backward(at: Pass, dy: np.ndarray) -> tuple[list[np.ndarray], Arrays]:
    dxs = {f"d{name}": np.empty_like(x) for name, x in input_names(at.inputs).items()}
    gradients = {name: np.empty_like(at.parameters[name]) for name in trainable(at.node)}
    for loop in at.layer.loops().backward:
        if not gradients.keys() >= {name[1:] for name in arguments(loop_of(at.node, loop)) if name[1:] in absent(at.node)}:
            continue  # the gradient of a bias that the layer does without
        call(at, loop, {"dy": dy, **dxs, **{f"d{name}": gradient for name, gradient in gradients.items()}})
    return list(dxs.values()), gradients


def call(at: Pass, loop: Loop | None, arrays: Arrays, **settings: Any) -> None:
    """Call a loop: every argument is what has its name, among `arrays`, inputs, parameters, what was kept, and settings."""
    dtype = at.x.dtype
    zeros = {name: np.zeros(shape, dtype) for name, shape in absent(at.node).items()}
    arrays = {**zeros, **at.parameters, **input_names(at.inputs), **at.kept, **arrays}
    views = {name: at.layer.loop_view(name, array) for name, array in arrays.items()}
    values = {**at.layer.loop_settings(at.node.input_shapes), **settings, **views}
    function = loop_of(at.node, loop)
    function(*(values[name] for name in checked_arguments(at.node, function, values)))


def input_names(inputs: list[Any]) -> dict[str, Any]:
    """x where there is one, x1, x2, ... where there are several."""
    return {"x": inputs[0]} if len(inputs) == 1 else {f"x{n}": x for n, x in enumerate(inputs, 1)}


def trainable(node: Node) -> list[str]:
    """Short names of the parameters that have a gradient."""
    return [slot.name.rpartition(".")[2] for slot in node.slots if slot.trainable]


def absent(node: Node) -> dict[str, Shape]:
    """Shape of a bias that the loops ask for and the layer does without: zeros will do."""
    layer: Any = node.layer
    if getattr(layer, "bias", True) is not False:
        return {}
    return {spec.name: spec.shape for spec in replace(layer, bias=True).parameters(node.input_shapes) if spec.name == "bias"}


def loop_of(node: Node, loop: Loop | None) -> Callable[..., None]:
    """A loop of a layer, compiled; a GraphError if there is none."""
    if loop is None:
        kind = node.layer.kind()
        raise GraphError(f"{node.name}: {kind} has no loops, so that it cannot be run\n  give the class {kind} a forward and a backward")
    if isinstance(loop, str):
        return getattr(textbook, loop.format(n=len(node.input_shapes[0]) - 1))
    return loop if hasattr(loop, "py_func") else _compiled(loop)


@cache
def _compiled(loop: Callable[..., None]) -> Callable[..., None]:
    return njit(error_model="numpy", nogil=True)(loop)


@cache
def arguments(loop: Callable[..., None]) -> tuple[str, ...]:
    """Names of what a loop takes."""
    return tuple(inspect.signature(getattr(loop, "py_func", loop)).parameters)


def checked_arguments(node: Node, loop: Callable[..., None], known: dict[str, Any]) -> tuple[str, ...]:
    """The same, or a GraphError where one is known by no name."""
    names = arguments(loop)
    for name in names:
        if name not in known:
            raise GraphError(
                f"{node.name}: the loop {loop.__name__} of {node.layer.kind()} asks for {name!r}, which is no array or setting of it"
                f"\n  known are {', '.join(known)}"
            )
    return names


define(Layer, run_forward, run_backward)
