"""Where the towers of a network cross: layers that only a tower has, and their steps.

    Crossing     y = own maps, and maps of the other tower beside them, in the order of the whole network
    OwnMaps      y = own maps of such
    OwnDropout   the dropout of a layer of the whole network

The backward step of a crossing sends back what the other tower's layers want of the maps that were lent, and adds what comes back to the
gradient of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicnn.engine.operations.operation import lower, new_output, set_value
from minicnn.engine.planner import Planner
from minicnn.engine.ranks import SWAP
from minicnn.graph import Node
from minicnn.kernels.cpu.pointwise import lowering as pointwise
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.shared_rows import clear_step, read_row_step, write_row_step
from minicnn.layers.base import Layer, Shape
from minicnn.layers.dropout import Dropout


@dataclass(frozen=True, repr=False)
class Crossing(Layer, registered=False):
    """Maps of both towers.

    tower : 0 or 1; the maps of tower 0 come first
    reach : how many maps of the other tower, those next to the own ones; 0 is all
    returns : whether they have a gradient here; not where both towers compute the same loss of all answers
    """

    stem, title = "crossing", "Crossing"

    tower: int = 0
    reach: int = 0
    returns: bool = True

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (maps, *space) = inputs[0]
        return ((maps + (self.reach or maps), *space),)

    def places(self, maps: int) -> tuple[slice, slice, slice]:
        """Where its own maps and the other's stand in y, and which of its own the other gets."""
        lent = self.reach or maps
        if self.tower == 0:
            return slice(0, maps), slice(maps, maps + lent), slice(maps - lent, maps)
        return slice(lent, lent + maps), slice(0, lent), slice(0, lent)


@dataclass(frozen=True, repr=False)
class OwnMaps(Layer, registered=False):
    """The maps that stand first to first + count - 1."""

    stem, title = "own", "OwnMaps"

    first: int = 0
    count: int = 1

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return ((self.count, *inputs[0][1:]),)


@dataclass(frozen=True, repr=False)
class OwnDropout(Dropout, registered=False):
    """Drops what layer `number` of the whole network drops."""

    number: int = 0


def some(value: Activation, which: slice) -> Activation:
    return value.channels(which.start, which.stop - which.start)


def swap(plan: Planner, x: Activation, shape: Shape) -> Activation:
    """The other tower's maps for these."""
    where: dict[str, Any] = {"row": plan.common(x.size, SWAP), "size": x.size, "shard": x.map.shard}
    plan.program.step(write_row_step, x=x.place, **where)
    plan.close_shards()
    y = plan.new(shape)
    plan.program.step(read_row_step, y=y.place, **where)
    return y


def crossing_forward(plan: Planner, node: Node) -> None:
    x, (maps, *space) = plan.x(node), node.input_shapes[0]
    own, others, lent = node.layer.places(maps)  # type: ignore[attr-defined]
    theirs = swap(plan, some(x, lent), (lent.stop - lent.start, *space))
    y = new_output(plan, node)
    pointwise.append_copy(plan.program, some(y, own), x)
    pointwise.append_copy(plan.program, some(y, others), theirs)


def crossing_backward(plan: Planner, node: Node, dy: Activation) -> None:
    maps, *space = node.input_shapes[0]
    own, others, lent = node.layer.places(maps)  # type: ignore[attr-defined]
    dx = some(dy, own)
    if node.layer.returns:  # type: ignore[attr-defined]
        wanted = swap(plan, some(dy, others), (lent.stop - lent.start, *space))
        pointwise.append_add(plan.program, some(dx, lent), wanted)
    plan.give(node, dx)


def own_forward(plan: Planner, node: Node) -> None:
    layer: Any = node.layer
    set_value(plan, node, plan.x(node).channels(layer.first, layer.count))


def own_backward(plan: Planner, node: Node, dy: Activation) -> None:
    layer: Any = node.layer
    dx = plan.new(node.input_shapes[0])
    plan.program.step(clear_step, y=dx.place, size=dx.size)
    pointwise.append_copy(plan.program, dx.channels(layer.first, layer.count), dy)
    plan.give(node, dx)


def dropout_forward(plan: Planner, node: Node) -> None:
    x = plan.x(node)
    if drops(plan, node):
        _drop(plan, node, new_output(plan, node), x)
    else:
        set_value(plan, node, x)


def dropout_backward(plan: Planner, node: Node, dy: Activation) -> None:
    if drops(plan, node):
        _drop(plan, node, dy, dy)
    plan.give(node, dy)


def drops(plan: Planner, node: Node) -> bool:
    layer: Any = node.layer
    return plan.learning and layer.rate > 0


def _drop(plan: Planner, node: Node, y: Activation, x: Activation) -> None:
    layer: Any = node.layer
    pointwise.append_dropout(plan.program, y, x, layer.number, layer.rate)


lower(Crossing, crossing_forward, crossing_backward)
lower(OwnMaps, own_forward, own_backward)
lower(OwnDropout, dropout_forward, dropout_backward)
