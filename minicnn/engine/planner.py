"""A graph becomes a program: every value gets a place, every node its steps, forward and, for training, back.

What a kind of layer does is written once, in `operations`; this file walks the nodes and keeps track of values and gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from minicnn.engine.changes import Changing, append_changes
from minicnn.engine.fusion import Fusion, consumers_of, find_fusions
from minicnn.engine.objective import CROSS_ENTROPY, Objective
from minicnn.engine.operations import Operation, operation_of
from minicnn.engine.operations.loss import append_loss_of
from minicnn.engine.ranks import ROWS, Exchange
from minicnn.graph import INPUT, Node, ParameterSlot, Topology, ValueRef
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.lowering import (
    Loading,
    append_add,
    append_chance,
    append_load,
    append_load_target,
    append_loss,
    append_partner,
    append_read,
    append_shares,
    append_store,
    append_total,
)
from minicnn.kernels.cpu.program.activation import Activation, new_activation
from minicnn.kernels.cpu.program.program import EXTRA, SHARDS, SLICES, Buffer, FinishedProgram, Place, Program, padded
from minicnn.kernels.cpu.program.shared_gradient import add_gradient_back, set_gradient_aside
from minicnn.kernels.cpu.winograd.lowering import FILTER_PARTS, TransformedFilters
from minicnn.kernels.derive.lanes.lowering import append_derived
from minicnn.layers import Layer

REMADE_BYTES = 1 << 29  # of all values of a batch; where they are more, those of batch normalizations are computed again on the way back


class Machine(NamedTuple):
    """What a walk over a graph appends on one machine.  The first argument is the planner, or its program.

    operation_of(layer) : what a layer does
    loop(program, function, owner, **arguments) : a loop of a layer, see `append_derived`
    load(program, x, loading) : the images of a batch
    loss(program, dlogits, logits) : the mean softmax cross-entropy of one class an image, and its gradient
    load_target(program, target, narrow), shares(program, share), total(program, dy, losses, rights) : what is around the loops of any
        other loss, see `operations.loss`
    store(program, y), store_input_gradient(program, dx) : what the caller gets
    add(program, total, part) : total += part
    set_aside(planner, slot, first), add_back(planner, slot, kept) : the gradient of a shared parameter makes room for another part
    draw(program, chance, number) : numbers from 0 to below 1 for each image, from the batch's key, stirred with this number
    read(program, y, x, place, sizes) : images x at the places of their pixels
    partner(planner, y, x, number) : the same of another image of the shard, which is drawn as `draw` draws
    """

    operation_of: Callable[[Layer], Operation]
    loop: Callable[..., None]
    load: Callable[..., None]
    loss: Callable[..., None]
    load_target: Callable[..., None]
    shares: Callable[..., None]
    total: Callable[..., None]
    store: Callable[..., None]
    store_input_gradient: Callable[..., None]
    add: Callable[..., None]
    set_aside: Callable[..., Any]
    add_back: Callable[..., None]
    draw: Callable[..., None]
    read: Callable[..., None]
    partner: Callable[..., None]


def set_aside(planner: Planner, slot: ParameterSlot, first: bool) -> Place:
    place = Place(planner.program.buffer(padded(slot.size)))
    planner.program.step(set_gradient_aside, gradient=slot.offset, size=slot.size, kept=place, first=int(first))
    return place


def add_back(planner: Planner, slot: ParameterSlot, kept: Place) -> None:
    planner.program.step(add_gradient_back, gradient=slot.offset, size=slot.size, kept=kept)


def store_input_gradient(program: Program, dx: Activation) -> None:
    append_store(program, dx, EXTRA)


def partner(planner: Planner, y: Activation, x: Activation, number: int) -> None:
    append_partner(planner.program, y, x, number)


CPU = Machine(
    operation_of,
    append_derived,
    append_load,
    append_loss,
    append_load_target,
    append_shares,
    append_total,
    append_store,
    store_input_gradient,
    append_add,
    set_aside,
    add_back,
    append_chance,
    append_read,
    partner,
)


@dataclass
class Planner:
    """State of one walk over a graph.

    shard : images of a shard
    training : whether gradients are wanted
    updating : whether running statistics follow
    common_begin : where memory common to all shards begins
    batch : the largest batch
    machine : whose steps are appended to `program`
    objective : the loss, and what outputs are compared with
    inference : gradients of the network as it is in use, where else dropout drops and batch norm takes the batch's statistics
    together : images by whose number layers choose their ways, if the batch is a part of more
    by_feature : whether linear layers of full vectors sum as those of few images do
    """

    topology: Topology
    shard: int
    training: bool
    updating: bool = False
    common_begin: int = 0
    batch: int = 0
    program: Any = field(default_factory=Program)
    machine: Machine = CPU
    objective: Objective = CROSS_ENTROPY
    inference: bool = False
    together: int = 0
    by_feature: bool = False
    values: dict[ValueRef, Activation] = field(default_factory=dict)
    kept: dict[tuple[int, str], Activation] = field(default_factory=dict)  # what a node's forward step leaves for its backward step
    kept_places: dict[int, int] = field(default_factory=dict)  # the same in common memory
    common_size: int = 0
    changing: Changing | None = None  # what was done to the images while they were loaded
    prepared: dict[tuple[int, str], TransformedFilters] = field(default_factory=dict)  # what `prepare` of a node left
    lasting: set[int] = field(default_factory=set)  # nodes for which it stays from call to call
    exchanges: list[Exchange] = field(default_factory=list)  # between processes that run the program together
    _written: list[tuple[str, int, int]] = field(default_factory=list)  # common memory of the open phase: kind of exchange, place, row
    again: dict[Buffer, Callable[[], Activation]] = field(default_factory=dict)  # how to compute on the way back what lay here
    _remade: dict[Buffer, Activation] = field(default_factory=dict)
    _goes_back: bool = False
    _contributions: dict[ValueRef, list[Activation]] = field(default_factory=dict)
    _wanted: set[ValueRef] = field(default_factory=set)
    _begun: set[ParameterSlot] = field(default_factory=set)  # shared parameters to whose gradient some layer has given its part

    def __post_init__(self) -> None:
        self.fusion: Fusion = find_fusions(self.topology, self.machine.operation_of, in_use=not self.training)
        self.consumers = consumers_of(self.topology)
        self.together = self.together or self.batch

    def new(self, shape: Sequence[int]) -> Activation:
        """Memory for a value of this shape."""
        return new_activation(self.program, tuple(shape), self.shard)

    def common_once(self, size: int) -> int:
        """Memory that all shards share."""
        begin = self.common_begin + self.common_size
        self.common_size += padded(size)
        return begin

    def common(self, row: int, kind: str = ROWS) -> int:
        """Memory for one row a shard that all shards can read; what is written in the open phase is there in the next.

        kind : of the exchange between processes that run the program together
        """
        begin = self.common_once(row * -(-self.batch // self.shard))
        self._written.append((kind, begin, row))
        return begin

    @property
    def learning(self) -> bool:
        """Whether dropout drops, and batch norm takes the batch's statistics."""
        return self.training and not self.inference

    @property
    def several_phases(self) -> bool:
        """Whether shards wait for each other on the way, so that each needs an arena of its own."""
        return sum(kind != SLICES for kind, *_ in self.program.phases) > 1

    def parameter(self, node: Node, name: str) -> int | None:
        """Offset of a node's parameter, None if it has none of that name."""
        for slot in node.slots:
            if slot.name.rpartition(".")[2] == name:
                return slot.offset
        return None

    def learnt(self, node: Node, name: str) -> int | None:
        """The same where a gradient of it is wanted; None if it is frozen, too."""
        return self.parameter(node, name) if any(slot.learns and slot.name.rpartition(".")[2] == name for slot in node.slots) else None

    def takes_statistics(self, node: Node) -> bool:
        """Whether a batch normalization goes by the batch: in training, unless it is frozen as a whole."""
        return self.learning and not node.frozen

    def x(self, node: Node, n: int = 0) -> Activation:
        """The node's input."""
        return self._value(node.inputs[n])

    def y(self, node: Node, n: int = 0) -> Activation:
        """The node's output."""
        return self._value(ValueRef(node.index, n))

    def _value(self, ref: ValueRef) -> Activation:
        """A value; on the way back computed again if it was not kept."""
        value = self.values[ref]
        make = self.again.get(value.buffer) if self._goes_back and not value.offset else None
        if make is None:
            return value
        if value.buffer not in self._remade:
            self._remade[value.buffer] = make()
        remade = self._remade[value.buffer]
        return remade if remade.map == value.map else value

    @property
    def keeps_little(self) -> bool:
        """Whether a batch's values are so many that those which are quickly computed again are not kept for the way back."""
        shapes = [self.topology.input_shape, *(shape for node in self.topology.nodes for shape in node.output_shapes)]
        return 4 * self.batch * sum(map(prod, shapes)) > REMADE_BYTES

    def wants_gradient(self, node: Node, n: int = 0) -> bool:
        """Whether anything depends on the gradient of this input."""
        return node.inputs[n] in self._wanted

    def give(self, node: Node, dx: Activation, n: int = 0) -> None:
        """Hand back the gradient of an input; whoever produced it may overwrite it."""
        self._contributions.setdefault(node.inputs[n], []).append(dx)

    def plan_preparations(self, input_gradient: bool) -> None:
        """What needs the parameters alone: once a batch, before any shard."""
        if self.training:
            self._find_wanted(input_gradient)
        for node in self.topology.nodes:
            prepare = self.machine.operation_of(node.layer).prepare
            if prepare is not None:
                prepare(self, node)
        if self.program.rows:
            self.program.close_phase(SLICES, FILTER_PARTS)

    def plan_forward(self, loading: Loading) -> None:
        """Load the images and run every node."""
        if loading.changes:
            self.changing = append_changes(self, loading)
            self.values[INPUT] = self.changing.image
        else:
            self.values[INPUT] = self._input()
            self.machine.load(self.program, self.values[INPUT], loading)
        for node in self.topology.nodes:
            self.machine.operation_of(node.layer).forward(self, node)

    def plan_backward(self, input_gradient: bool = False) -> None:
        """Loss, then every node in reverse; gradients of parameters go to the slot."""
        self._goes_back = True
        shared = {slot for node in self.topology.nodes if node.shares_with is not None for slot in node.slots if slot.learns}
        (output,) = self.topology.outputs
        dlogits = self.new(self.topology.shape_of(output))
        append_loss_of(self, dlogits, self.values[output])
        self._contributions[output] = [dlogits]
        for node in reversed(self.topology.nodes):
            dys = [self._gradient(ValueRef(node.index, n)) for n in range(len(node.output_shapes))]
            if dys[0] is not None and (node.learns or any(ref in self._wanted for ref in node.inputs)):
                kept = [(slot, self._set_aside(slot)) for slot in node.slots if slot in shared]
                self.machine.operation_of(node.layer).backward(self, node, dys[0])
                for slot, place in kept:
                    self.machine.add_back(self, slot, place)
        dx = self._gradient(INPUT)
        if input_gradient and dx is not None:
            self.machine.store_input_gradient(self.program, dx)

    def finish(self, compiled: bool = True) -> FinishedProgram:
        """The program as arrays; to run here if `compiled`."""
        return self.program.finish(compiled, self.common_begin + self.common_size, in_turn=not self.training)

    def plan_output(self) -> None:
        """Write the network's output."""
        (output,) = self.topology.outputs
        self.machine.store(self.program, self.values[output])

    def close_shards(self) -> None:
        """End of what a shard goes through in one go: what follows sees what all shards have done so far."""
        if not self.program.step_parts:
            self.program.close_phase(SHARDS)
        self.exchanges += [Exchange(len(self.program.phases), *each) for each in self._written]
        self._written.clear()

    def _input(self) -> Activation:
        """The input's place, with a halo if all who read it take one: filling it costs nothing, since it is copied anyway."""
        shape = self.topology.input_shape
        readers = self.consumers.get(INPUT, [])
        takers = [self.machine.operation_of(node.layer).takes_halo(node) for node in readers]
        only_convolutions = bool(readers) and all(takers) and INPUT not in self.topology.outputs
        # in use, few images are read where they lie; the weight's gradient reads them between their padding
        if len(shape) == 1 or (self.shard % LANES and not self.training) or not only_convolutions:
            return self.new(shape)
        axes = [node.layer.axes(node.input_shapes) or () for node in readers]
        before = tuple(max(axis.before for axis in each) for each in zip(*axes, strict=True))
        after = tuple(max(axis.after for axis in each) for each in zip(*axes, strict=True))
        return new_activation(self.program, shape, self.shard, before, after)

    def _find_wanted(self, input_gradient: bool) -> None:
        """Values whose gradient something depends on: those after a parameter that learns, and the input if requested."""
        if input_gradient:
            self._wanted.add(INPUT)
        for node in self.topology.nodes:
            if node.learns or any(ref in self._wanted for ref in node.inputs):
                self._wanted.update(ValueRef(node.index, n) for n in range(len(node.output_shapes)))

    def _set_aside(self, slot: ParameterSlot) -> Any:
        """Make room for one layer's gradient of a shared parameter; where the others' part waits."""
        kept = self.machine.set_aside(self, slot, slot not in self._begun)
        self._begun.add(slot)
        return kept

    def _gradient(self, ref: ValueRef) -> Activation | None:
        """All contributions to a value's gradient, added in the order of its consumers, last first."""
        parts = self._contributions.pop(ref, [])
        if not parts:
            return None
        for part in parts[1:]:
            self.machine.add(self.program, parts[0], part)
        return parts[0]
