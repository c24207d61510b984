"""Functions of single numbers, dropout and stochastic depth, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.engine.operations.operation import lower, lower_one_step, new_output, passed_on, set_value
from minicnn.graph import Node
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def relu_forward(plan: Planner, node: Node) -> None:
    if not passed_on(plan, node):
        pointwise.append_relu_forward(plan.program, new_output(plan, node), plan.x(node), getattr(node.layer, "slope", 0.0))


def relu_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.index not in plan.fusion.done:
        slope = getattr(node.layer, "slope", 0.0)
        # where the slope is negative the output has lost the sign of the input
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node) if slope >= 0 else plan.x(node), slope)
    plan.give(node, dy)


def dropout_forward(plan: Planner, node: Node) -> None:
    if plan.learning and node.layer.rate > 0:
        pointwise.append_dropout(plan.program, new_output(plan, node), plan.x(node), node.index, node.layer.rate)
    else:
        set_value(plan, node, plan.x(node))


def dropout_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if plan.learning and node.layer.rate > 0:
        pointwise.append_dropout(plan.program, dy, dy, node.index, node.layer.rate)
    plan.give(node, dy)


def stochastic_depth_forward(plan: Planner, node: Node) -> None:
    pointwise.append_survive(plan.program, new_output(plan, node), plan.x(node), node.index, node.layer.survival, plan.learning)


def stochastic_depth_backward(plan: Planner, node: Node, dy: Activation) -> None:
    pointwise.append_survive(plan.program, dy, dy, node.index, node.layer.survival, plan.learning)
    plan.give(node, dy)


lower(L.ReLU, relu_forward, relu_backward)
lower(L.LeakyReLU, relu_forward, relu_backward)
lower(L.Dropout, dropout_forward, dropout_backward)
lower(L.StochasticDepth, stochastic_depth_forward, stochastic_depth_backward)
lower_one_step(L.Tanh, pointwise.append_tanh_forward, pointwise.append_tanh_backward, reads="y", in_place=True)
lower_one_step(L.Sigmoid, pointwise.append_sigmoid_forward, pointwise.append_sigmoid_backward, reads="y", in_place=True)
lower_one_step(
    L.ScaledTanh,
    pointwise.append_scaled_tanh_forward,
    pointwise.append_scaled_tanh_backward,
    lambda plan, node: (node.layer.amplitude, node.layer.slope),
    reads="y",
    in_place=True,
)
