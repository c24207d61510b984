"""Normalization over channels and over batches, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import layers as L
from minicnn.engine.operations.operation import NORMALIZES, lower, lower_one_step, new_output, passed_on, through_relu
from minicnn.graph import Node
from minicnn.kernels import textbook
from minicnn.kernels.cpu.normalization import batch as batch_normalization
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place
from minicnn.kernels.derive.lanes.lowering import GradientArray, ParameterArray
from minicnn.layers.batch_norm import BatchNorm

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


def normalized(plan: Planner, node: Node, statistics: int) -> batch_normalization.Normalized:
    """What is normalized, and where the shards' statistics lie in common memory."""
    x = plan.x(node)
    return batch_normalization.Normalized(statistics, x.place, x.map.channels, x.map.pixels, x.map.shard)


def batch_norm_prepare(plan: Planner, node: Node) -> None:
    """Where the convolution before it does its work, the factors and shifts that this takes, from parameters that may have changed."""
    if node.index not in plan.fusion.done:
        return
    channels, bias = node.input_shapes[0][0], plan.parameter(plan.topology.nodes[node.inputs[0].node], "bias")
    place = plan.kept_places[node.index] = plan.common_once(2 * channels)
    affine = affine_of(plan, node, place, rectify=False)
    plan.program.step(batch_normalization.batch_norm_factors, affine=affine, channels=channels, bias=bias or 0, with_bias=bias is not None)


def affine_of(plan: Planner, node: Node, y: int | Place, rectify: bool) -> batch_normalization.Affine:
    """The layer's parameters, and where what is made of them goes."""
    gamma, beta, mean, variance = (plan.parameter(node, name) or 0 for name in ("weight", "bias", "running_mean", "running_var"))
    return batch_normalization.Affine(y, gamma, beta, mean, variance, node.layer.eps, rectify)


def batch_norm_forward(plan: Planner, node: Node) -> None:
    if passed_on(plan, node):
        return
    layer, program = node.layer, plan.program
    rectify, by_batch = node.index in plan.fusion.rectified, plan.takes_statistics(node)
    statistics = 0
    if by_batch:
        statistics = plan.kept_places[node.index] = plan.common(2 * plan.x(node).map.channels)
        program.step(batch_normalization.batch_norm_statistics, input=normalized(plan, node, statistics))
        plan.close_shards()
    y, x = new_output(plan, node), normalized(plan, node, statistics)
    affine = affine_of(plan, node, y.place, rectify)
    if by_batch:
        program.step(batch_normalization.batch_norm_training, input=x, affine=affine, momentum=layer.momentum, update=plan.updating)

        def again() -> Activation:
            """The same from the same statistics: a pass over memory, in place of memory until the way back."""
            remade = plan.new(node.output_shapes[0])
            same = affine._replace(y=remade.place)
            program.step(batch_normalization.batch_norm_training, input=x, affine=same, momentum=layer.momentum, update=False)
            return remade

        if plan.keeps_little:
            plan.again[y.buffer] = again
    else:
        program.step(batch_normalization.batch_norm_inference, input=x, affine=affine)


def batch_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if not plan.takes_statistics(node):
        run_inference_backward(plan, node, through_relu(plan, node, dy))
        return
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


def frozen_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    """Without the gradients of weight and bias: dx[n,c] = weight[c] / sqrt(running_var[c] + eps) * dy[n,c], a normalization of dy."""
    dx = plan.new(node.input_shapes[0])
    own = {slot.name.rpartition(".")[2]: ParameterArray(slot.offset, slot.shape) for slot in node.slots}
    factors = {"gamma": own["weight"], "variance": own["running_var"], "mean": None, "beta": None, "epsilon": node.layer.eps}
    plan.machine.loop(plan.program, textbook.batch_norm_inference_forward, "", y=dx, x=dy, **factors)
    plan.give(node, dx)


def run_inference_backward(plan: Planner, node: Node, dy: Activation) -> None:
    """By its loop: the running statistics are constants."""
    if node.frozen:
        frozen_norm_backward(plan, node, dy)
        return
    arrays = {slot.name.rpartition(".")[2]: (slot.offset, slot.shape) for slot in node.slots}
    gamma, beta, mean, variance = (arrays[name] for name in ("weight", "bias", "running_mean", "running_var"))
    dx = plan.new(node.input_shapes[0])
    plan.machine.loop(
        plan.program,
        textbook.batch_norm_inference_backward,
        dx=dx,
        dgamma=GradientArray(*gamma),
        dbeta=GradientArray(*beta),
        dy=dy,
        x=plan.x(node),
        mean=ParameterArray(*mean),
        variance=ParameterArray(*variance),
        gamma=ParameterArray(*gamma),
        epsilon=node.layer.eps,
    )
    plan.give(node, dx)


lower(BatchNorm, batch_norm_forward, batch_norm_backward, prepare=batch_norm_prepare, can_rectify=True, follows=NORMALIZES)
lower_one_step(
    L.LocalResponseNorm,
    pointwise.append_local_response_norm_forward,
    pointwise.append_local_response_norm_backward,
    lambda plan, node: (node.layer.size, node.layer.k, node.layer.alpha, node.layer.beta),
    reads="x",
)
