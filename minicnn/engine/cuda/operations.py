"""What each kind of layer does on a CUDA device: the tiles and statistics written for it; every other layer runs the loops that define it."""

from __future__ import annotations

from math import prod
from typing import Any

from minicnn import layers as L
from minicnn.engine.cuda.program import GRADIENT, PARAMETERS
from minicnn.engine.cuda.steps import (
    add,
    add_back,
    copy,
    draw,
    key_of,
    load,
    load_target,
    loss,
    partner,
    read,
    run_loop,
    run_own_loop,
    set_aside,
    shares,
    store,
    store_input_gradient,
    total,
)
from minicnn.engine.operations.convolution import problem_of
from minicnn.engine.operations.derived import run_backward, run_forward
from minicnn.engine.operations.joining import concat_backward, reshape_backward, reshape_forward
from minicnn.engine.operations.normalization import run_inference_backward
from minicnn.engine.operations.operation import Operations, new_output, set_value
from minicnn.engine.planner import Machine, Planner
from minicnn.graph import Node
from minicnn.kernels import textbook
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Problem
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cuda.batch_statistics import (
    append_batch_norm_backward,
    append_batch_statistics,
    append_normalize,
    append_running_statistics,
)
from minicnn.kernels.cuda.by_table import Terms, append_sums, backward_terms, forward_terms
from minicnn.kernels.cuda.convolution.lowering import append_convolution
from minicnn.kernels.cuda.launches import Part, as_type, flat
from minicnn.kernels.cuda.local_response import append_local_response_norm_backward
from minicnn.kernels.cuda.pooling import append_max_pool_backward
from minicnn.kernels.cuda.row_sums import Layout, append_bias_gradient
from minicnn.layers import Layer
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.conv import Conv
from minicnn.layers.conv_transpose import ConvTranspose
from minicnn.layers.max_pool import MaxPool

CUDA = Operations()
lower = CUDA.lower


def through_relu(plan: Planner, node: Node, dy: Activation) -> Activation:
    """The gradient before the relu that the node's own kernel applied."""
    if node.index in plan.fusion.rectified:
        run_loop(plan.program, textbook.relu_backward, dx=dy, dy=dy, y=plan.y(node))
    return dy


def parameter(plan: Planner, node: Node, name: str, owner: str = PARAMETERS) -> Part | None:
    """A node's parameter, or its gradient, as users see it; None if it has none of that name."""
    for slot in node.slots:
        if slot.name.rpartition(".")[2] == name:
            return plan.program.array(owner, slot.offset, slot.shape)  # type: ignore[no-any-return]
    return None


def gradient(plan: Planner, node: Node, name: str) -> Part | None:
    """Where the gradient of a node's parameter goes; None if it has none of that name, or it is frozen."""
    return None if plan.learnt(node, name) is None else parameter(plan, node, name, GRADIENT)


def convolve(plan: Planner, problem: Problem, *arrays: Any, **more: Any) -> None:
    append_convolution(plan.program, problem, plan.program.images, plan.program.row, *map(flat, arrays), **more)


def problem_for(node: Node, work: str) -> Problem:
    """A pass of a convolution, or of a linear layer, which is one of a single position."""
    if isinstance(node.layer, L.Linear):
        (features,), (filters,) = node.input_shapes[0], node.output_shapes[0]
        return Problem(work, (), 1, (), False, features, filters)
    return problem_of(node, work)


def conv_forward(plan: Planner, node: Node) -> None:
    problem = problem_for(node, BACKWARD_INPUT if isinstance(node.layer, ConvTranspose) else FORWARD)
    y, lanes = new_output(plan, node), plan.program.lanes
    bias, rectify = parameter(plan, node, "bias"), node.index in plan.fusion.rectified
    own = None if bias is None else flat(bias)
    convolve(plan, problem, lanes(y), lanes(plan.x(node)), parameter(plan, node, "weight"), bias=own, rectify=rectify)


def conv_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dy, lanes, transposed = through_relu(plan, node, dy), plan.program.lanes, isinstance(node.layer, ConvTranspose)
    problem, x = problem_for(node, BACKWARD_WEIGHT), plan.x(node)
    values = (x, dy) if transposed else (dy, x)
    dweight = gradient(plan, node, "weight")
    if dweight is not None:
        convolve(plan, problem, dweight, *map(lanes, values))
    tile = (1,) * len(dy.map.sizes) if transposed else problem.tile
    bias_gradient(plan, gradient(plan, node, "bias"), dy, tile)
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        problem = problem_for(node, FORWARD if transposed else BACKWARD_INPUT)
        convolve(plan, problem, lanes(dx), lanes(dy), parameter(plan, node, "weight"))
        plan.give(node, dx)


def bias_gradient(plan: Planner, dbias: Part | None, dy: Activation, tile: tuple[int, ...]) -> None:
    if dbias is not None:
        append_bias_gradient(plan.program, flat(dbias), plan.program.lanes(dy), layout(plan, dy), tile)


def layout(plan: Planner, value: Activation) -> Layout:
    return Layout(value.map.channels, value.map.sizes, plan.program.images, plan.program.row)


def batch_norm_forward(plan: Planner, node: Node) -> None:
    """By the statistics of the batch in training, by the running ones in use and where it is frozen."""
    layer, program, x, y = node.layer, plan.program, plan.x(node), new_output(plan, node)
    gamma, beta, *running = (parameter(plan, node, name) for name in ("weight", "bias", "running_mean", "running_var"))
    statistics, sizes, lanes = tuple(running), layout(plan, x), program.lanes
    if plan.takes_statistics(node):
        for name in ("mean", "variance"):
            plan.kept[node.index, name] = program.scratch(sizes.channels)
        statistics = kept_statistics(plan, node)
        append_batch_statistics(program, statistics, lanes(x), sizes)
        if plan.updating:
            append_running_statistics(program, tuple(running), statistics, layer.momentum, sizes)
    rectify = node.index in plan.fusion.rectified
    append_normalize(program, lanes(y), lanes(x), statistics, (gamma, beta), layer.eps, sizes, rectify)


def kept_statistics(plan: Planner, node: Node) -> tuple[Any, Any]:
    return plan.kept[node.index, "mean"], plan.kept[node.index, "variance"]


def batch_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    dy, program, x = through_relu(plan, node, dy), plan.program, plan.x(node)
    if not plan.takes_statistics(node):
        run_inference_backward(plan, node, dy)
        return
    dgamma, dbeta = (parameter(plan, node, name, GRADIENT) for name in ("weight", "bias"))
    gamma, statistics, own = parameter(plan, node, "weight"), kept_statistics(plan, node), program.lanes(dy)  # dx in the place of dy
    append_batch_norm_backward(program, own, (dgamma, dbeta), own, program.lanes(x), statistics, gamma, node.layer.eps, layout(plan, x))
    plan.give(node, dy)


def dropout_forward(plan: Planner, node: Node) -> None:
    if plan.learning and node.layer.rate > 0:
        values = {"y": new_output(plan, node), "x": plan.x(node)}
        run_loop(plan.program, textbook.dropout_forward, key_of(plan, node), **values, first_image=0, rate=node.layer.rate)
    else:
        set_value(plan, node, plan.x(node))


def dropout_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if plan.learning and node.layer.rate > 0:
        run_loop(plan.program, textbook.dropout_backward, key_of(plan, node), dx=dy, dy=dy, first_image=0, rate=node.layer.rate)
    plan.give(node, dy)


def stochastic_depth_forward(plan: Planner, node: Node) -> None:
    values = {"y": new_output(plan, node), "x": plan.x(node), "survival": node.layer.survival, "training": plan.learning}
    key = (key_of(plan, node), {}) if plan.learning else (None, {"key": 0})
    run_loop(plan.program, textbook.stochastic_depth_forward, key[0], **values, **key[1])


def stochastic_depth_backward(plan: Planner, node: Node, dy: Activation) -> None:
    settings = {"survival": node.layer.survival, "training": plan.learning}
    key = (key_of(plan, node), {}) if plan.learning else (None, {"key": 0})
    run_loop(plan.program, textbook.stochastic_depth_backward, key[0], dx=dy, dy=dy, **settings, **key[1])
    plan.give(node, dy)


def relu_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if node.index not in plan.fusion.done:
        run_loop(plan.program, textbook.relu_backward, dx=dy, dy=dy, y=plan.y(node))
    plan.give(node, dy)


def relu_forward(plan: Planner, node: Node) -> None:
    if node.index in plan.fusion.done:
        set_value(plan, node, plan.x(node))
    else:
        run_forward(plan, node)


def add_forward(plan: Planner, node: Node) -> None:
    y = new_output(plan, node)
    run_loop(plan.program, textbook.add_forward, y=y, x1=plan.x(node), x2=plan.x(node, 1))
    for n in range(2, len(node.inputs)):
        add(plan.program, y, plan.x(node, n))


def add_backward(plan: Planner, node: Node, dy: Activation) -> None:
    """Every input gets the same gradient, which it may overwrite."""
    for n in range(1, len(node.inputs)):
        if plan.wants_gradient(node, n):
            dx = plan.new(node.input_shapes[n])
            copy(plan.program, plan.program.lanes(dx), plan.program.lanes(dy))
            plan.give(node, dx, n)
    plan.give(node, dy)


def concat_forward(plan: Planner, node: Node) -> None:
    y, first, lanes = new_output(plan, node), 0, plan.program.lanes
    for n, shape in enumerate(node.input_shapes):
        copy(plan.program, lanes(y.channels(first, shape[0])), lanes(plan.x(node, n)))
        first += shape[0]


def max_pool_backward(plan: Planner, node: Node, dy: Activation) -> None:
    """Each input looks at the windows that it lies in; the loop that defines it has a thread for each channel of an image only."""
    dx, images_first = plan.new(node.input_shapes[0]), plan.program.images_first
    indices = as_type(images_first(plan.kept[node.index, "indices"]), "int32")
    append_max_pool_backward(plan.program, images_first(dx), images_first(dy), indices, node.layer.axes(node.input_shapes))
    plan.give(node, dx)


def local_response_norm_backward(plan: Planner, node: Node, dy: Activation) -> None:
    layer, (own, x) = node.layer, (plan.program.images_first(each, 3) for each in (dy, plan.x(node)))
    append_local_response_norm_backward(plan.program, own, own, x, layer.size, layer.k, layer.alpha, layer.beta)
    plan.give(node, dy)


def variant_forward(plan: Planner, node: Node) -> None:
    own, y = node.layer.convolution(node.input_shapes[0]), new_output(plan, node)
    bias = parameter(plan, node, "bias") or plan.program.zeros(1)
    sums(plan, node, y, plan.x(node), bias, y.map.pixels, forward_terms(own.reads, prod(own.output_shape)))


def variant_backward(plan: Planner, node: Node, dy: Activation) -> None:
    own, program = node.layer.convolution(node.input_shapes[0]), plan.program
    uses = {"outputs": own.uses.output, "inputs": own.uses.input, "first": own.uses.first}
    tables = {name: program.table(values) for name, values in uses.items()}
    dweight, dbias = gradient(plan, node, "weight"), gradient(plan, node, "bias")
    values = {"dy": program.images_first(dy, 2), "x": program.images_first(plan.x(node), 2)}
    if dweight is not None:
        run_loop(program, textbook.variant_backward_weight, dweight=flat(dweight), **values, **tables)
    bias_gradient(plan, dbias, dy, (1,) * len(dy.map.sizes))
    if plan.wants_gradient(node):
        dx = plan.new(node.input_shapes[0])
        sums(plan, node, dx, dy, program.zeros(1), 1, backward_terms(own.reads, prod(own.input_shape)))
        plan.give(node, dx)


def sums(plan: Planner, node: Node, result: Activation, source: Activation, bias: Any, positions: int, own: Terms) -> None:
    result, source = (plan.program.images_first(each, 2) for each in (result, source))
    append_sums(plan.program, result, source, flat(parameter(plan, node, "weight")), bias, positions, own)


lower(Layer, run_forward, run_backward)
lower(Conv, conv_forward, conv_backward, can_rectify=True)
lower(ConvTranspose, conv_forward, conv_backward, can_rectify=True)
lower(L.Linear, conv_forward, conv_backward, can_rectify=True)
lower(BatchNorm, batch_norm_forward, batch_norm_backward, can_rectify=True)
lower(L.Variant, variant_forward, variant_backward)
lower(MaxPool, run_forward, max_pool_backward)
lower(L.LocalResponseNorm, run_forward, local_response_norm_backward)
lower(L.ReLU, relu_forward, relu_backward)
lower(L.Dropout, dropout_forward, dropout_backward)
lower(L.StochasticDepth, stochastic_depth_forward, stochastic_depth_backward)
lower(L.Flatten, reshape_forward, reshape_backward)
lower(L.Reshape, reshape_forward, reshape_backward)
lower(L.AddInputs, add_forward, add_backward)
lower(L.ConcatChannels, concat_forward, concat_backward)

MACHINE = Machine(
    CUDA.operation_of,
    run_own_loop,
    load,
    loss,
    load_target,
    shares,
    total,
    store,
    store_input_gradient,
    add,
    set_aside,
    add_back,
    draw,
    read,
    partner,
)
