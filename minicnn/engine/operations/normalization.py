"""Normalization over channels and over batches, on the CPU."""

from __future__ import annotations

from minicnn.engine.operations.operation import new_output, through_relu
from minicnn.engine.planner import Planner
from minicnn.graph import Node
from minicnn.kernels.cpu.normalization import batch as batch_normalization
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation


def local_response_norm_forward(plan: Planner, node: Node) -> None:
    s = node.layer
    pointwise.append_local_response_norm_forward(plan.program, new_output(plan, node), plan.x(node), s.size, s.k, s.alpha, s.beta)


def local_response_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    s = node.layer
    dx = plan.new(node.input_shapes[0])
    pointwise.append_local_response_norm_backward(plan.program, dx, dy, plan.x(node), s.size, s.k, s.alpha, s.beta)
    plan.give(node, dx)


def normalized(plan: Planner, node: Node, statistics: int) -> batch_normalization.Normalized:
    """What is normalized, and where the shards' statistics lie in common memory."""
    x = plan.x(node)
    return batch_normalization.Normalized(statistics, x.place, x.map.channels, x.map.pixels, x.map.shard)


def batch_norm_forward(plan: Planner, node: Node) -> None:
    layer, program = node.layer, plan.program
    gamma, beta, mean, variance = (plan.parameter(node, name) for name in ("weight", "bias", "running_mean", "running_var"))
    rectify = node.index in plan.fusion.rectified
    statistics = 0
    if plan.training:
        statistics = plan.kept_places[node.index] = plan.common(2 * plan.x(node).map.channels)
        program.step(batch_normalization.batch_norm_statistics, input=normalized(plan, node, statistics))
        plan.close_shards()
    y, x = new_output(plan, node), normalized(plan, node, statistics)
    affine = batch_normalization.Affine(y.place, gamma, beta, mean, variance, layer.eps, rectify)
    if plan.training:
        program.step(batch_normalization.batch_norm_training, input=x, affine=affine, momentum=layer.momentum, update=plan.updating)
    else:
        program.step(batch_normalization.batch_norm_inference, input=x, affine=affine)


def batch_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    x, program = normalized(plan, node, plan.kept_places[node.index]), plan.program
    dy = through_relu(plan, node, dy)
    sums = plan.common(2 * x.channels)
    program.step(batch_normalization.batch_norm_gradient_sums, input=x, dy=dy.place, sums=sums, epsilon=node.layer.eps)
    plan.close_shards()
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    program.step(
        batch_normalization.batch_norm_backward,
        input=x,
        dy=dy.place,
        sums=sums,
        epsilon=node.layer.eps,
        dx=dy.place,
        gamma=weight,
        dgamma=weight,
        dbeta=bias,
    )
    plan.give(node, dy)
