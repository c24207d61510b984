"""What an operation is, and what operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minicnn.engine.planner import Planner
from minicnn.graph import Node, ValueRef
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.feature_map import FeatureMap


class Operation(NamedTuple):
    """forward(plan, node) sets the node's values; backward(plan, node, dy) gives gradients to its inputs and parameters.

    `dy` belongs to the operation: it may be overwritten and handed on.
    prepare(plan, node) : steps that need the parameters alone, once a batch
    """

    forward: Callable[[Planner, Node], None]
    backward: Callable[[Planner, Node, Activation], None]
    prepare: Callable[[Planner, Node], None] | None = None


def set(plan: Planner, node: Node, value: Activation, n: int = 0) -> None:
    plan.values[ValueRef(node.index, n)] = value


def new_output(plan: Planner, node: Node) -> Activation:
    value = plan.new(node.output_shapes[0])
    set(plan, node, value)
    return value


def through_relu(plan: Planner, node: Node, dy: Activation) -> Activation:
    """The gradient before the relu that the node's own step applied."""
    if node.index in plan.fusion.rectified:
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node))
    return dy


def reshaped(value: Activation, shape: tuple[int, ...]) -> Activation:
    return Activation(value.buffer, FeatureMap(shape[0], tuple(shape[1:]), value.map.shard), value.offset)
