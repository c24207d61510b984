"""Pooling, sub-sampling and upsampling, on the CPU."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.engine.operations.operation import lower, lower_one_step, new_output
from minicnn.geometry import Axis
from minicnn.graph import Node
from minicnn.kernels.cpu.convolution import lowering as convolution
from minicnn.kernels.cpu.pooling import lowering as pooling
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.layers.avg_pool import AvgPool
from minicnn.layers.max_pool import MaxPool
from minicnn.layers.subsample import Subsample

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def max_pool_forward(plan: Planner, node: Node) -> None:
    winners = None
    if plan.training:
        winners = plan.kept[node.index, "winners"] = plan.new(node.output_shapes[0])
    pooling.append_max_pool_forward(
        plan.program,
        new_output(plan, node),
        winners,
        plan.x(node),
        node.layer.axes(node.input_shapes),
        rectify=node.index in plan.fusion.rectified,
    )


def max_pool_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    pooling.append_max_pool_backward(plan.program, dx, dy, plan.kept[node.index, "winners"], node.layer.axes(node.input_shapes))
    plan.give(node, dx)


def whole_map(node: Node) -> tuple[Axis, ...]:
    return tuple(Axis(size, size, 1, 1, 0, 0, 1) for size in node.input_shapes[0][1:])


def spread(y: Activation, axes: tuple[Axis, ...]) -> Activation:
    """One number per channel as a map of one pixel."""
    return Activation(y.buffer, FeatureMap(y.map.channels, (1,) * len(axes), y.map.shard), y.offset)


def global_average_forward(plan: Planner, node: Node) -> None:
    axes = whole_map(node)
    pooling.append_average_pool_forward(plan.program, spread(new_output(plan, node), axes), plan.x(node), axes, True)


def global_average_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes = whole_map(node)
    dx = plan.new(node.input_shapes[0])
    pooling.append_average_pool_backward(plan.program, dx, spread(dy, axes), axes, True)
    plan.give(node, dx)


def subsample_forward(plan: Planner, node: Node) -> None:
    """A trainable factor and bias on the sum of each window: the mean, times the taps."""
    axes = node.layer.axes(node.input_shapes)
    means = plan.kept[node.index, "means"] = plan.new(node.output_shapes[0])
    pooling.append_average_pool_forward(plan.program, means, plan.x(node), axes, True)
    pooling.append_scale_channels(
        plan.program, new_output(plan, node), means, plan.parameter(node, "weight"), tap_count(axes), plan.parameter(node, "bias")
    )


def tap_count(axes: tuple[Axis, ...]) -> int:
    return prod([axis.taps for axis in axes])


def subsample_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes = node.layer.axes(node.input_shapes)
    taps, weight, bias = tap_count(axes), plan.learnt(node, "weight"), plan.learnt(node, "bias")
    if weight is not None:
        pooling.append_factor_gradient(plan.program, weight, dy, plan.kept[node.index, "means"], taps)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        pooling.append_scale_channels(plan.program, dy, dy, plan.parameter(node, "weight"), taps)
        dx = plan.new(node.input_shapes[0])
        pooling.append_average_pool_backward(plan.program, dx, dy, axes, True)
        plan.give(node, dx)


def average_arguments(plan: Planner, node: Node) -> tuple[Any, bool]:
    return node.layer.axes(node.input_shapes), node.layer.count_padding


lower(MaxPool, max_pool_forward, max_pool_backward, can_rectify=True)
lower_one_step(AvgPool, pooling.append_average_pool_forward, pooling.append_average_pool_backward, average_arguments)
lower(L.GlobalAvgPool, global_average_forward, global_average_backward)
lower(Subsample, subsample_forward, subsample_backward)
lower_one_step(
    L.Upsample,
    pooling.append_upsample_forward,
    pooling.append_upsample_backward,
    lambda plan, node: (node.layer.mode, node.layer.align_corners),
)
