"""The words and the colour of a box in a network's picture."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from minicnn.graph import Node, Topology
from minicnn.graph.drawing import Box
from minicnn.graph.formats import count

LETTERS = 30  # that fit into a box
FOLDED = "#e3e6f3"

Words = list[tuple[str, str]]


def words_of(box: Box, topology: Topology, network: str, parts_of_name: int = 1) -> Words:
    """The lines in a box, each with its class: name, settings, layers that follow; a name has so many of its last parts."""
    if box.title:
        return _folded_words(box.title, box.nodes)
    if box.block is None:
        return _layer_words(box, topology, parts_of_name)
    return _block_words(box, box.block, topology, network)


def colour_of(box: Box) -> str:
    """That of its main layer; folded boxes share one."""
    if box.block is not None or box.title:
        return FOLDED
    return main_layer(box).layer.colour


def main_layer(box: Box) -> Node:
    """The layer a box is named after: its first that is not only a word in another's box."""
    return next((node for node in box.nodes if not node.layer.quiet), box.nodes[0])


def operation(node: Node) -> str:
    """As in the tables: "Conv2D 3x3, stride 2"."""
    words = [word for word in node.layer.brief() if word != "padding 0"]
    first = f" {words.pop(0)}" if words and node.layer.axes(node.input_shapes) else ""
    return ", ".join((node.layer.kind() + first, *words))


def _layer_words(box: Box, topology: Topology, parts_of_name: int) -> Words:
    loud = main_layer(box)
    lines: Words = []
    quiet: list[str] = []

    def flush() -> None:
        lines.extend((part, "dim") for part in wrap(", ".join(quiet), LETTERS))
        quiet.clear()

    for node in box.nodes:
        if node is not loud:
            quiet.append(node.layer.kind())
            continue
        flush()
        lines.append((".".join(node.name.split(".")[-parts_of_name:]), "name"))
        lines += [(part, "work") for part in wrapped(operation(node))]
        params = _parameters([node])
        lines += [(f"{count(params)} parameters", "dim")] if params else []
        if node.shares_with is not None:
            lines += [(part, "dim") for part in wrapped(f"shared with {topology.nodes[node.shares_with].name}")]
    flush()
    return lines


def _folded_words(name: str, nodes: Sequence[Node]) -> Words:
    """A folded part: its name, how many layers, how many parameters."""
    lines = [(name, "name"), (f"{len(nodes)} layer{'s' if len(nodes) > 1 else ''}", "work")]
    params = _parameters(nodes)
    return [*lines, (f"{count(params)} parameters", "dim")] if params else lines


def _block_words(box: Box, block: tuple[str, ...], topology: Topology, network: str) -> Words:
    """A folded block: whose parameters it has, too, if they are not its own."""
    lines = _folded_words(block[-1] if block else network, box.nodes)
    if _parameters(box.nodes):
        return lines
    homes = dict.fromkeys(
        ".".join(topology.nodes[node.shares_with].name.split(".")[: len(block)]) for node in box.nodes if node.shares_with is not None
    )
    return [*lines, *((part, "dim") for part in wrapped(f"shared with {', '.join(homes)}") if homes)]


def _parameters(nodes: Sequence[Node]) -> int:
    return sum(slot.size for node in nodes for slot in node.own_slots if slot.trainable)


def wrapped(text: str, letters: int = LETTERS) -> list[str]:
    """Lines that fit, broken after commas."""
    return [line.replace("\xa0", " ") for line in wrap(text.replace(" ", "\xa0").replace(",\xa0", ", "), letters)]
