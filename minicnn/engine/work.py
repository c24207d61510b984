"""Whether a batch in use is so little work that the calling thread does it alone, in one go."""

from __future__ import annotations

from math import prod

from minicnn.graph import Topology
from minicnn.kernels.cpu.program.call import ALONE, ELEMENT_WORK


def is_little(topology: Topology, images: int) -> bool:
    """Whether waking another thread, and cutting each step into parts for it, takes longer than what it saves.

    One image: LeNet 19.7 and, in one go, 14.7 microseconds, mnist1d-cnn 6.9 and 3.2.  Loops from outside the package may be long.
    """
    elements, products = 0, 0
    for node in topology.nodes:
        if not type(node.layer).__module__.startswith("minicnn."):
            return False
        elements += sum(map(prod, (*node.input_shapes, *node.output_shapes)))
        products += node.layer.cost(node.input_shapes, node.output_shapes).macs or 0
    return (ELEMENT_WORK * elements + products) * images + ELEMENT_WORK * topology.memory_size <= ALONE
