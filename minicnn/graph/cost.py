"""What a pass costs beyond the count of all taps: products actually computed, those of the backward pass, and memory while training.

A tap on padding reads no pixel, so its product can be left out.  Along one axis the index map says how many are left:

    pairs = number of (p, r) with 0 <= p*stride + r*dilation - before < size

and over several axes these numbers multiply, because the axes are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from minicnn.geometry import Axis
from minicnn.graph.node import INPUT, Node, ValueRef
from minicnn.graph.topology import Topology

BYTES_PER_NUMBER = 4


class Work(NamedTuple):
    """Products of one layer for one image; None if not counted.

    useful : of the forward pass, taps on padding left out
    backward : of the gradients of weight and input, counted as `macs` are; of the weight unless it is frozen, of the input only if
        something before it learns
    """

    useful: int | None = None
    backward: int | None = None


def work(node: Node, macs: int | None, learns_before: bool) -> Work:
    """Products of a node; `learns_before` says whether its input depends on a parameter that learns."""
    if macs is None:
        return Work()
    weights = [slot for slot in node.slots if slot.trainable and not slot.name.endswith(".bias")]
    frozen = bool(weights) and not any(slot.learns for slot in weights)
    return Work(_useful(node, macs), macs * ((not frozen) + learns_before))


def _useful(node: Node, macs: int) -> int:
    """Of `macs` products, a share for every axis: pairs inside out of all pairs; one product of integers, one exact division."""
    axes = node.layer.axes(node.input_shapes)
    if axes is None:
        return macs
    return macs * prod(pairs_inside(axis) for axis in axes) // prod(axis.out * axis.taps for axis in axes)


def pairs_inside(axis: Axis) -> int:
    """Pairs of an output position and a tap that read inside the axis: for every tap, the positions from first to stop."""
    total = 0
    for r in range(axis.taps):
        start = r * axis.dilation - axis.before  # the pixel that position 0 reads
        first = max(0, -(start // axis.stride))
        stop = min(axis.out, -((start - axis.size) // axis.stride))
        total += max(0, stop - first)
    return total


def learning(topology: Topology) -> list[bool]:
    """For every node, whether its output depends on a parameter that learns: if not, no gradient has to go further back."""
    depends: list[bool] = []
    for node in topology.nodes:
        depends.append(node.learns or learns_before(node, depends))
    return depends


def learns_before(node: Node, depends: Sequence[bool]) -> bool:
    return any(ref != INPUT and depends[ref.node] for ref in node.inputs)


class TrainingMemory(NamedTuple):
    """Bytes that one training step needs for a batch, with every value kept for the backward pass.

    activation_bytes : the batch itself and every layer's output
    gradient_bytes : the most that gradients of outputs take at any time
    parameter_bytes, parameter_gradient_bytes : one number each; the optimizer's own memory is extra
    """

    batch: int
    activation_bytes: int
    gradient_bytes: int
    parameter_bytes: int
    parameter_gradient_bytes: int
    total_bytes: int


def training_memory(topology: Topology, batch: int) -> TrainingMemory:
    """What a step with `batch` images needs."""
    values = prod(topology.input_shape) + sum(prod(shape) for node in topology.nodes for shape in node.output_shapes)
    kept, waiting = BYTES_PER_NUMBER * batch * values, BYTES_PER_NUMBER * batch * _most_gradients(topology)
    gradients = BYTES_PER_NUMBER * topology.learning_count
    parameters = BYTES_PER_NUMBER * (topology.parameter_count + topology.buffer_count)
    return TrainingMemory(batch, kept, waiting, parameters, gradients, kept + waiting + parameters + gradients)


def _most_gradients(topology: Topology) -> int:
    """Walk back: a value's gradient lives from the last layer that reads it to the layer that made it."""
    depends = learning(topology)
    flowing = {ref: prod(topology.shape_of(ref)) for ref in topology.outputs}
    most = sum(flowing.values())
    for node in reversed(topology.nodes):
        flowing |= {ref: prod(topology.shape_of(ref)) for ref in node.inputs if ref != INPUT and depends[ref.node]}
        most = max(most, sum(flowing.values()))
        for output in range(len(node.output_shapes)):
            flowing.pop(ValueRef(node.index, output), None)
    return most
