"""Fully connected layers as convolutions: a network made for one size slides over a larger image.

A fully connected layer behind a flattened map (C, H, W) is a convolution whose filters are as large as the map, and one behind flat features
is a convolution of one pixel; the numbers are the same:

    weight (K, C*H*W) of the layer = weight (K, C, H, W) of the filters

On an image of the old size the convolution has one position, and the old answer; on a larger one it has the answer for every position of
the old window, of which those that windows share are computed once.

Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun, "OverFeat", 2014, section 3.5; Long, Shelhamer, Darrell, "Fully Convolutional Networks", 2015.
"""

from __future__ import annotations

from typing import Any

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.geometry import shape_text
from minicnn.graph.node import Node, ValueRef
from minicnn.graph.topology import Topology
from minicnn.layers import Element, Shape
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.pointwise import Pointwise

CONVOLUTIONS = (L.Conv1D, L.Conv2D, L.Conv3D)
POOLINGS = (L.AvgPool1D, L.AvgPool2D, L.AvgPool3D)
NORMALIZATIONS = (L.BatchNorm1D, L.BatchNorm2D, L.BatchNorm3D)


def as_convolutions(topology: Topology) -> Element:
    """The block of a network with its fully connected layers as convolutions, and no Flatten.

    Raises
    ------
    GraphError
        If flat features go into something that has no such form.
    """
    if len(topology.input_shape) < 2 or None in topology.input_shape:
        takes = shape_text(topology.input_shape)
        raise GraphError(f"only a network for images of one size can become convolutional, but this one takes {takes}")
    maps: dict[ValueRef, Shape] = {}  # flat values, and the maps that they become
    swaps: dict[int, tuple[Element, Element | None]] = {}  # by layer: what takes its place, None for nothing
    for node in topology.nodes:
        spread = _spread(node, maps)
        if spread is None:
            continue
        shape, swap = spread
        maps[ValueRef(node.index)] = shape
        known = swaps.get(id(node.layer), (node.layer, swap))
        if repr(known[1]) != repr(swap):
            raise GraphError(f"{node.name} stands in several places, where it would become different convolutions")
        if swap is not node.layer:
            swaps[id(node.layer)] = known
    return _Rebuilding(swaps).of(topology.element) or L.Sequential()


def _spread(node: Node, maps: dict[ValueRef, Shape]) -> tuple[Shape, Element | None] | None:
    """The map that a flat output becomes, and the layer that makes it; None where nothing is flat."""
    layer: Any = node.layer
    flat = [maps[ref] for ref in node.inputs if ref in maps]
    name, axes = node.name.rpartition(".")[2], len(flat[0] if flat else node.input_shapes[0]) - 1
    if isinstance(layer, L.Flatten):
        return (flat[0] if flat else node.input_shapes[0]), None
    if isinstance(layer, L.GlobalAvgPool) and not flat:
        channels, *space = node.input_shapes[0]
        return (channels, *(1,) * axes), POOLINGS[axes - 1](tuple(space), stride=1, name=name)
    if not flat and len(node.output_shapes[0]) > 1:
        return None
    if len(flat) == len(node.inputs) and len({shape[1:] for shape in flat}) == 1:
        (channels, *space), pixels = flat[0], set(flat[0][1:])
        if isinstance(layer, L.Linear):
            filters = CONVOLUTIONS[axes - 1](layer.features, tuple(space), bias=layer.bias, name=name)
            return (layer.features, *(1,) * axes), filters
        if isinstance(layer, BatchNorm) and pixels == {1}:
            return (channels, *space), NORMALIZATIONS[axes - 1](eps=layer.eps, momentum=layer.momentum, name=name)
        if isinstance(layer, L.LocalResponseNorm) and pixels != {1}:  # its channels would be others
            pass
        elif isinstance(layer, (Pointwise, L.AddInputs, L.GateInputs)):
            return (channels, *space), layer
        if isinstance(layer, L.ConcatChannels):
            return (sum(shape[0] for shape in flat), *space), layer
    raise GraphError(f"{node.name} ({node.layer.kind()!r}) works on flat features and has no form as a convolution")


class _Rebuilding:
    """A block made again with other layers; what stood in several places still does."""

    def __init__(self, swaps: dict[int, tuple[Element, Element | None]]) -> None:
        self._made: dict[int, Element | None] = {key: swap for key, (_, swap) in swaps.items()}

    def of(self, element: Element) -> Element | None:
        if id(element) not in self._made:
            settings = element.settings()
            changed = {name: self._value(value, isinstance(element, L.Sequential)) for name, value in settings.items()}
            same = all(changed[name] is settings[name] for name in settings)
            self._made[id(element)] = element if same else type(element).from_settings(changed)
        return self._made[id(element)]

    def _value(self, value: Any, leaves_out: bool) -> Any:
        """A setting; nothing at all is an empty Sequential, but in a row of layers it is left out."""
        if isinstance(value, Element):
            return self.of(value) or L.Sequential()
        if not isinstance(value, tuple) or not any(isinstance(each, Element) for each in value):
            return value
        made = [self.of(each) for each in value]
        if all(each is old for each, old in zip(made, value, strict=True)):
            return value
        return tuple(each or L.Sequential() for each in made if each is not None or not leaves_out)
