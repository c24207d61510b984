"""What each kind of layer does on the CPU: the steps of its forward and of its backward pass."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from minicnn.engine.planner import Planner
from minicnn.geometry import Axis
from minicnn.graph import Node, ValueRef
from minicnn.kernels.cpu import batch_normalization
from minicnn.kernels.cpu.assembly import convolution, grid, linked_convolution, mixing, pointwise, pooling
from minicnn.kernels.cpu.assembly.activation import Activation
from minicnn.kernels.cpu.feature_map import FeatureMap
from minicnn.kernels.cpu.program import Place, bits


class Operation(NamedTuple):
    """forward(plan, node) sets the node's values; backward(plan, node, dy) gives gradients to its inputs and parameters.

    `dy` belongs to the operation: it may be overwritten and handed on.
    """

    forward: Callable[[Planner, Node], None]
    backward: Callable[[Planner, Node, Activation], None]


def _set(plan: Planner, node: Node, value: Activation, n: int = 0) -> None:
    plan.values[ValueRef(node.index, n)] = value


def _new_output(plan: Planner, node: Node) -> Activation:
    value = plan.new(node.output_shapes[0])
    _set(plan, node, value)
    return value


def _through_relu(plan: Planner, node: Node, dy: Activation) -> Activation:
    """The gradient before the relu that the node's own step applied."""
    if node.index in plan.fusion.rectified:
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node))
    return dy


def _conv_forward(plan: Planner, node: Node) -> None:
    layer = node.layer
    weight = plan.parameter(node, "weight")
    convolution.append_convolution_forward(
        plan.program, _new_output(plan, node), plan.x(node), layer.axes(node.input_shapes), layer.groups, layer.tile(node.input_shapes),
        layer.flip, weight, plan.parameter(node, "bias"), rectify=node.index in plan.fusion.rectified)


def _conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    layer = node.layer
    axes, tiles = layer.axes(node.input_shapes), layer.tile(node.input_shapes)
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    dy = _through_relu(plan, node, dy)
    convolution.append_convolution_backward_weight(plan.program, weight, dy, plan.x(node), axes, layer.groups, tiles, layer.flip)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy, tiles)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        convolution.append_convolution_backward_input(plan.program, dx, dy, axes, layer.groups, tiles, layer.flip, weight)
        plan.give(node, dx)


def _linear_forward(plan: Planner, node: Node) -> None:
    convolution.append_linear_forward(plan.program, _new_output(plan, node), plan.x(node), plan.parameter(node, "weight"),
                                      plan.parameter(node, "bias"), rectify=node.index in plan.fusion.rectified)


def _linear_backward(plan: Planner, node: Node, dy: Activation) -> None:
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    dy = _through_relu(plan, node, dy)
    convolution.append_linear_backward_weight(plan.program, weight, dy, plan.x(node))
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        convolution.append_linear_backward_input(plan.program, dx, dy, weight)
        plan.give(node, dx)


def _max_pool_forward(plan: Planner, node: Node) -> None:
    winners = plan.new(node.output_shapes[0])
    plan.kept[node.index] = winners
    pooling.append_max_pool_forward(plan.program, _new_output(plan, node), winners, plan.x(node), node.layer.axes(node.input_shapes),
                                    rectify=node.index in plan.fusion.rectified_pools)


def _max_pool_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    pooling.append_max_pool_backward(plan.program, dx, dy, plan.kept[node.index], node.layer.axes(node.input_shapes))
    plan.give(node, dx)


def _average_pool_forward(plan: Planner, node: Node) -> None:
    pooling.append_average_pool_forward(plan.program, _new_output(plan, node), plan.x(node), node.layer.axes(node.input_shapes),
                                        node.layer.count_padding)


def _average_pool_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    pooling.append_average_pool_backward(plan.program, dx, dy, node.layer.axes(node.input_shapes), node.layer.count_padding)
    plan.give(node, dx)


def _whole_map(node: Node) -> tuple[Axis, ...]:
    return tuple(Axis(size, size, 1, 1, 0, 0, 1) for size in node.input_shapes[0][1:])


def _spread(y: Activation, axes: tuple[Axis, ...]) -> Activation:
    """One number per channel as a map of one pixel."""
    return Activation(y.buffer, FeatureMap(y.map.channels, (1,) * len(axes), y.map.shard), y.offset)


def _global_average_forward(plan: Planner, node: Node) -> None:
    axes = _whole_map(node)
    pooling.append_average_pool_forward(plan.program, _spread(_new_output(plan, node), axes), plan.x(node), axes, True)


def _global_average_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes = _whole_map(node)
    dx = plan.new(node.input_shapes[0])
    pooling.append_average_pool_backward(plan.program, dx, _spread(dy, axes), axes, True)
    plan.give(node, dx)


def _relu_forward(plan: Planner, node: Node) -> None:
    if node.index in plan.fusion.done:
        _set(plan, node, plan.x(node))
    else:
        pointwise.append_relu_forward(plan.program, _new_output(plan, node), plan.x(node), getattr(node.layer, "slope", 0.0))


def _relu_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.index not in plan.fusion.done:
        slope = getattr(node.layer, "slope", 0.0)
        # where the slope is negative the output has lost the sign of the input
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node) if slope >= 0 else plan.x(node), slope)
    plan.give(node, dy)


def _tanh_forward(plan: Planner, node: Node) -> None:
    pointwise.append_tanh_forward(plan.program, _new_output(plan, node), plan.x(node))


def _tanh_backward(plan: Planner, node: Node, dy: Activation) -> None:
    pointwise.append_tanh_backward(plan.program, dy, dy, plan.y(node))
    plan.give(node, dy)


def _sigmoid_forward(plan: Planner, node: Node) -> None:
    pointwise.append_sigmoid_forward(plan.program, _new_output(plan, node), plan.x(node))


def _sigmoid_backward(plan: Planner, node: Node, dy: Activation) -> None:
    pointwise.append_sigmoid_backward(plan.program, dy, dy, plan.y(node))
    plan.give(node, dy)


def _dropout_forward(plan: Planner, node: Node) -> None:
    if plan.training and node.layer.rate > 0:
        pointwise.append_dropout(plan.program, _new_output(plan, node), plan.x(node), node.index, node.layer.rate)
    else:
        _set(plan, node, plan.x(node))


def _dropout_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.layer.rate > 0:
        pointwise.append_dropout(plan.program, dy, dy, node.index, node.layer.rate)
    plan.give(node, dy)


def _local_response_norm_forward(plan: Planner, node: Node) -> None:
    s = node.layer
    pointwise.append_local_response_norm_forward(plan.program, _new_output(plan, node), plan.x(node), s.size, s.k, s.alpha, s.beta)


def _local_response_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    s = node.layer
    dx = plan.new(node.input_shapes[0])
    pointwise.append_local_response_norm_backward(plan.program, dx, dy, plan.x(node), s.size, s.k, s.alpha, s.beta)
    plan.give(node, dx)


def _flatten_forward(plan: Planner, node: Node) -> None:
    _set(plan, node, plan.x(node).flat())


def _flatten_backward(plan: Planner, node: Node, dy: Activation) -> None:
    plan.give(node, _reshaped(dy, node.input_shapes[0]))


def _add_forward(plan: Planner, node: Node) -> None:
    y = _new_output(plan, node)
    pointwise.append_copy(plan.program, y, plan.x(node))
    for n in range(1, len(node.inputs)):
        pointwise.append_add(plan.program, y, plan.x(node, n))


def _add_backward(plan: Planner, node: Node, dy: Activation) -> None:
    for n in range(1, len(node.inputs)):
        if plan.wants_gradient(node, n):
            dx = plan.new(node.input_shapes[n])
            pointwise.append_copy(plan.program, dx, dy)
            plan.give(node, dx, n)
    plan.give(node, dy)


def _concat_forward(plan: Planner, node: Node) -> None:
    y = _new_output(plan, node)
    first = 0
    for n, shape in enumerate(node.input_shapes):
        pointwise.append_copy(plan.program, y.channels(first, shape[0]), plan.x(node, n))
        first += shape[0]


def _concat_backward(plan: Planner, node: Node, dy: Activation) -> None:
    first = 0
    for n, shape in enumerate(node.input_shapes):
        if plan.wants_gradient(node, n):
            plan.give(node, dy.channels(first, shape[0]), n)
        first += shape[0]


def _batch_norm_arguments(plan: Planner, node: Node) -> tuple[Place, int, int, int]:
    x = plan.x(node)
    return x.place, x.map.channels, x.map.pixels, x.map.shard


def _batch_norm_forward(plan: Planner, node: Node) -> None:
    layer, x, program = node.layer, _batch_norm_arguments(plan, node), plan.program
    gamma, beta, mean, variance = (plan.parameter(node, name) for name in ("weight", "bias", "running_mean", "running_var"))
    rectify = node.index in plan.fusion.rectified
    statistics = 0
    if plan.training:
        statistics = plan.kept_places[node.index] = plan.common(2 * x[1])
        program.step(batch_normalization.batch_norm_statistics, statistics, *x)
        plan.close_shards()
    kernel = batch_normalization.batch_norm_training if plan.training else batch_normalization.batch_norm_inference
    y = _new_output(plan, node)
    program.step(kernel, statistics, *x, y.place, gamma, beta, mean, variance, bits(layer.momentum), bits(layer.eps), rectify,
                 plan.updating)


def _batch_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    x, program, statistics = _batch_norm_arguments(plan, node), plan.program, plan.kept_places[node.index]
    dy = _through_relu(plan, node, dy)
    sums = plan.common(2 * x[1])
    program.step(batch_normalization.batch_norm_gradient_sums, statistics, *x, dy.place, sums, bits(node.layer.eps))
    plan.close_shards()
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    program.step(batch_normalization.batch_norm_backward, statistics, *x, dy.place, sums, bits(node.layer.eps), dy.place, weight, weight,
                 bias)
    plan.give(node, dy)


def _pad_shortcut_forward(plan: Planner, node: Node) -> None:
    strides = [axis.stride for axis in node.layer.axes(node.input_shapes)]
    grid.append_take_grid(plan.program, _new_output(plan, node), plan.x(node), [0] * len(strides), strides)


def _pad_shortcut_backward(plan: Planner, node: Node, dy: Activation) -> None:
    strides = [axis.stride for axis in node.layer.axes(node.input_shapes)]
    dx = plan.new(node.input_shapes[0])
    grid.append_put_grid(plan.program, dx, dy, [0] * len(strides), strides)
    plan.give(node, dx)


def _crop_firsts(node: Node) -> list[int]:
    """Pixels cut off before each axis: half of what is too much, the smaller half if it is odd."""
    return [(size - out) // 2 for size, out in zip(node.input_shapes[0][1:], node.output_shapes[0][1:], strict=True)]


def _crop_forward(plan: Planner, node: Node) -> None:
    first = _crop_firsts(node)
    grid.append_take_grid(plan.program, _new_output(plan, node), plan.x(node), first, [1] * len(first))


def _crop_backward(plan: Planner, node: Node, dy: Activation) -> None:
    first = _crop_firsts(node)
    dx = plan.new(node.input_shapes[0])
    grid.append_put_grid(plan.program, dx, dy, first, [1] * len(first))
    plan.give(node, dx)


def _stochastic_depth_forward(plan: Planner, node: Node) -> None:
    if plan.training:
        grid.append_survive(plan.program, _new_output(plan, node), plan.x(node), node.index, node.layer.survival)
    else:
        grid.append_scale(plan.program, _new_output(plan, node), plan.x(node), node.layer.survival)


def _stochastic_depth_backward(plan: Planner, node: Node, dy: Activation) -> None:
    grid.append_survive(plan.program, dy, dy, node.index, node.layer.survival)
    plan.give(node, dy)


def _conv_transpose_forward(plan: Planner, node: Node) -> None:
    """The input gradient of the convolution that would go the other way: its axes have our output as input."""
    layer = node.layer
    axes = layer.axes(node.input_shapes)
    y = _new_output(plan, node)
    convolution.append_convolution_backward_input(plan.program, y, plan.x(node), axes, layer.groups, (1,) * len(axes), False,
                                                  plan.parameter(node, "weight"))
    bias = plan.parameter(node, "bias")
    if bias is not None:
        pointwise.append_add_bias(plan.program, y, bias)


def _conv_transpose_backward(plan: Planner, node: Node, dy: Activation) -> None:
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


def _reshape_forward(plan: Planner, node: Node) -> None:
    _set(plan, node, _reshaped(plan.x(node), node.output_shapes[0]))


def _reshape_backward(plan: Planner, node: Node, dy: Activation) -> None:
    plan.give(node, _reshaped(dy, node.input_shapes[0]))


def _reshaped(value: Activation, shape: tuple[int, ...]) -> Activation:
    return Activation(value.buffer, FeatureMap(shape[0], tuple(shape[1:]), value.map.shard), value.offset)


def _scaled_tanh_forward(plan: Planner, node: Node) -> None:
    mixing.append_scaled_tanh_forward(plan.program, _new_output(plan, node), plan.x(node), node.layer.amplitude, node.layer.slope)


def _scaled_tanh_backward(plan: Planner, node: Node, dy: Activation) -> None:
    mixing.append_scaled_tanh_backward(plan.program, dy, dy, plan.y(node), node.layer.amplitude, node.layer.slope)
    plan.give(node, dy)


def _subsample_forward(plan: Planner, node: Node) -> None:
    """A trainable factor and bias on the sum of each window: the mean, times the taps."""
    axes = node.layer.axes(node.input_shapes)
    means = plan.kept[node.index] = plan.new(node.output_shapes[0])
    pooling.append_average_pool_forward(plan.program, means, plan.x(node), axes, True)
    mixing.append_scale_channels(plan.program, _new_output(plan, node), means, plan.parameter(node, "weight"),
                                 prod(axis.taps for axis in axes), plan.parameter(node, "bias"))


def _subsample_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes = node.layer.axes(node.input_shapes)
    taps, weight = prod(axis.taps for axis in axes), plan.parameter(node, "weight")
    mixing.append_factor_gradient(plan.program, weight, dy, plan.kept[node.index], taps)
    convolution.append_bias_gradient(plan.program, plan.parameter(node, "bias"), dy)
    if plan.wants_gradient(node):
        mixing.append_scale_channels(plan.program, dy, dy, weight, taps)
        dx = plan.new(node.input_shapes[0])
        pooling.append_average_pool_backward(plan.program, dx, dy, axes, True)
        plan.give(node, dx)


def _table_conv_forward(plan: Planner, node: Node) -> None:
    linked_convolution.append_linked_forward(plan.program, _new_output(plan, node), plan.x(node), node.layer.axes(node.input_shapes),
                                             node.layer.table, plan.parameter(node, "weight"), plan.parameter(node, "bias"))


def _table_conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    axes, table = node.layer.axes(node.input_shapes), node.layer.table
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    linked_convolution.append_linked_backward_weight(plan.program, weight, dy, plan.x(node), axes, table)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        linked_convolution.append_linked_backward_input(plan.program, dx, dy, axes, table, weight)
        plan.give(node, dx)


def _gate_forward(plan: Planner, node: Node) -> None:
    mixing.append_gate_forward(plan.program, _new_output(plan, node), *(plan.x(node, n) for n in range(3)))


def _gate_backward(plan: Planner, node: Node, dy: Activation) -> None:
    gradients = [plan.new(node.output_shapes[0]) for _ in range(3)]
    mixing.append_gate_backward(plan.program, gradients, dy, [plan.x(node, n) for n in range(3)])
    for n, gradient in enumerate(gradients):
        plan.give(node, gradient, n)


def _rbf_forward(plan: Planner, node: Node) -> None:
    mixing.append_rbf_forward(plan.program, _new_output(plan, node), plan.x(node), plan.parameter(node, "weight"))


def _rbf_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    mixing.append_rbf_backward(plan.program, dx, dy, plan.x(node), plan.parameter(node, "weight"))
    plan.give(node, dx)


def _upsample_forward(plan: Planner, node: Node) -> None:
    mixing.append_upsample(plan.program, _new_output(plan, node), plan.x(node), node.layer.scales(node.input_shapes), node.layer.mode)


def _upsample_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dx = plan.new(node.input_shapes[0])
    mixing.append_upsample_backward(plan.program, dx, dy, node.layer.scales(node.input_shapes), node.layer.mode)
    plan.give(node, dx)


OPERATIONS = {
    "conv": Operation(_conv_forward, _conv_backward),
    "linear": Operation(_linear_forward, _linear_backward),
    "max_pool": Operation(_max_pool_forward, _max_pool_backward),
    "avg_pool": Operation(_average_pool_forward, _average_pool_backward),
    "global_avg_pool": Operation(_global_average_forward, _global_average_backward),
    "relu": Operation(_relu_forward, _relu_backward),
    "leaky_relu": Operation(_relu_forward, _relu_backward),
    "tanh": Operation(_tanh_forward, _tanh_backward),
    "sigmoid": Operation(_sigmoid_forward, _sigmoid_backward),
    "dropout": Operation(_dropout_forward, _dropout_backward),
    "local_response_norm": Operation(_local_response_norm_forward, _local_response_norm_backward),
    "flatten": Operation(_flatten_forward, _flatten_backward),
    "conv_transpose": Operation(_conv_transpose_forward, _conv_transpose_backward),
    "pad_shortcut": Operation(_pad_shortcut_forward, _pad_shortcut_backward),
    "crop": Operation(_crop_forward, _crop_backward),
    "stochastic_depth": Operation(_stochastic_depth_forward, _stochastic_depth_backward),
    "reshape": Operation(_reshape_forward, _reshape_backward),
    "scaled_tanh": Operation(_scaled_tanh_forward, _scaled_tanh_backward),
    "subsample": Operation(_subsample_forward, _subsample_backward),
    "table_conv": Operation(_table_conv_forward, _table_conv_backward),
    "gate": Operation(_gate_forward, _gate_backward),
    "rbf": Operation(_rbf_forward, _rbf_backward),
    "upsample": Operation(_upsample_forward, _upsample_backward),
    "batch_norm": Operation(_batch_norm_forward, _batch_norm_backward),
    "add": Operation(_add_forward, _add_backward),
    "concat": Operation(_concat_forward, _concat_backward),
}
