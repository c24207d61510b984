"""Normalization over channels and over batches, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.engine.operations.operation import lower, lower_one_step, new_output, through_relu
from minicnn.graph import Node
from minicnn.kernels.cpu.normalization import batch as batch_normalization
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, bits
from minicnn.layers.batch_norm import BatchNorm

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def batch_norm_arguments(plan: Planner, node: Node) -> tuple[Place, int, int, int]:
    x = plan.x(node)
    return x.place, x.map.channels, x.map.pixels, x.map.shard


def batch_norm_forward(plan: Planner, node: Node) -> None:
    layer, x, program = node.layer, batch_norm_arguments(plan, node), plan.program
    gamma, beta, mean, variance = (plan.parameter(node, name) for name in ("weight", "bias", "running_mean", "running_var"))
    rectify = node.index in plan.fusion.rectified
    statistics = 0
    if plan.training:
        statistics = plan.kept_places[node.index] = plan.common(2 * x[1])
        program.step(batch_normalization.batch_norm_statistics, statistics, *x)
        plan.close_shards()
    kernel = batch_normalization.batch_norm_training if plan.training else batch_normalization.batch_norm_inference
    y = new_output(plan, node)
    program.step(
        kernel, statistics, *x, y.place, gamma, beta, mean, variance, bits(layer.momentum), bits(layer.eps), rectify, plan.updating
    )


def batch_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    x, program, statistics = batch_norm_arguments(plan, node), plan.program, plan.kept_places[node.index]
    dy = through_relu(plan, node, dy)
    sums = plan.common(2 * x[1])
    program.step(batch_normalization.batch_norm_gradient_sums, statistics, *x, dy.place, sums, bits(node.layer.eps))
    plan.close_shards()
    weight, bias = plan.parameter(node, "weight"), plan.parameter(node, "bias")
    program.step(
        batch_normalization.batch_norm_backward, statistics, *x, dy.place, sums, bits(node.layer.eps), dy.place, weight, weight, bias
    )
    plan.give(node, dy)


lower(BatchNorm, batch_norm_forward, batch_norm_backward, can_rectify=True)
lower_one_step(
    L.LocalResponseNorm,
    pointwise.append_local_response_norm_forward,
    pointwise.append_local_response_norm_backward,
    lambda plan, node: (node.layer.size, node.layer.k, node.layer.alpha, node.layer.beta),
    reads="x",
)
