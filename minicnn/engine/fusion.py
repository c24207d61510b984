"""Which nodes become one step: relu is never a separate pass if the step before or after it can apply it on the way.

conv or linear, relu            relu in the register tile, before the result is written
batch norm, relu                relu with the scaling
conv, relu, max pool            relu after the pooling, on a quarter of the numbers: max(relu(x)) = relu(max(x))
"""

from __future__ import annotations

from typing import NamedTuple

from minicnn.graph import Node, Topology, ValueRef


class Fusion(NamedTuple):
    """Nodes by index: whose output is rectified at once, which poolings rectify, and which relus are thereby absorbed."""

    rectified: frozenset[int]
    rectified_pools: frozenset[int]
    done: frozenset[int]


def find_fusions(topology: Topology) -> Fusion:
    """Look for relus with one producer and, where a pooling follows, one consumer."""
    consumers = consumers_of(topology)
    rectified, pools, done = set(), set(), set()
    for node in topology.nodes:
        if node.layer.kernel != "relu":
            continue
        (source,) = node.inputs
        if source.node < 0 or len(consumers[source]) != 1 or source in topology.outputs:
            continue
        producer = topology.nodes[source.node]
        if producer.layer.kernel not in ("conv", "linear", "batch_norm"):
            continue
        own = ValueRef(node.index)
        readers = consumers.get(own, [])
        if producer.layer.kernel == "conv" and len(readers) == 1 and readers[0].layer.kernel == "max_pool" and own not in topology.outputs:
            pools.add(readers[0].index)
        else:
            rectified.add(producer.index)
        done.add(node.index)
    return Fusion(frozenset(rectified), frozenset(pools), frozenset(done))


def consumers_of(topology: Topology) -> dict[ValueRef, list[Node]]:
    """Which nodes read each value, once per reading."""
    consumers: dict[ValueRef, list[Node]] = {}
    for node in topology.nodes:
        for ref in node.inputs:
            consumers.setdefault(ref, []).append(node)
        for output in range(len(node.output_shapes)):
            consumers.setdefault(ValueRef(node.index, output), [])
    return consumers
