"""A network as two towers, each of which one rank holds: a half of every layer's filters, maps and weights.

    conv, groups=2      each tower sees its own maps: nothing crosses
    conv, linear        sees the maps of both: they cross before it, and their gradients back
    response norm       sees some neighbours of the other tower's first or last maps: these cross
    dropout             both towers drop the same of all, so that they drop what one process drops

and the layers that work map by map, or number by number, stay as they are.  So the two-tower network of 2012 was trained on two graphics
cards: "the kernels of layer 3 take input from all kernel maps in layer 2.  However, kernels in layer 4 take input only from those kernel
maps in layer 3 which reside on the same GPU."

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.2, figure 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.graph import INPUT, Node, ParameterSlot, ValueRef
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.conv import Conv
from minicnn.layers.pool import Pool
from minicnn.network import Graph
from minicnn.parallel.crossing import Crossing, OwnDropout, OwnMaps

if TYPE_CHECKING:
    from minicnn.layers import Layer

TOWERS = 2
BY_MAP = (L.ReLU, L.LeakyReLU, L.Tanh, L.Sigmoid, L.ScaledTanh, L.Flatten, L.GlobalAvgPool, L.GlobalMaxPool, BatchNorm, Pool)


def tower(net: Graph, number: int) -> Graph:
    """Tower 0 or 1 of a network, with its half of the weights of now.

    Raises
    ------
    GraphError
        If the network is no chain of layers, or has one that cannot be halved.
    """
    layers = tuple(_layers(net, number))
    own = Graph(L.Sequential(*layers), net.input_shape, net.seed, f"tower {number} of {net.name}")
    for name, (whole, half) in _halves(net, own).items():
        if (whole[0] % TOWERS, (whole[0] // TOWERS, *whole[1:])) != (0, half):
            raise GraphError(f"{net.name} cannot be cut into two towers: {name} is {whole}, a half of it would be {half}")
    bring_half(net, net.parameter_memory, own, own.parameter_memory, number)
    own.refreeze(sorted(_half_name(slot) for slot in net.slots if slot.frozen))
    return own


def _called(node: int) -> str:
    """The name of a tower's layer that is a half of this node's."""
    return f"half{node}"


def _layers(net: Graph, number: int) -> Iterator[Layer]:
    whole = True  # whether both towers have all maps here, as they have the images
    for node in net.nodes:
        _check_chain(net, node)
        layer: Any = node.layer
        if isinstance(layer, Conv):
            if layer.groups not in (1, TOWERS) or (layer.groups == TOWERS and node.inputs == (INPUT,)):
                raise _refused(net, node)
            if whole and layer.groups == TOWERS:
                yield own_maps(node.input_shapes[0][0], number)
            if not whole and layer.groups == 1:
                yield Crossing(number)
            yield replace(layer, filters=layer.filters // TOWERS, groups=1, name=_called(node.index))
            whole = False
        elif isinstance(layer, L.Linear):
            if not whole:
                yield Crossing(number)
            yield replace(layer, features=layer.features // TOWERS, in_features=None, name=_called(node.index))
            whole = False
        elif isinstance(layer, L.LocalResponseNorm):
            maps = node.input_shapes[0][0] // TOWERS
            reach = min(layer.size // 2, maps)
            if whole or not reach:
                yield layer
            else:
                yield Crossing(number, reach)
                yield layer
                yield OwnMaps(reach if number else 0, maps)
        elif isinstance(layer, L.Dropout):
            if not whole:
                yield Crossing(number)
            yield OwnDropout(layer.rate, number=node.index)
            whole = True
        elif isinstance(layer, BY_MAP) and not (whole and node.slots):
            yield replace(layer, name=_called(node.index))
        else:
            raise _refused(net, node)
    if not whole:
        yield Crossing(number, returns=False)


def own_maps(maps: int, number: int) -> OwnMaps:
    """The half of all maps that a tower has."""
    return OwnMaps(number * maps // TOWERS, maps // TOWERS)


def _check_chain(net: Graph, node: Node) -> None:
    before = INPUT if node.index == 0 else ValueRef(node.index - 1)
    if node.inputs != (before,) or node.shares_with is not None:
        raise GraphError(
            f"{net.name} cannot be cut into two towers: it is no chain of layers, {node.name} has other inputs than the layer before it"
            f"\n  use a network such as alexnet-2012, or parallel='data', which trains any"
        )


def _refused(net: Graph, node: Node) -> GraphError:
    return GraphError(
        f"{net.name} cannot be cut into two towers: {node.name} ({node.layer.kind()}{''.join(f', {word}' for word in node.layer.brief())})"
        f" has no halves\n  use a network such as alexnet-2012, or parallel='data', which trains any"
    )


def _halves(net: Graph, own: Graph) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Shapes of each parameter: in the network, and in the tower."""
    halves = {slot.name: slot.shape for slot in own.slots}
    return {slot.name: (slot.shape, halves[_half_name(slot)]) for slot in net.slots}


def _half_name(slot: ParameterSlot) -> str:
    return f"{_called(slot.node)}.{slot.name.rpartition('.')[2]}"


def bring_half(net: Graph, memory: np.ndarray, own: Graph, half: np.ndarray, number: int) -> None:
    """Numbers of a tower, laid out like its parameters, from those of the whole network."""
    for mine, whole in _pairs(net, memory, own, half, number):
        mine[...] = whole


def bring_back(net: Graph, memory: np.ndarray, own: Graph, half: np.ndarray, number: int) -> None:
    """The inverse: numbers of the whole network from those of a tower."""
    for mine, whole in _pairs(net, memory, own, half, number):
        whole[...] = mine


def _pairs(net: Graph, memory: np.ndarray, own: Graph, half: np.ndarray, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    mine, whole = own.views(half, buffers=True), net.views(memory, buffers=True)
    for slot in net.slots:
        count = slot.shape[0] // TOWERS
        yield mine[_half_name(slot)], whole[slot.name][number * count : (number + 1) * count]
