"""A batch in use in stages: linear layers whose weights do not fit the cache go by themselves, all images of the batch together.

However a batch is cut, its parts would each read those weights from memory: AlexNet's 235 MB take 5 ms, and 17 images go as 16 and 1.
Milliseconds of its three linear layers, two threads: 16 images 6.8 and one more 6.6, 17 together 9.0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from minicnn.engine.cutting import INFERENCE_BATCH, WIDEST, Cut, cuts, inference_class, whole
from minicnn.graph import INPUT, Node, Topology, ValueRef
from minicnn.kernels.cpu.convolution.ways import MEMORY_BYTES
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.layers import Dropout, Linear


class Stage(NamedTuple):
    """Consecutive layers of a network, and what the images are cut into for them; its output is the next one's input.

    inner : whether its input is not the network's
    """

    topology: Topology
    cuts: tuple[Cut, ...]
    inner: bool = False


def stages_of(topology: Topology, images: int) -> tuple[Stage, ...]:
    """What a network's images go through: one stage, or two if the last layers' weights had better be read for all images at once."""
    first = _first_of_tail(topology) if images > LANES else 0
    if not first:
        return (Stage(topology, cuts(topology, images)),)
    head, tail = _split(topology, first)
    shards = -(-min(images, INFERENCE_BATCH) // WIDEST)
    shard = images if images <= WIDEST else whole(-(-min(images, INFERENCE_BATCH) // shards), LANES)
    together = inference_class(images, INFERENCE_BATCH)
    return Stage(head, cuts(head, images)), Stage(tail, (Cut(images, shards * shard, shard, together, split=True),), inner=True)


def _first_of_tail(topology: Topology) -> int:
    """The node from which on nothing reads what came before but one value; 0 if its linear layers are not worth a stage of their own."""
    linear = (node.index for node in topology.nodes if isinstance(node.layer, Linear) and 4 * node.slots[0].size > MEMORY_BYTES)
    first = next(linear, 0)
    while first and _only_hands_on(topology.nodes[first - 1]) and topology.nodes[first].inputs == (ValueRef(first - 1),):
        first -= 1
    if not first or topology.nodes[first].inputs[0] == INPUT:
        return 0
    (value, *_) = topology.nodes[first].inputs
    read = {ref for node in topology.nodes[first:] for ref in node.inputs} | set(topology.outputs)
    return first if {ref for ref in read if ref.node < first} == {value} else 0


def _only_hands_on(node: Node) -> bool:
    return node.layer.only_moves or isinstance(node.layer, Dropout)


def _split(topology: Topology, first: int) -> tuple[Topology, Topology]:
    """Nodes before, and from `first` on."""
    (value, *_) = topology.nodes[first].inputs

    def moved(ref: ValueRef) -> ValueRef:
        return INPUT if ref == value else ref._replace(node=ref.node - first)

    head = replace(topology, nodes=topology.nodes[:first], outputs=(value,))
    nodes = [replace(node, index=node.index - first, inputs=tuple(map(moved, node.inputs))) for node in topology.nodes[first:]]
    outputs = tuple(map(moved, topology.outputs))
    return head, replace(topology, nodes=tuple(nodes), outputs=outputs, input_shape=topology.shape_of(value))
