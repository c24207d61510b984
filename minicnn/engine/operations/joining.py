"""Where values meet, part or change their shape, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.engine.operations.operation import lower, lower_one_step, new_output, reshaped, set_value
from minicnn.graph import Node
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.pointwise import mixing_lowering as mixing
from minicnn.kernels.cpu.pooling import grid_lowering as grid
from minicnn.kernels.cpu.program.activation import Activation

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def reshape_forward(plan: Planner, node: Node) -> None:
    set_value(plan, node, reshaped(plan.x(node), node.output_shapes[0]))


def reshape_backward(plan: Planner, node: Node, dy: Activation) -> None:
    plan.give(node, reshaped(dy, node.input_shapes[0]))


def add_forward(plan: Planner, node: Node) -> None:
    y = new_output(plan, node)
    pointwise.append_copy(plan.program, y, plan.x(node))
    for n in range(1, len(node.inputs)):
        pointwise.append_add(plan.program, y, plan.x(node, n))


def add_backward(plan: Planner, node: Node, dy: Activation) -> None:
    for n in range(1, len(node.inputs)):
        if plan.wants_gradient(node, n):
            dx = plan.new(node.input_shapes[n])
            pointwise.append_copy(plan.program, dx, dy)
            plan.give(node, dx, n)
    plan.give(node, dy)


def concat_forward(plan: Planner, node: Node) -> None:
    y = new_output(plan, node)
    first = 0
    for n, shape in enumerate(node.input_shapes):
        pointwise.append_copy(plan.program, y.channels(first, shape[0]), plan.x(node, n))
        first += shape[0]


def concat_backward(plan: Planner, node: Node, dy: Activation) -> None:
    first = 0
    for n, shape in enumerate(node.input_shapes):
        if plan.wants_gradient(node, n):
            plan.give(node, dy.channels(first, shape[0]), n)
        first += shape[0]


def strides(plan: Planner, node: Node) -> tuple[list[int], list[int]]:
    """The first pixel that comes through, and from one to the next, per axis: every stride-th."""
    steps = [axis.stride for axis in node.layer.axes(node.input_shapes) or ()]
    return [0] * len(steps), steps


def middle(plan: Planner, node: Node) -> tuple[list[int], list[int]]:
    """The same of the middle: half of what is too much is cut off before it, the smaller half if it is odd."""
    first = [(size - out) // 2 for size, out in zip(node.input_shapes[0][1:], node.output_shapes[0][1:], strict=True)]
    return first, [1] * len(first)


def gate_forward(plan: Planner, node: Node) -> None:
    mixing.append_gate_forward(plan.program, new_output(plan, node), *(plan.x(node, n) for n in range(3)))


def gate_backward(plan: Planner, node: Node, dy: Activation) -> None:
    gradients = [plan.new(node.output_shapes[0]) for _ in range(3)]
    mixing.append_gate_backward(plan.program, gradients, dy, [plan.x(node, n) for n in range(3)])
    for n, gradient in enumerate(gradients):
        plan.give(node, gradient, n)


lower(L.Flatten, reshape_forward, reshape_backward)
lower(L.Reshape, reshape_forward, reshape_backward)
lower(L.AddInputs, add_forward, add_backward)
lower(L.ConcatChannels, concat_forward, concat_backward)
lower(L.GateInputs, gate_forward, gate_backward)
lower_one_step(L.PadShortcut, grid.append_take_grid, grid.append_put_grid, strides)
lower_one_step(L.Crop, grid.append_take_grid, grid.append_put_grid, middle)
