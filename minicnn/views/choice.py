"""Which layer, unit and class a view is about: by name or number, or the usual one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicnn.errors import GraphError, SettingError
from minicnn.graph import Node
from minicnn.graph.field import fields
from minicnn.graph.names import chosen
from minicnn.layers.pad import Padded

if TYPE_CHECKING:
    from minicnn.network import Graph

USUAL_MAPS = 6  # layers shown by depth


def layer_called(where: str, net: Graph, name: str, known: list[str] | None = None, what: str = "layer") -> Node:
    """The node of a name; a GraphError that says which there are."""
    names = [node.name for node in net.nodes]
    (found, *more) = chosen(where, name, names if known is None else known, what)
    if more:
        raise GraphError(f"{where}: {name} fits {1 + len(more)} layers, but one is wanted\n  choose from {found}, {', '.join(more)}")
    return net.nodes[names.index(found)]


def filter_layers(net: Graph) -> list[str]:
    """Names of the layers whose weights are filters, in their order: convolutions, and fully connected layers."""
    kinds = ("Conv", "ConvTranspose", "TableConv2D", "Linear")
    return [node.name for node in net.nodes if node.slots and any(each.__name__ in kinds for each in type(node.layer).__mro__)]


def map_layers(net: Graph) -> list[str]:
    """Names of the layers that give maps, (C, *space), in their order."""
    return [node.name for node in net.nodes if len(node.output_shapes[0]) > 1]


def main_layers(net: Graph, most: int = USUAL_MAPS) -> list[str]:
    """What to show of a network by depth: up to `most` layers that give maps, evenly spread, first and last among them.

    A convolution is shown as what reads it sees it: after its normalization and its rectifier, if nothing else reads what lies between.
    """
    readers = Counter(ref for node in net.nodes for ref in node.inputs)
    only_reader = {node.inputs[0].node: node for node in net.nodes if len(node.inputs) == 1 and readers[node.inputs[0]] == 1}
    found = []
    for node in net.nodes:
        if node.layer.quiet or node.layer.bypass or isinstance(node.layer, Padded) or len(node.output_shapes[0]) < 2:
            continue
        shown = node
        while (follower := only_reader.get(shown.index)) and follower.layer.quiet and follower.output_shapes == shown.output_shapes:
            shown = follower
        found.append(shown.name)
    return spread(found, most)


def activation_layers(net: Graph) -> list[str]:
    """Names of the layers whose numbers are worth counting, in their order: those of `main_layers`, all of them, and flat ones."""
    wanted = {
        *main_layers(net, len(net.nodes)),
        *(node.name for node in net.nodes if len(node.output_shapes[0]) == 1 and not node.layer.only_moves),
    }
    return [node.name for node in net.nodes if node.name in wanted]


def spread(names: Sequence[str], most: int) -> list[str]:
    """At most so many of the names, evenly spread, first and last among them."""
    if len(names) <= most:
        return list(names)
    return [names[round(number * (len(names) - 1) / max(1, most - 1))] for number in range(most)]


def detail_layer(net: Graph) -> str:
    """The deepest of `main_layers` whose outputs see a part of the picture only; the first if there is none, of flat ones as well."""
    known = dict(zip([node.name for node in net.nodes], fields(net.topology), strict=True))
    names = main_layers(net) or activation_layers(net)

    def sees_a_part(name: str) -> bool:
        field = known[name]
        return field is not None and all(axis.reach < size for axis, size in zip(field, net.input_shape[1:], strict=True))

    return next((name for name in reversed(names) if sees_a_part(name)), names[0])


def checked_unit(where: str, node: Node, k: int) -> int:
    """A channel of a layer; a SettingError if it has none of this number."""
    units = node.output_shapes[0][0]
    if not 0 <= k < units:
        raise SettingError(f"{where}: {node.name} has {units} channels, so that the last is {units - 1}, but the unit is {k}")
    return k


def checked_class(where: str, net: Graph, k: int) -> int:
    """A class of a network; a SettingError if it has none of this number."""
    classes = net.output_shape[0]
    if not 0 <= k < classes:
        raise SettingError(f"{where}: {net.name} has {classes} classes, so that the last is {classes - 1}, but the class is {k}")
    return k
