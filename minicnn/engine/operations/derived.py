"""A layer without steps of its own: the loops that define it, with the images innermost, are its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.engine.loops import absent, backward_loops, by_name, forward_loop, in_axes, is_own, numbered
from minicnn.engine.operations.operation import lower, new_output
from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.graph import Node
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.derive import read
from minicnn.kernels.derive.checked import run_checked
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.kernels.derive.lanes.lowering import ROLES, Bound, GradientArray, Integers, ParameterArray, Table, role_of
from minicnn.layers import Layer, Shape

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner

NO_ZEROS: Mapping[str, Shape] = MappingProxyType({})


def run_forward(plan: Planner, node: Node) -> None:
    y = new_output(plan, node)
    for name in node.layer.keeps:
        plan.kept[node.index, name] = plan.new(node.output_shapes[0])
    _append(plan, node, forward_loop(node), {"y": y})


def run_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dxs = numbered("dx", [plan.new(shape) for shape in node.input_shapes[: node.layer.value_inputs]])
    gradients = {f"d{_short(slot.name)}": GradientArray(slot.offset, slot.shape) for slot in node.slots if slot.learns}
    wanted = {name for n, name in enumerate(dxs) if plan.wants_gradient(node, n)}
    for loop in backward_loops(node, {*wanted, *gradients}):
        _append(plan, node, loop, {"dy": dy, "y": plan.y(node), **dxs, **gradients})
    for n, (name, dx) in enumerate(dxs.items()):
        if name in wanted:
            plan.give(node, dx, n)


def _append(plan: Planner, node: Node, loop: Callable[..., None], arrays: dict[str, Bound]) -> None:
    settings = node.layer.loop_settings(node.input_shapes)
    known: dict[str, Bound] = {
        **{name: Table(value) if isinstance(value, np.ndarray) else value for name, value in settings.items()},
        **dict.fromkeys(absent(node)),
        **{_short(slot.name): ParameterArray(slot.offset, slot.shape) for slot in node.slots},
        **numbered("x", [plan.x(node, n) for n in range(len(node.inputs[: node.layer.value_inputs]))]),
        **arrays,
    }
    for name in node.layer.keeps:
        kept = plan.kept[node.index, name]
        known[name] = Integers(kept) if name == "indices" else kept
    arguments = by_name(node, loop, known)
    for name, value in arguments.items():
        if isinstance(value, ParameterArray | GradientArray):
            in_axes(node, loop, name, value.shape, images=False)
        elif isinstance(value, Activation | Integers):
            shape = (value if isinstance(value, Activation) else value.value).map
            in_axes(node, loop, name, (shape.shard, shape.channels, *shape.sizes))
    own = is_own(node, loop)
    if own:
        trial(loop, arguments, partial(in_axes, node, loop), node.name, absent(node))
    plan.machine.loop(plan.program, loop, node.name if own else "", **arguments)


def trial(
    loop: Callable[..., None],
    arguments: Mapping[str, Bound],
    in_axes: Callable[..., Shape],
    owner: str,
    zeros: Mapping[str, Shape] = NO_ZEROS,
) -> None:
    """Run a user's loop once, every place checked: a step checks only what depends on values.

    On two images, so that a loop that knows their number, or is done with the first, is found.

    in_axes(name, shape, images=True) : the shape of an array in the axes that the loop has for it
    owner : whose loop it is, for messages
    zeros : shapes of arrays that are not there
    """
    numbers = {name: value if isinstance(value, tuple(ROLES)) else 0 for name, value in arguments.items()}  # others: run_checked says
    images_innermost(read(loop), {name: role_of(name, value) for name, value in numbers.items()})  # its reasons come first
    drawn = np.random.default_rng(0)
    own: list[Any] = []
    for name, value in arguments.items():
        given: Any = value
        if isinstance(value, ParameterArray | GradientArray):
            given = drawn.standard_normal(in_axes(name, value.shape, images=False))
        elif isinstance(value, Activation):
            given = drawn.standard_normal(in_axes(name, (2, value.map.channels, *value.map.sizes)))
        elif isinstance(value, Integers):
            given = np.zeros(in_axes(name, (2, value.value.map.channels, *value.value.map.sizes)), np.int64)
        elif isinstance(value, Table):
            given = value.values
        elif value is None:
            given = np.zeros(zeros[name])
        own.append(given)
    run_checked(read(loop), own)
    flat = {name: value for name, value in zip(arguments, own, strict=True) if read(loop).ranks.get(name) == 0}
    if len({value.size for value in flat.values()}) > 1:  # a place that it comes to for some values only may lie beyond the shorter
        shapes = "".join(f"\n  {name}  {shape_text(value.shape[1:])}" for name, value in flat.items())
        raise ShapeError(f"{owner}: the loop {loop.__name__} walks arrays by .flat that differ in size{shapes}")


def _short(name: str) -> str:
    return name.rpartition(".")[2]


lower(Layer, run_forward, run_backward)
