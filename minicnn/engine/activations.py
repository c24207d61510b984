"""What layers give, one array for each that is asked for.

A plan reuses memory, rectifies on the way and has one output.  So it gets a graph to which a last node is added, which joins all wanted
values, flattened, into one row: whatever has a further reader is neither fused nor overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from minicnn.engine.cutting import inference_class
from minicnn.engine.plan import build_plan
from minicnn.engine.shelf import plan_of
from minicnn.engine.textbook import Run
from minicnn.graph import Node, Topology, ValueRef
from minicnn.layers import ConcatChannels, Flatten
from minicnn.processors import thread_count

if TYPE_CHECKING:
    from minicnn.network import Graph

BATCH_BYTES = 1 << 26  # values that are computed at once, beyond those of one image
MOST_IMAGES = 64  # of a batch


def activations(net: Graph, x: np.ndarray, names: Sequence[str], threads: int | None = None) -> dict[str, np.ndarray]:
    """Outputs of the nodes of these names, in inference mode; see `Graph.activations`."""
    topology = net.topology
    wanted = [node for node in topology.nodes if node.name in set(names)]
    found = {node.name: np.empty((len(x), *node.output_shapes[0]), x.dtype) for node in wanted}
    if not wanted or not len(x):
        return found
    first_nodes = topology.nodes[: wanted[-1].index + 1]  # nothing behind the last is computed
    if x.dtype == np.float64:
        parameters = {name: value.astype(np.float64) for name, value in net.views(net.parameter_memory, buffers=True).items()}
        computed = sum(prod(shape) for node in first_nodes for shape in node.output_shapes)
        for part in _parts(len(x), computed * x.itemsize):
            run = Run(replace(topology, nodes=first_nodes), parameters, np.ascontiguousarray(x[part]))
            for node in wanted:
                found[node.name][part] = run.values[ValueRef(node.index)]
        return found
    sizes = [prod(node.output_shapes[0]) for node in wanted]
    own = joined(replace(topology, nodes=first_nodes), wanted)
    most = next(_parts(len(x), sum(sizes) * x.itemsize)).stop
    batch, many = inference_class(most, MOST_IMAGES), thread_count("activations", threads)
    key = ("activations", tuple(found), batch, many)
    plan = plan_of(net, key, lambda: build_plan(own, topology.memory_size, batch, many, training=False))
    row = np.empty((min(batch, len(x)), *own.output_shapes[0]), np.float32)
    for begin in range(0, len(x), batch):
        images = np.ascontiguousarray(x[begin : begin + batch])
        plan.run(net.parameter_memory, images, np.arange(len(images)), plan.arrays.batch, output=row[: len(images)])
        first = 0
        for node, size in zip(wanted, sizes, strict=True):
            values = row[: len(images)].reshape(len(images), -1)[:, first : first + size]
            found[node.name][begin : begin + batch] = values.reshape(len(images), *node.output_shapes[0])
            first += size
    return found


def joined(topology: Topology, wanted: Sequence[Node]) -> Topology:
    """The graph whose one output holds the outputs of these nodes one after the other, flattened."""
    if len(wanted) == 1:
        return replace(topology, outputs=(ValueRef(wanted[0].index),))
    nodes, first = list(topology.nodes), len(topology.nodes)
    for node in wanted:
        shape = node.output_shapes[0]
        nodes.append(Node(len(nodes), f"{node.name} flat", Flatten(), (ValueRef(node.index),), (shape,), ((prod(shape),),), (), ()))
    flat = tuple(node.output_shapes[0] for node in nodes[first:])
    refs = tuple(ValueRef(node.index) for node in nodes[first:])
    nodes.append(Node(len(nodes), "joined", ConcatChannels(), refs, flat, ((sum(size for (size,) in flat),),), (), ()))
    return replace(topology, nodes=tuple(nodes), outputs=(ValueRef(len(nodes) - 1),))


def _parts(images: int, image_bytes: int) -> Iterator[slice]:
    """Slices of so many images that their values take little memory."""
    step = max(1, min(MOST_IMAGES, BATCH_BYTES // max(1, image_bytes)))
    return (slice(begin, min(begin + step, images)) for begin in range(0, images, step))
