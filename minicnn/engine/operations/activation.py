"""Functions of single numbers, dropout and stochastic depth, distances to centres, on the CPU."""

from __future__ import annotations

from minicnn.engine.operations.operation import new_output, set
from minicnn.engine.planner import Planner
from minicnn.graph import Node
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.pointwise import mixing_lowering as mixing
from minicnn.kernels.cpu.pooling import grid_lowering as grid
from minicnn.kernels.cpu.program.activation import Activation


def relu_forward(plan: Planner, node: Node) -> None:
    if node.index in plan.fusion.done:
        set(plan, node, plan.x(node))
    else:
        pointwise.append_relu_forward(plan.program, new_output(plan, node), plan.x(node), getattr(node.layer, "slope", 0.0))


def relu_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.index not in plan.fusion.done:
        slope = getattr(node.layer, "slope", 0.0)
        # where the slope is negative the output has lost the sign of the input
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node) if slope >= 0 else plan.x(node), slope)
    plan.give(node, dy)


def tanh_forward(plan: Planner, node: Node) -> None:
    pointwise.append_tanh_forward(plan.program, new_output(plan, node), plan.x(node))


def tanh_backward(plan: Planner, node: Node, dy: Activation) -> None:
    pointwise.append_tanh_backward(plan.program, dy, dy, plan.y(node))
    plan.give(node, dy)


def sigmoid_forward(plan: Planner, node: Node) -> None:
    pointwise.append_sigmoid_forward(plan.program, new_output(plan, node), plan.x(node))


def sigmoid_backward(plan: Planner, node: Node, dy: Activation) -> None:
    pointwise.append_sigmoid_backward(plan.program, dy, dy, plan.y(node))
    plan.give(node, dy)


def dropout_forward(plan: Planner, node: Node) -> None:
    if plan.training and node.layer.rate > 0:
        pointwise.append_dropout(plan.program, new_output(plan, node), plan.x(node), node.index, node.layer.rate)
    else:
        set(plan, node, plan.x(node))


def dropout_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.layer.rate > 0:
        pointwise.append_dropout(plan.program, dy, dy, node.index, node.layer.rate)
    plan.give(node, dy)


def stochastic_depth_forward(plan: Planner, node: Node) -> None:
    if plan.training:
        grid.append_survive(plan.program, new_output(plan, node), plan.x(node), node.index, node.layer.survival)
    else:
        grid.append_scale(plan.program, new_output(plan, node), plan.x(node), node.layer.survival)


def stochastic_depth_backward(plan: Planner, node: Node, dy: Activation) -> None:
    grid.append_survive(plan.program, dy, dy, node.index, node.layer.survival)
    plan.give(node, dy)


def scaled_tanh_forward(plan: Planner, node: Node) -> None:
    mixing.append_scaled_tanh_forward(plan.program, new_output(plan, node), plan.x(node), node.layer.amplitude, node.layer.slope)


def scaled_tanh_backward(plan: Planner, node: Node, dy: Activation) -> None:
    mixing.append_scaled_tanh_backward(plan.program, dy, dy, plan.y(node), node.layer.amplitude, node.layer.slope)
    plan.give(node, dy)


def rbf_forward(plan: Planner, node: Node) -> None:
    mixing.append_rbf_forward(plan.program, new_output(plan, node), plan.x(node), plan.parameter(node, "weight"))


def rbf_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    mixing.append_rbf_backward(plan.program, dx, dy, plan.x(node), plan.parameter(node, "weight"))
    plan.give(node, dx)
