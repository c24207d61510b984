"""Records of what a network is and costs: a row for every layer, and the totals.  Computed from shapes alone.

macs : multiplications of a weight by an activation in convolution and linear layers, for one image; taps on padding are
    counted, biases are not.  None if a layer's cost is not counted, which is not the same as 0.
params, buffers : numbers that training changes by gradients, and those it does not (running statistics, constants): buffers are
    stored with the network but are not counted as its parameters.  A layer in several places has them at the first.
useful_macs : macs without the taps on padding.
backward_macs : those of the gradients of weight and input, counted as macs are; the first layer needs no gradient of its input, a
    frozen one none of its weight, and nothing is counted where no layer before learns.
connections : one per tap and one per bias, per output, as LeCun counted in 1998.
activation_bytes, training_bytes : of a layer's output, for one image and for a batch that is trained with.
receptive_field, jump : pixels from the first to the last of the input that one output sees, and pixels from one output to the next, per
    axis, borders ignored: see `minicnn.graph.field`.  Behind an upsampling, the most that any output sees, and a jump can be a fraction,
    "1/2" in JSON.  None after flattening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from fractions import Fraction
from math import prod
from typing import Any

from minicnn.graph.cost import BYTES_PER_NUMBER, TrainingMemory, learning, learns_before, training_memory, work
from minicnn.graph.field import Field, fields
from minicnn.graph.node import Node
from minicnn.graph.table import html_table, plain_table
from minicnn.graph.topology import Topology
from minicnn.layers import Shape

KINDS = ("convolution", "fully connected", "normalization")  # the order of the shares; those that follow come last


@dataclass(frozen=True)
class SummaryRow:
    """One layer; the names and order are those of `summary --format json`."""

    name: str
    type: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    kernel: tuple[int, ...] | None
    stride: tuple[int, ...] | None
    padding: tuple[tuple[int, int], ...] | None
    dilation: tuple[int, ...] | None
    groups: int | None
    settings: tuple[str, ...]
    params: int
    params_formula: str | None
    buffers: int
    macs: int | None
    connections: int | None
    activation_bytes: int
    receptive_field: tuple[int, ...] | None
    jump: tuple[int | Fraction, ...] | None
    useful_macs: int | None
    backward_macs: int | None
    training_bytes: int
    layer_count: int = 1  # more if the row stands for a block
    shared_with: str | None = None  # the layer whose parameters these are, and where they are counted


@dataclass(frozen=True)
class SummaryTotals:
    """Sums over all layers; flops is twice macs."""

    params: int
    trainable_params: int
    buffers: int
    macs: int
    flops: int
    activation_bytes: int
    useful_macs: int
    backward_macs: int
    connections: int


@dataclass(frozen=True)
class Share:
    """The sums over all layers of one kind; macs is None if not counted."""

    kind: str
    params: int
    macs: int | None


@dataclass(frozen=True)
class Uncounted:
    """Layers of one type whose operations are in no sum, and how many numbers they output for one image."""

    type: str
    layers: int
    outputs: int


@dataclass(frozen=True)
class Summary:
    """A network's table."""

    model: str
    input_shape: Shape
    layers: tuple[SummaryRow, ...]
    totals: SummaryTotals
    by_kind: tuple[Share, ...]
    uncounted: tuple[Uncounted, ...]
    training: TrainingMemory

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: dicts, lists, numbers, strings and None."""
        return _plain(self)

    def __repr__(self) -> str:
        return plain_table(self)

    def _repr_html_(self) -> str:
        """The same as a table in a notebook."""
        return html_table(self)


def summarize(topology: Topology, model: str, batch: int = 1) -> Summary:
    """Every layer of a network with its costs; training memory is that for `batch` images.

    Where axes of the input are free, sizes and sums that depend on them are None.
    """
    if topology.samples:
        first, second = (summarize(each, model, batch) for each in topology.samples)
        return replace(_agreed(first, second), input_shape=topology.input_shape)
    rows = []
    shares: dict[str, Share] = {}
    depends = learning(topology)
    for node, field in zip(topology.nodes, fields(topology), strict=True):
        row = _row(node, topology, field, learns_before(node, depends), batch)
        rows.append(row)
        if row.params or row.macs:
            kind = node.layer.kind_of_work
            so_far = shares.get(kind, Share(kind, 0, None))
            macs = so_far.macs if row.macs is None else (so_far.macs or 0) + row.macs
            shares[kind] = Share(kind, so_far.params + row.params, macs)
    order = sorted(shares, key=[*KINDS, *shares].index)
    return Summary(
        model,
        topology.input_shape,
        tuple(rows),
        _totals(topology, rows),
        tuple(shares[kind] for kind in order),
        _uncounted(rows),
        training_memory(topology, batch),
    )


def _totals(topology: Topology, rows: Sequence[SummaryRow]) -> SummaryTotals:
    def total(name: str) -> int:
        return sum(getattr(row, name) or 0 for row in rows)

    return SummaryTotals(
        topology.parameter_count,
        topology.learning_count,
        topology.buffer_count,
        total("macs"),
        2 * total("macs"),
        total("activation_bytes"),
        total("useful_macs"),
        total("backward_macs"),
        total("connections"),
    )


def _uncounted(rows: Sequence[SummaryRow]) -> tuple[Uncounted, ...]:
    """Types of layers without MACs, in the order they first appear."""
    found: dict[str, list[SummaryRow]] = {}
    for row in rows:
        if row.macs is None:
            found.setdefault(row.type, []).append(row)
    return tuple(Uncounted(kind, len(own), sum(row.activation_bytes for row in own) // BYTES_PER_NUMBER) for kind, own in found.items())


def _row(node: Node, topology: Topology, field: Field | None, learns: bool, batch: int) -> SummaryRow:
    cost = node.layer.cost(node.input_shapes, node.output_shapes)
    useful, backward = work(node, cost.macs, learns)
    activation_bytes = BYTES_PER_NUMBER * sum(prod(shape) for shape in node.output_shapes)
    axes = node.layer.axes(node.input_shapes)
    window = (
        [None] * 4
        if axes is None
        else [
            tuple(part) for part in zip(*((axis.taps, axis.stride, (axis.before, axis.after), axis.dilation) for axis in axes), strict=True)
        ]
    )
    home = node.shares_with
    return SummaryRow(
        name=node.name,
        type=node.layer.kind(),
        inputs=tuple(topology.name_of(ref) for ref in node.inputs),
        input_shapes=node.input_shapes,
        output_shape=node.output_shapes[0],
        kernel=window[0],
        stride=window[1],
        padding=window[2],
        dilation=window[3],
        groups=node.layer.settings().get("groups"),
        settings=node.layer.brief(),
        params=sum(slot.size for slot in node.own_slots if slot.trainable),
        params_formula=cost.formula if home is None else None,
        buffers=sum(slot.size for slot in node.own_slots if not slot.trainable),
        macs=cost.macs,
        connections=cost.connections,
        activation_bytes=activation_bytes,
        receptive_field=None if field is None else tuple(axis.reach for axis in field),
        jump=None if field is None else tuple(axis.jump for axis in field),
        useful_macs=useful,
        backward_macs=backward,
        training_bytes=batch * activation_bytes,
        shared_with=None if home is None else topology.nodes[home].name,
    )


def _agreed(one: Any, other: Any) -> Any:
    """What two summaries of one network for different sizes agree about, None for the rest."""
    if isinstance(one, (Summary, SummaryRow, SummaryTotals, Share, Uncounted)):
        return replace(one, **{each.name: _agreed(getattr(one, each.name), getattr(other, each.name)) for each in fields_of(one)})
    if isinstance(one, TrainingMemory):
        return TrainingMemory(*map(_agreed, one, other))
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return tuple(map(_agreed, one, other))
    return one if one == other else None


def _plain(value: Any) -> Any:
    if isinstance(value, TrainingMemory):
        return value._asdict()
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, (Summary, SummaryRow, SummaryTotals, Share, Uncounted)):
        return {each.name: _plain(getattr(value, each.name)) for each in fields_of(value)}
    return value
