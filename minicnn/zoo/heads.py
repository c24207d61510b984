"""A network for another number of classes: its last layer that says how many numbers come out says another."""

from __future__ import annotations

from minicnn.errors import GraphError
from minicnn.layers import Element, build, describe
from minicnn.network import Graph
from minicnn.zoo.widths import COUNTS, parts_of


def with_classes(element: Element, classes: int) -> Element:
    """The same layers, of which the last with filters or features of its own has so many."""
    description = describe(element)
    counted = [part for part in parts_of(description) if any(count in part for count in COUNTS)]
    for count in COUNTS:
        if counted and count in counted[-1]:
            counted[-1][count] = classes
    return build(description)


def check_classes(net: Graph, classes: int) -> Graph:
    """The network; a GraphError if it has not so many outputs."""
    if net.classes != classes:
        raise GraphError(
            f"{net.name} ends in {net.classes} outputs, not in {classes}, and its last layer cannot be given others"
            f"\n  end it with Linear(classes), or define network as a function (classes, input_shape, seed)"
        )
    return net
