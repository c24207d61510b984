"""Features that are the numbers of a map, one by one: where the order of a map's axes matters to a layer without axes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from minicnn.graph import INPUT
from minicnn.layers import Flatten, Linear

if TYPE_CHECKING:
    import numpy as np

    from minicnn.graph import Node, Topology


def map_before(topology: Topology, node: Node) -> tuple[int, ...] | None:
    """The map (C, *space) whose flattened numbers are the features of a node, one by one; None if they are not."""
    while node.inputs[0] != INPUT:
        node = topology.nodes[node.inputs[0].node]
        if isinstance(node.layer, Flatten):
            return node.input_shapes[0] if len(node.input_shapes[0]) > 1 else None
        if len(node.inputs) != 1 or isinstance(node.layer, Linear) or node.output_shapes != node.input_shapes:
            return None
    return None


def reshaped(array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """A convolution over a whole map as a fully connected layer, and the other way round: the same numbers in the same order."""
    if shape is None or array.shape == shape or not array.ndim or array.shape[:1] != shape[:1] or array.size != prod(shape):
        return array
    one, other = sorted((array.shape, shape), key=len)
    return array.reshape(shape) if len(one) == 2 and len(other) > 2 else array
