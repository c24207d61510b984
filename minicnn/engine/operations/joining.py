"""Where values meet, part or change their shape, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.engine.operations.operation import ADDS, lower, new_output, passed_on, reshaped, set_value
from minicnn.graph import Node
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def reshape_forward(plan: Planner, node: Node) -> None:
    set_value(plan, node, reshaped(plan.x(node), node.output_shapes[0]))


def reshape_backward(plan: Planner, node: Node, dy: Activation) -> None:
    plan.give(node, reshaped(dy, node.input_shapes[0]))


def add_forward(plan: Planner, node: Node) -> None:
    if passed_on(plan, node):
        return
    y = new_output(plan, node)
    if plan.training:
        pointwise.append_copy(plan.program, y, plan.x(node))
        for n in range(1, len(node.inputs)):
            pointwise.append_add(plan.program, y, plan.x(node, n))
        return
    last = len(node.inputs) - 1
    for n in range(1, last + 1):
        rectify = n == last and node.index in plan.fusion.rectified
        pointwise.append_sum(plan.program, y, plan.x(node) if n == 1 else y, plan.x(node, n), rectify)


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
            own = dy.channels(first, shape[0])
            if own.size % LANES:  # steps that write whole vectors would reach into the next input's
                own = plan.new(shape)
                pointwise.append_copy(plan.program, own, dy.channels(first, shape[0]))
            plan.give(node, own, n)
        first += shape[0]


lower(L.Flatten, reshape_forward, reshape_backward)
lower(L.Reshape, reshape_forward, reshape_backward)
lower(L.AddInputs, add_forward, add_backward, follows=ADDS)
lower(L.ConcatChannels, concat_forward, concat_backward)
