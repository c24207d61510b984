"""Where values meet, part or change their shape, on the CPU."""

from __future__ import annotations

from minicnn.engine.operations.operation import new_output, reshaped, set
from minicnn.engine.planner import Planner
from minicnn.graph import Node
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.pointwise import mixing_lowering as mixing
from minicnn.kernels.cpu.pooling import grid_lowering as grid
from minicnn.kernels.cpu.program.activation import Activation


def flatten_forward(plan: Planner, node: Node) -> None:
    set(plan, node, plan.x(node).flat())


def flatten_backward(plan: Planner, node: Node, dy: Activation) -> None:
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


def pad_shortcut_forward(plan: Planner, node: Node) -> None:
    strides = [axis.stride for axis in node.layer.axes(node.input_shapes)]
    grid.append_take_grid(plan.program, new_output(plan, node), plan.x(node), [0] * len(strides), strides)


def pad_shortcut_backward(plan: Planner, node: Node, dy: Activation) -> None:
    strides = [axis.stride for axis in node.layer.axes(node.input_shapes)]
    dx = plan.new(node.input_shapes[0])
    grid.append_put_grid(plan.program, dx, dy, [0] * len(strides), strides)
    plan.give(node, dx)


def crop_firsts(node: Node) -> list[int]:
    """Pixels cut off before each axis: half of what is too much, the smaller half if it is odd."""
    return [(size - out) // 2 for size, out in zip(node.input_shapes[0][1:], node.output_shapes[0][1:], strict=True)]


def crop_forward(plan: Planner, node: Node) -> None:
    first = crop_firsts(node)
    grid.append_take_grid(plan.program, new_output(plan, node), plan.x(node), first, [1] * len(first))


def crop_backward(plan: Planner, node: Node, dy: Activation) -> None:
    first = crop_firsts(node)
    dx = plan.new(node.input_shapes[0])
    grid.append_put_grid(plan.program, dx, dy, first, [1] * len(first))
    plan.give(node, dx)


def reshape_forward(plan: Planner, node: Node) -> None:
    set(plan, node, reshaped(plan.x(node), node.output_shapes[0]))


def reshape_backward(plan: Planner, node: Node, dy: Activation) -> None:
    plan.give(node, reshaped(dy, node.input_shapes[0]))


def gate_forward(plan: Planner, node: Node) -> None:
    mixing.append_gate_forward(plan.program, new_output(plan, node), *(plan.x(node, n) for n in range(3)))


def gate_backward(plan: Planner, node: Node, dy: Activation) -> None:
    gradients = [plan.new(node.output_shapes[0]) for _ in range(3)]
    mixing.append_gate_backward(plan.program, gradients, dy, [plan.x(node, n) for n in range(3)])
    for n, gradient in enumerate(gradients):
        plan.give(node, gradient, n)
