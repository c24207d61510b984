"""Networks of no fixed size: (1, None, None) leaves rows and columns open, and any size that fits runs.

What depends on the size is found by trying: the graph is built for two sizes, and what is the same in both is what it is; the rest is
open, and None.  Parameters may not depend on it: a fully connected layer behind Flatten has as many weights as the map has pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from minicnn.errors import GraphError, ShapeError
from minicnn.geometry import shape_text
from minicnn.graph.node import Node
from minicnn.graph.topology import Topology, checked_shape
from minicnn.layers import Element, Linear, Shape

SMALLER = (64, 128, 256, 512, 1024, 32, 16, 8, 4)  # sizes to try, until the network fits
TIMES = (3, 2, 4, 5, 8)  # the other sample, so many times as large


def topology_for(element: Element, input_shape: Sequence[int | None]) -> Topology:
    """The graph of an element for an input of this shape, in which None is a free axis.

    Raises
    ------
    GraphError
        If a layer would have another number of parameters for another size.
    """
    if not isinstance(input_shape, list | tuple) or None not in input_shape:
        return Topology.build(element, input_shape)  # type: ignore[arg-type]
    checked_shape([1 if size is None else size for size in input_shape])
    if input_shape[0] is None:
        raise ShapeError(f"input_shape {tuple(input_shape)!r} leaves the channels open, but only rows, columns and slices can be")
    free: Any = tuple(input_shape)
    first, second = _samples(element, free)
    _check_parameters(first, second, free)
    nodes = tuple(
        replace(
            node, input_shapes=_open(node.input_shapes, other.input_shapes), output_shapes=_open(node.output_shapes, other.output_shapes)
        )
        for node, other in zip(first.nodes, second.nodes, strict=True)
    )
    return replace(first, input_shape=free, nodes=nodes, samples=(first, second))


def fits(shape: Sequence[int], input_shape: Shape) -> bool:
    """Whether an image of this shape goes into a network with this input, free axes or not."""
    return len(shape) == len(input_shape) and all(
        size >= 1 if wanted is None else size == wanted for size, wanted in zip(shape, input_shape, strict=True)
    )


def sized(topology: Topology, shape: Shape) -> Topology:
    """The graph with free axes for images of one shape; a ShapeError if they do not fit."""
    found = Topology.build(topology.element, shape)
    _check_parameters(topology.samples[0], found, topology.input_shape)
    return found.with_frozen(topology.frozen)


def _samples(element: Element, free: Any) -> tuple[Topology, Topology]:
    """The graph for two sizes that fit."""
    first, error = None, None
    for size in SMALLER:
        try:
            first = Topology.build(element, _with(free, size))
            break
        except ShapeError as misfit:
            error = error or misfit
    if first is None:
        raise error or ShapeError(f"no input {shape_text(free)} fits")
    for times in TIMES:
        try:
            return first, Topology.build(element, _with(free, size * times))
        except ShapeError as misfit:
            error = error or misfit
    raise error or ShapeError(f"no input {shape_text(free)} but {size} pixels fits")


def _with(free: Any, size: int) -> Shape:
    return tuple(size if each is None else each for each in free)


def _open(shapes: tuple[Shape, ...], others: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Sizes that two samples agree about; None for the others."""
    pairs = zip(shapes, others, strict=True)
    merged: Any = tuple(tuple(size if size == other else None for size, other in zip(*pair, strict=True)) for pair in pairs)
    return merged  # type: ignore[no-any-return]


def _check_parameters(first: Topology, second: Topology, free: Shape) -> None:
    for node, other in zip(first.nodes, second.nodes, strict=True):
        if [(slot.name, slot.shape) for slot in node.slots] != [(slot.name, slot.shape) for slot in other.slots]:
            raise GraphError(_refusal(node, other, free))


def _refusal(node: Node, other: Node, free: Shape) -> str:
    named = f"{node.name} ({', '.join((repr(node.layer.kind()), *node.layer.brief()))})"
    sizes = " or ".join(shape_text(each.slots[0].shape) for each in (node, other))
    if isinstance(node.layer, Linear):
        advice = (
            f"put GlobalAvgPool(), or AdaptiveAvgPool{len(free) - 1}D(size) and Flatten(), before it"
            "\n  or give the size, and call net.convolutional(): it makes convolutions of fully connected layers"
        )
        return f"{named} has weights for every input, but an input {shape_text(free)} leaves open how many: {sizes}\n  {advice}"
    return f"{named} has parameters whose number depends on the size, but an input {shape_text(free)} leaves that open: {sizes}"
