"""The filters of a layer as pictures.

Those of a first convolution are patches of a picture, in colour if the pictures are; deeper ones have a plane for each channel they see.
Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError, SettingError
from minicnn.geometry import shape_text
from minicnn.graph import INPUT, Node
from minicnn.graph.names import shown
from minicnn.layers.conv import Conv
from minicnn.layers.conv_transpose import ConvTranspose
from minicnn.layers.pad import Padded
from minicnn.views.choice import filter_layers, layer_called

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from minicnn.network import Graph


@dataclass(frozen=True)
class Filters:
    """The filters of a layer.

    layer, kind : its name, and what it is, as in "Conv2D"
    weight : (K, C, *taps) as they lie on what the layer sees, a flipped convolution's turned round; NaN where a connection is missing
    colour : whether the channels are red, green and blue of a picture
    tile : sizes of the tile of filters, () where every output position has the same
    place : which place of the tile these are for, () without one
    """

    layer: str
    kind: str
    weight: NDArray[Any]
    colour: bool
    tile: tuple[int, ...] = ()
    place: tuple[int, ...] = ()


def filters(net: Graph, layer: str | None = None, place: Sequence[int] | None = None) -> Filters:
    """The filters of a layer, of the first that has any by default.

        >>> filters(minicnn.zoo.build("lenet"), "conv2").weight.shape
        (16, 6, 5, 5)

    place : of an unshared or tiled convolution, whose filters: the output position p mod tile, the middle one by default

    A fully connected layer that reads a map, flattened, has a filter as large as the map.

    Raises
    ------
    GraphError
        If there is no such layer, or none with filters.
    SettingError
        If there is no such place.
    """
    known = filter_layers(net)
    if not known:
        raise GraphError(f"filters: {net.name} has no layer with filters")
    node = layer_called("filters", net, layer or known[0])
    if node.name not in known:
        raise GraphError(f"filters: {node.name} is a {node.layer.kind()} and has no filters\n  choose from {shown(known)}")
    weight: Any = _weight(net, node)
    tile: tuple[int, ...] = ()
    where: tuple[int, ...] = ()
    if isinstance(node.layer, Conv) and node.layer.sharing != "shared":
        tile = weight.shape[1 : 1 + node.layer.axis_count]
        where = _place(node, tile, place)
        weight = weight[(slice(None), *where)]
    elif place is not None:
        raise SettingError(f"filters: {node.name} has the same filters everywhere, but a place is given: {tuple(place)}")
    if isinstance(node.layer, Conv) and node.layer.flip:
        weight = np.flip(weight, tuple(range(2, weight.ndim)))
    colour = weight.shape[1] == 3 and weight.ndim == 4 and _reads_input(net, node)
    return Filters(node.name, node.layer.kind(), np.ascontiguousarray(weight), colour, tile, where)


def _weight(net: Graph, node: Node) -> NDArray[Any]:
    """(K, C, *taps), or (K, *tile, C, *taps)."""
    name = next(slot.name for slot in node.slots if slot.name.endswith(".weight"))
    weight = net.parameters[name].copy()
    layer: Any = node.layer
    if isinstance(layer, ConvTranspose):  # (C, K/G, *taps)
        C, share, *taps = weight.shape
        groups = weight.reshape(layer.groups, C // layer.groups, share, *taps)
        return groups.swapaxes(1, 2).reshape(layer.groups * share, C // layer.groups, *taps)
    if isinstance(layer, L.TableConv2D):  # (links, R, S)
        full = np.full((layer.filters, node.input_shapes[0][0], *weight.shape[1:]), np.nan, weight.dtype)
        ends = [(k, c) for k, row in enumerate(layer.table) for c in row]
        full[tuple(np.array(ends).T)] = weight
        return full
    if isinstance(layer, L.Linear):
        return weight.reshape(len(weight), *_map_before(net, node))
    return weight


def _map_before(net: Graph, node: Node) -> tuple[int, ...]:
    """The shape of the map that a fully connected layer reads through a flattening; (1, features) if it reads no map."""
    ref, features = node.inputs[0], node.input_shapes[0][0]
    while ref != INPUT:
        before = net.nodes[ref.node]
        if prod(before.input_shapes[0]) != features or not (before.layer.quiet or before.layer.only_moves):
            break
        if len(before.input_shapes[0]) > 1:
            return before.input_shapes[0]
        ref = before.inputs[0]
    return (1, features)


def _place(node: Node, tile: tuple[int, ...], place: Sequence[int] | None) -> tuple[int, ...]:
    if place is None:
        return tuple(size // 2 for size in tile)
    where = tuple(place)
    if len(where) != len(tile) or not all(0 <= p < size for p, size in zip(where, tile, strict=True)):
        raise SettingError(f"filters: {node.name} has filters for {shape_text(tile)} places, but the place is {where}")
    return where


def _reads_input(net: Graph, node: Node) -> bool:
    """Whether it sees the picture itself, or the picture with a border."""
    ref = node.inputs[0]
    while ref != INPUT and isinstance(net.nodes[ref.node].layer, Padded):
        ref = net.nodes[ref.node].inputs[0]
    return ref == INPUT
