"""What an operation is, how a layer's class gets one, and what the CPU's operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.engine.loops import nearest
from minicnn.graph import Node, ValueRef
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.layers import Layer

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner

NORMALIZES, ADDS = "normalizes", "adds"  # what a layer does that a convolution before it may do on the way

Append = Callable[..., None]  # append(program, y, x, *arguments): one step from a value to another


class Operation(NamedTuple):
    """forward(plan, node) sets the node's values; backward(plan, node, dy) gives gradients to its inputs and parameters.

    `dy` belongs to the operation: it may be overwritten and handed on.
    prepare(plan, node) : steps that need the parameters alone, once a batch
    can_rectify : a rectifier that follows is done on the way, where `plan.fusion.rectified` has the node
    takes_halo(node) : whether its input may lie in a halo of zeros
    can_go_on(node) : in use, what `follows` it is done by its last step, as `plan.fusion.followers` says
    follows : NORMALIZES or ADDS
    """

    forward: Callable[[Planner, Node], None]
    backward: Callable[[Planner, Node, Activation], None]
    prepare: Callable[[Planner, Node], None] | None = None
    can_rectify: bool = False
    takes_halo: Callable[[Node], bool] = lambda node: False
    can_go_on: Callable[[Node], bool] = lambda node: False
    follows: str = ""


class Operations:
    """What layers do on one machine."""

    def __init__(self) -> None:
        self.own: dict[type[Layer], Operation] = {}

    def lower(self, kind: type[Layer], forward: Callable[..., None], backward: Callable[..., None], **more: Any) -> None:
        """Give a layer's class steps of its own; `more` is the rest of its `Operation`."""
        self.own[kind] = Operation(forward, backward, **more)

    def operation_of(self, layer: Layer) -> Operation:
        """What a layer does: steps written for it, or those derived from its loops."""
        return nearest(self.own, layer)


CPU = Operations()
lower, operation_of = CPU.lower, CPU.operation_of


def lower_one_step(
    kind: type[Layer],
    forward: Append,
    backward: Append,
    arguments: Callable[[Planner, Node], tuple[Any, ...]] = lambda plan, node: (),
    reads: str = "",
    in_place: bool = False,
) -> None:
    """A layer of one input that is one step each way: forward(program, y, x, *arguments), backward(program, dx, dy, *reads, *arguments).

    reads : "x" or "y", what backward reads beside dy
    in_place : backward writes dx over dy
    """

    def run_forward(plan: Planner, node: Node) -> None:
        forward(plan.program, new_output(plan, node), plan.x(node), *arguments(plan, node))

    def run_backward(plan: Planner, node: Node, dy: Activation) -> None:
        dx = dy if in_place else plan.new(node.input_shapes[0])
        read = {"": (), "x": (plan.x(node),), "y": (plan.y(node),)}[reads]
        backward(plan.program, dx, dy, *read, *arguments(plan, node))
        plan.give(node, dx)

    lower(kind, run_forward, run_backward)


def set_value(plan: Planner, node: Node, value: Activation, n: int = 0) -> None:
    plan.values[ValueRef(node.index, n)] = value


def passed_on(plan: Planner, node: Node) -> bool:
    """Whether the node's work is done by the step before, whose value is then its own."""
    number = plan.fusion.done.get(node.index)
    if number is not None:
        set_value(plan, node, plan.x(node, number))
    return number is not None


def new_output(plan: Planner, node: Node) -> Activation:
    value = plan.new(node.output_shapes[0])
    set_value(plan, node, value)
    return value


def through_relu(plan: Planner, node: Node, dy: Activation) -> Activation:
    """The gradient before the relu that the node's own step applied."""
    if node.index in plan.fusion.rectified:
        pointwise.append_relu_backward(plan.program, dy, dy, plan.y(node))
    return dy


def reshaped(value: Activation, shape: tuple[int, ...]) -> Activation:
    return Activation(value.buffer, FeatureMap(shape[0], tuple(shape[1:]), value.map.shard), value.offset)
