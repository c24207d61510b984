"""Which nodes become one step: relu is never a separate pass if the step before or after it can apply it on the way.

conv or linear, relu            relu in the register tile, before the result is written
batch norm, relu                relu with the scaling
max pool, relu                  relu with the maximum
any of these, relu, max pool    relu after the pooling, on a quarter of the numbers: max(relu(x)) = relu(max(x))

In use, batch normalization is a factor and a shift, and what a convolution's sums get before they are written may be more:

conv, batch norm                        the factor and the shift
conv, add; conv, batch norm, add        the other value as well, where it is there before the convolution begins
any of these, add alone as well, relu   relu after that
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from minicnn.engine.operations import ADDS, NORMALIZES, Operation
from minicnn.graph import Node, Topology, ValueRef
from minicnn.layers import Layer


class Followers(NamedTuple):
    """What a convolution's last step does beside: a batch normalization, and the addition of a value."""

    norm: Node | None = None
    added: ValueRef | None = None


class Fusion(NamedTuple):
    """Nodes by index.

    rectified : whose output is rectified at once
    done : which nodes have nothing left to do, and the number of the input that is their value
    followers : of convolutions in use
    """

    rectified: frozenset[int]
    done: Mapping[int, int]
    followers: Mapping[int, Followers]


def find_fusions(topology: Topology, operation_of: Callable[[Layer], Operation], in_use: bool = False) -> Fusion:
    """Look for relus with one producer and, where a pooling follows, one consumer; in use, for what else convolutions can do on the way."""
    consumers = consumers_of(topology)
    done: dict[int, int] = {}
    followers, written = _followers(topology, consumers, operation_of, done) if in_use else ({}, {})
    rectified = set()
    for node in topology.nodes:
        if not node.layer.rectifies:
            continue
        (source,) = node.inputs
        if source.node < 0 or not _read_once(topology, consumers, source):
            continue
        producer = operation_of(topology.nodes[source.node].layer)
        if not (producer.can_rectify or (in_use and producer.follows == ADDS)):
            continue
        own = ValueRef(node.index)
        readers = consumers[own]
        after = _read_once(topology, consumers, own) and readers[0].layer.monotonic and operation_of(readers[0].layer).can_rectify
        rectified.add(readers[0].index if after else written.get(source, source.node))
        done[node.index] = 0
    return Fusion(frozenset(rectified), done, followers)


def _followers(
    topology: Topology, consumers: Mapping[ValueRef, list[Node]], operation_of: Callable[[Layer], Operation], done: dict[int, int]
) -> tuple[dict[int, Followers], dict[ValueRef, int]]:
    """The followers of convolutions, which are then `done`, and the convolution whose last step writes a value."""
    found: dict[int, Followers] = {}
    written: dict[ValueRef, int] = {}

    def may_go_on(ref: ValueRef) -> bool:
        return ref in written and found[written[ref]].added is None and _read_once(topology, consumers, ref)

    for node in topology.nodes:
        own, operation = ValueRef(node.index), operation_of(node.layer)
        if operation.can_go_on(node):
            found[node.index], written[own] = Followers(), node.index
        elif operation.follows == NORMALIZES and may_go_on(node.inputs[0]) and found[written[node.inputs[0]]].norm is None:
            written[own], done[node.index] = written[node.inputs[0]], 0
            found[written[own]] = Followers(norm=node)
        elif operation.follows == ADDS and len(node.inputs) == 2:
            for number, other in ((0, node.inputs[1]), (1, node.inputs[0])):
                last = written.get(node.inputs[number], -1)
                if may_go_on(node.inputs[number]) and other.node < last:
                    written[own], done[node.index] = last, number
                    found[last] = found[last]._replace(added=other)
    return found, written


def _read_once(topology: Topology, consumers: Mapping[ValueRef, list[Node]], ref: ValueRef) -> bool:
    return len(consumers[ref]) == 1 and ref not in topology.outputs


def consumers_of(topology: Topology) -> dict[ValueRef, list[Node]]:
    """Which nodes read each value, once per reading."""
    consumers: dict[ValueRef, list[Node]] = {}
    for node in topology.nodes:
        for ref in node.inputs:
            consumers.setdefault(ref, []).append(node)
        for output in range(len(node.output_shapes)):
            consumers.setdefault(ValueRef(node.index, output), [])
    return consumers
