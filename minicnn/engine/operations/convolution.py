"""Convolution of every kind and the linear layer, on the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicnn import layers as L
from minicnn.engine.operations.operation import lower, new_output, through_relu
from minicnn.graph import INPUT, Node
from minicnn.kernels.cpu.convolution import linked as linked_convolution
from minicnn.kernels.cpu.convolution import lowering as convolution
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Images, Operands, Problem
from minicnn.kernels.cpu.convolution.variant_lowering import append_variant, append_variant_backward_weight
from minicnn.kernels.cpu.convolution.ways import Steps, choose_steps
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.operands import Parameter, Scaling
from minicnn.kernels.cpu.unshared.lowering import serves_few
from minicnn.layers.conv import Conv
from minicnn.layers.conv_transpose import ConvTranspose

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner


LASTING_BYTES = 48 << 20  # of transformed filters and what they were made from, in a plan: all of ResNet-18's
FROM_A_WEIGHT = 5  # numbers of a weight at most: 36 elements of nine taps, and the weight itself


def conv_prepare(plan: Planner, node: Node) -> None:
    """Where Winograd is the faster way, its transformed filters."""
    if _lasts(plan, node):
        plan.lasting.add(node.index)
    for output in (True, False):
        if output or (plan.training and plan.wants_gradient(node)):
            problem, way = _product(plan, node, output)
            if way.prepare:
                plan.prepared[node.index, problem.work] = way.prepare(
                    plan.program,
                    plan.program.common,
                    problem,
                    _weight(plan, node),
                    plan.common_once if node.index in plan.lasting else None,
                )


def _lasts(plan: Planner, node: Node) -> bool:
    """Whether its transformed filters stay for other calls: in use, of images so few that to make them again takes a part of the time.

    One image of ResNet-18: 0.56 of 8.8 milliseconds.
    """
    if plan.training or plan.shard % LANES == 0 or not isinstance(node.layer, Conv):
        return False
    _, way = _product(plan, node, True, repeated=True)
    nodes = [node, *(plan.topology.nodes[index] for index in plan.lasting)]
    return way.prepare is not None and 4 * FROM_A_WEIGHT * sum(each.slots[0].size for each in nodes) <= LASTING_BYTES


def conv_forward(plan: Planner, node: Node) -> None:
    problem, way = _product(plan, node, output=True)
    norm, added = plan.fusion.followers.get(node.index, (None, None))
    bias = _bias(plan, node) if norm is None else Scaling(plan.kept_places[norm.index])
    operands = Operands(
        _weight(plan, node),
        bias,
        node.index in plan.fusion.rectified,
        plan.prepared.get((node.index, problem.work)),
        None if added is None else plan.values[added],
    )
    way.append(plan.program, new_output(plan, node), plan.x(node), problem, operands)


def takes_halo(node: Node) -> bool:
    """Filters that serve few positions read their patches from images without one."""
    layer: Any = node.layer
    return not serves_few(layer.axes(node.input_shapes), layer.tile(node.input_shapes), LANES)


def can_go_on(node: Node) -> bool:
    """Every way forward of a plan does, but where a bias is not one for all positions."""
    return problem_of(node, FORWARD).shared


def conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dy = through_relu(plan, node, dy)
    weight, bias = plan.learnt(node, "weight"), plan.learnt(node, "bias")
    problem, halo = problem_of(node, BACKWARD_WEIGHT), any(map(any, plan.x(node).map.halo))
    if weight is not None:
        way = choose_steps(problem, Images(plan.batch, plan.shard, halo))
        values = (plan.x(node), dy) if isinstance(node.layer, ConvTranspose) else (dy, plan.x(node))
        way.append(plan.program, weight, *values, problem)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy, problem.tile)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        problem, way = _product(plan, node, output=False)
        operands = Operands(_weight(plan, node), prepared=plan.prepared.get((node.index, problem.work)))
        way.append(plan.program, dx, dy, problem, operands)
        plan.give(node, dx)


def problem_of(node: Node, work: str) -> Problem:
    """A pass of a layer: of a transposed convolution, of the one that leads the other way, whose input is our output."""
    layer: Any = node.layer
    axes, channels, filters = layer.axes(node.input_shapes), node.input_shapes[0][0], node.output_shapes[0][0]
    if isinstance(layer, ConvTranspose):
        return Problem(work, axes, layer.groups, (1,) * len(axes), False, filters, channels)
    return Problem(work, axes, layer.groups, layer.tile(node.input_shapes), layer.flip, channels, filters)


def _product(plan: Planner, node: Node, output: bool, repeated: bool = False) -> tuple[Problem, Steps]:
    """The pass that computes the output, or the gradient of the input, and its way; the network's input may lie between padding."""
    problem = problem_of(node, FORWARD if output != (isinstance(node.layer, ConvTranspose)) else BACKWARD_INPUT)
    repeated = repeated or node.index in plan.lasting
    return problem, choose_steps(problem, Images(plan.together, plan.shard, output and node.inputs[0] == INPUT, repeated))


def _weight(plan: Planner, node: Node) -> int:
    weight = plan.parameter(node, "weight")
    return 0 if weight is None else weight


def _bias(plan: Planner, node: Node) -> Parameter | None:
    bias = plan.parameter(node, "bias")
    return None if bias is None else Parameter(bias)


def linear_forward(plan: Planner, node: Node) -> None:
    convolution.append_linear_forward(
        plan.program,
        new_output(plan, node),
        plan.x(node),
        _weight(plan, node),
        _bias(plan, node),
        rectify=node.index in plan.fusion.rectified,
        by_feature=plan.by_feature or (plan.shard % LANES != 0 and plan.together < LANES),
    )


def linear_backward(plan: Planner, node: Node, dy: Activation) -> None:
    weight, bias = plan.learnt(node, "weight"), plan.learnt(node, "bias")
    dy = through_relu(plan, node, dy)
    if weight is not None:
        convolution.append_linear_backward_weight(plan.program, weight, dy, plan.x(node))
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        convolution.append_linear_backward_input(plan.program, dx, dy, _weight(plan, node))
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
    weight, bias = plan.learnt(node, "weight"), plan.learnt(node, "bias")
    if weight is not None:
        linked_convolution.append_linked_backward_weight(plan.program, weight, dy, plan.x(node), axes, table)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        linked_convolution.append_linked_backward_input(plan.program, dx, dy, axes, table, _weight(plan, node))
        plan.give(node, dx)


def variant_forward(plan: Planner, node: Node) -> None:
    own = node.layer.convolution(node.input_shapes[0]).tables
    append_variant(
        plan.program,
        new_output(plan, node),
        plan.x(node),
        own.forward,
        _weight(plan, node),
        _bias(plan, node),
        rectify=node.index in plan.fusion.rectified,
    )


def variant_backward(plan: Planner, node: Node, dy: Activation) -> None:
    own = node.layer.convolution(node.input_shapes[0]).tables
    weight, bias = plan.learnt(node, "weight"), plan.learnt(node, "bias")
    dy = through_relu(plan, node, dy)
    if weight is not None:
        append_variant_backward_weight(plan.program, weight, dy, plan.x(node), own.backward_weight)
    if bias is not None:
        convolution.append_bias_gradient(plan.program, bias, dy)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        append_variant(plan.program, dx, dy, own.backward_input, _weight(plan, node))
        plan.give(node, dx)


lower(Conv, conv_forward, conv_backward, prepare=conv_prepare, can_rectify=True, takes_halo=takes_halo, can_go_on=can_go_on)
lower(L.Linear, linear_forward, linear_backward, can_rectify=True)
lower(ConvTranspose, conv_forward, conv_backward, prepare=conv_prepare)
lower(L.TableConv2D, table_conv_forward, table_conv_backward)
lower(L.Variant, variant_forward, variant_backward, can_rectify=True)
