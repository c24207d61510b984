"""Convolution of every kind and the linear layer, on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from minicnn.engine.operations.operation import new_output, through_relu
from minicnn.engine.planner import Planner
from minicnn.geometry import Axis
from minicnn.graph import INPUT, Node
from minicnn.kernels.cpu.convolution import linked as linked_convolution
from minicnn.kernels.cpu.convolution import lowering as convolution
from minicnn.kernels.cpu.convolution.choice import Choice, choose
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.winograd import few_images_lowering as winograd_few
from minicnn.kernels.cpu.winograd import lowering as winograd


def conv_prepare(plan: Planner, node: Node) -> None:
    """Where Winograd is the faster way, its transformed filters."""
    layer, weight = node.layer, plan.parameter(node, "weight")
    axes, groups = layer.axes(node.input_shapes), layer.groups
    if prod(layer.tile(node.input_shapes)) > 1:
        return
    channels, filters = node.input_shapes[0][0], node.output_shapes[0][0]
    if node.inputs[0] != INPUT:  # which may lie in a halo
        m = choose_for_plan(axes, channels, filters, groups, plan.shard, plan.batch).tile
        if m:
            plan.prepared[node.index, "forward"] = winograd.append_winograd_filters(
                plan.program, plan.common_once, weight, channels // groups, filters // groups, groups, m, layer.flip
            )
    if plan.training and plan.wants_gradient(node):
        m = choose_for_plan(reversed_axes(axes), filters, channels, groups, plan.shard, plan.batch).tile
        if m:
            plan.prepared[node.index, "backward"] = winograd.append_winograd_filters(
                plan.program, plan.common_once, weight, filters // groups, channels // groups, groups, m, not layer.flip, exchanged=True
            )


def choose_for_plan(axes: tuple[Axis, ...], channels: int, filters: int, groups: int, shard: int, batch: int) -> Choice:
    """How a convolution of a network goes; the cycles are those of one vector of images, or of one image that is a shard by itself."""
    if shard == 1:
        return winograd_few.choose_few(axes, channels, filters, groups, batch)
    return choose(axes, channels, filters, groups, shard, -(-batch // LANES))


def _append_winograd(
    plan: Planner,
    y: Activation,
    x: Activation,
    axes: Sequence[Axis],
    groups: int,
    filters: winograd.TransformedFilters,
    bias: int | None = None,
    rectify: bool = False,
) -> None:
    if plan.shard == 1:
        winograd_few.append_winograd_few(plan.program, y, x, axes, groups, filters, bias, rectify)
        return
    winograd.append_winograd(plan.program, y, x, axes, groups, filters, bias, rectify, parts=max(1, plan.program.step_parts))


def conv_forward(plan: Planner, node: Node) -> None:
    layer = node.layer
    weight = plan.parameter(node, "weight")
    prepared = plan.prepared.get((node.index, "forward"))
    if prepared:
        _append_winograd(
            plan,
            new_output(plan, node),
            plan.x(node),
            layer.axes(node.input_shapes),
            layer.groups,
            prepared,
            plan.parameter(node, "bias"),
            node.index in plan.fusion.rectified,
        )
        return
    convolution.append_convolution_forward(
        plan.program,
        new_output(plan, node),
        plan.x(node),
        layer.axes(node.input_shapes),
        layer.groups,
        layer.tile(node.input_shapes),
        layer.flip,
        weight,
        plan.parameter(node, "bias"),
        rectify=node.index in plan.fusion.rectified,
    )


def conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    layer = node.layer
    axes, tiles = layer.axes(node.input_shapes), layer.tile(node.input_shapes)
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    dy = through_relu(plan, node, dy)
    convolution.append_convolution_backward_weight(plan.program, weight, dy, plan.x(node), axes, layer.groups, tiles, layer.flip)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy, tiles)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        prepared = plan.prepared.get((node.index, "backward"))
        if prepared:
            _append_winograd(plan, dx, dy, reversed_axes(axes), layer.groups, prepared)
        else:
            convolution.append_convolution_backward_input(plan.program, dx, dy, axes, layer.groups, tiles, layer.flip, weight)
        plan.give(node, dx)


def linear_forward(plan: Planner, node: Node) -> None:
    convolution.append_linear_forward(
        plan.program,
        new_output(plan, node),
        plan.x(node),
        plan.parameter(node, "weight"),
        plan.parameter(node, "bias"),
        rectify=node.index in plan.fusion.rectified,
    )


def linear_backward(plan: Planner, node: Node, dy: Activation) -> None:
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    dy = through_relu(plan, node, dy)
    convolution.append_linear_backward_weight(plan.program, weight, dy, plan.x(node))
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        convolution.append_linear_backward_input(plan.program, dx, dy, weight)
        plan.give(node, dx)


def conv_transpose_forward(plan: Planner, node: Node) -> None:
    """The input gradient of the convolution that would go the other way: its axes have our output as input."""
    layer = node.layer
    axes = layer.axes(node.input_shapes)
    y = new_output(plan, node)
    convolution.append_convolution_backward_input(
        plan.program, y, plan.x(node), axes, layer.groups, (1,) * len(axes), False, plan.parameter(node, "weight")
    )
    bias = plan.parameter(node, "bias")
    if bias is not None:
        pointwise.append_add_bias(plan.program, y, bias)


def conv_transpose_backward(plan: Planner, node: Node, dy: Activation) -> None:
    layer = node.layer
    axes = layer.axes(node.input_shapes)
    ones = (1,) * len(axes)
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    convolution.append_convolution_backward_weight(plan.program, weight, plan.x(node), dy, axes, layer.groups, ones, False)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        convolution.append_convolution_forward(plan.program, dx, dy, axes, layer.groups, ones, False, weight, None)
        plan.give(node, dx)


def table_conv_forward(plan: Planner, node: Node) -> None:
    linked_convolution.append_linked_forward(
        plan.program,
        new_output(plan, node),
        plan.x(node),
        node.layer.axes(node.input_shapes),
        node.layer.table,
        plan.parameter(node, "weight"),
        plan.parameter(node, "bias"),
    )


def table_conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes, table = node.layer.axes(node.input_shapes), node.layer.table
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    linked_convolution.append_linked_backward_weight(plan.program, weight, dy, plan.x(node), axes, table)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        linked_convolution.append_linked_backward_input(plan.program, dx, dy, axes, table, weight)
        plan.give(node, dx)
