"""What an operation of a textbook run is: loops called with arguments by name, unless a layer is more than one loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from minicnn.engine.loops import absent, backward_loops, by_name, forward_loop, in_axes, is_own, loop_called, nearest, numbered, trainable
from minicnn.graph import Node
from minicnn.kernels.derive.checked import run_checked
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.lanes.images import GRADIENT, INTEGERS, LANES, NOTHING, PARAMETER, REAL, TABLE, WHOLE
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.layers import Layer

Arrays = dict[str, np.ndarray]


class Called(NamedTuple):
    """A loop, what it was called with, by name, and its arrays before they were brought into the loop's axes."""

    loop: Callable[..., None]
    arguments: dict[str, Any]
    arrays: Arrays


@dataclass
class Pass:
    """A node in a run.

    parameters : the node's own, by short name
    kept : what forward leaves for backward, by name
    noted : every loop that is called, where someone wants to know
    """

    node: Node
    parameters: Arrays
    inputs: list[np.ndarray]
    training: bool = False
    key: int = 0
    kept: Arrays = field(default_factory=dict)
    noted: list[Called] | None = None

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
    call(at, forward_loop(at.node), {"y": y})
    at.kept["y"] = y
    return y


def run_backward(at: Pass, dy: np.ndarray) -> tuple[list[np.ndarray], Arrays]:
    dxs = numbered("dx", [np.empty_like(x) for x in at.inputs[: at.layer.value_inputs]])
    gradients = {name: np.empty_like(at.parameters[name]) for name in trainable(at.node)}
    written = {**dxs, **{f"d{name}": gradient for name, gradient in gradients.items()}}
    for loop in backward_loops(at.node, written):
        call(at, loop, {"dy": dy, **written})
    return [*dxs.values(), *(np.zeros_like(x) for x in at.inputs[len(dxs) :])], gradients


def call(at: Pass, loop: str | Callable[..., None], arrays: Arrays, **settings: Any) -> None:
    """Call a loop, given by its textbook name or itself, with `arrays`, inputs, parameters, what was kept, and settings by name."""
    function = loop_called(at.node, loop)
    zeros = {name: np.zeros(shape, at.x.dtype) for name, shape in absent(at.node).items()}
    known = {**zeros, **at.parameters, **numbered("x", at.inputs[: at.layer.value_inputs]), **at.kept, **arrays}
    own = {*zeros, *at.parameters, *(f"d{name}" for name in at.parameters)}
    views = {
        name: at.layer.loop_view(name, array).reshape(in_axes(at.node, function, name, array.shape, images=name not in own))
        for name, array in known.items()
    }
    chance = {"key": at.key, "first_image": 0, "training": at.training}
    arguments = by_name(at.node, function, {**chance, **at.layer.loop_settings(at.node.input_shapes), **settings, **views})
    if at.noted is not None:
        at.noted.append(Called(function, arguments, {name: array for name, array in known.items() if name in arguments}))
    if is_own(at.node, function):
        gradients = {f"d{name}" for name in at.parameters}
        roles = {**dict.fromkeys(zeros, NOTHING), **dict.fromkeys(at.parameters, PARAMETER), **dict.fromkeys(gradients, GRADIENT)}
        roles |= {name: INTEGERS if name == "indices" else LANES for name in known if name not in roles}
        for name, value in arguments.items():
            roles.setdefault(name, TABLE if isinstance(value, np.ndarray) else REAL if isinstance(value, float) else WHOLE)
        _refuse_others(function, tuple((name, roles[name]) for name in arguments))
        run_checked(read(function), list(arguments.values()))
    else:
        function(*arguments.values())


@cache
def _refuse_others(function: Callable[..., None], roles: tuple[tuple[str, str], ...]) -> None:
    """Refuse a loop that a plan refuses: it means something else there."""
    images_innermost(read(function), dict(roles))


define(Layer, run_forward, run_backward)
