"""Which nodes become one step: relu is never a separate pass if the step before or after it can apply it on the way.

conv or linear, relu            relu in the register tile, before the result is written
batch norm, relu                relu with the scaling
max pool, relu                  relu with the maximum
any of these, relu, max pool    relu after the pooling, on a quarter of the numbers: max(relu(x)) = relu(max(x))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minicnn.engine.operations import Operation
from minicnn.graph import Node, Topology, ValueRef
from minicnn.layers import Layer


class Fusion(NamedTuple):
    """Nodes by index: whose output is rectified at once, and which relus are thereby absorbed."""

    rectified: frozenset[int]
    done: frozenset[int]


def find_fusions(topology: Topology, operation_of: Callable[[Layer], Operation]) -> Fusion:
    """Look for relus with one producer and, where a pooling follows, one consumer."""
    consumers = consumers_of(topology)
    rectified, done = set(), set()
    for node in topology.nodes:
        if not node.layer.rectifies:
            continue
        (source,) = node.inputs
        if source.node < 0 or len(consumers[source]) != 1 or source in topology.outputs:
            continue
        producer = topology.nodes[source.node]
        if not operation_of(producer.layer).can_rectify:
            continue
        own = ValueRef(node.index)
        readers = consumers.get(own, [])
        after = (
            len(readers) == 1 and own not in topology.outputs and readers[0].layer.monotonic and operation_of(readers[0].layer).can_rectify
        )
        rectified.add(readers[0].index if after else producer.index)
        done.add(node.index)
    return Fusion(frozenset(rectified), frozenset(done))


def consumers_of(topology: Topology) -> dict[ValueRef, list[Node]]:
    """Which nodes read each value, once per reading."""
    consumers: dict[ValueRef, list[Node]] = {}
    for node in topology.nodes:
        for ref in node.inputs:
            consumers.setdefault(ref, []).append(node)
        for output in range(len(node.output_shapes)):
            consumers.setdefault(ValueRef(node.index, output), [])
    return consumers
