"""Where every box of a network's picture goes: layers in rows from top to bottom, ways that run beside each other in columns.

A convolution, its normalization and its rectifier belong together and share a box, so that a network of hundreds of layers has a
picture of dozens of boxes.  A box lies one row below the lowest box that feeds it; where one box feeds several, they stand beside
each other, centred below it; where ways meet, they meet in the middle.  A folded block is one box with all its layers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from minicnn.graph.node import INPUT, Node, ValueRef
from minicnn.graph.topology import Topology


@dataclass(frozen=True)
class Box:
    """Layers drawn together.

    nodes : in their order
    row, column : its place; columns are counted from the middle, and may be halves
    block : the names of the block that is folded into it, outermost first; None for single layers
    title : what a part of several blocks is called that is folded into it, else empty
    """

    nodes: tuple[Node, ...]
    row: int
    column: float
    block: tuple[str, ...] | None = None
    title: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The named blocks it lies in, outermost first."""
        return self.nodes[0].path if self.block is None else self.block[:-1]


@dataclass(frozen=True)
class Line:
    """From the end of one box (None: the input) to the start of another, with the value that goes along."""

    start: int | None
    end: int
    value: ValueRef


@dataclass(frozen=True)
class Picture:
    """Boxes and lines."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture(topology: Topology, depth: int | None = None) -> Picture:
    """Boxes in rows and columns, and lines between them; `depth` folds blocks as the summary's does."""
    groups = _groups(topology, depth)
    home = {node.index: number for number, group in enumerate(groups) for node in group}
    lines = [
        Line(None if ref == INPUT else home[ref.node], number, ref)
        for number, group in enumerate(groups)
        for ref in dict.fromkeys(ref for node in group for ref in node.inputs[: node.layer.value_inputs])
        if ref == INPUT or home[ref.node] != number
    ]
    fed: dict[int, list[int | None]] = {number: [] for number in range(len(groups))}
    feeds: dict[int | None, list[int]] = {}
    for line in lines:
        fed[line.end].append(line.start)
        feeds.setdefault(line.start, []).append(line.end)
    rows: list[int] = []
    for starts in fed.values():
        rows.append(1 + max((-1 if start is None else rows[start] for start in starts), default=-1))
    columns = _columns(fed, feeds)
    return Picture(
        tuple(Box(tuple(group), row, column, _folded(group[0], depth)) for group, row, column in zip(groups, rows, columns, strict=True)),
        tuple(lines),
    )


def _folded(node: Node, depth: int | None) -> tuple[str, ...] | None:
    """The block that a layer disappears in, None if it is shown: its name then has at most `depth` parts."""
    return None if depth is None or len(node.path) < depth else node.path[:depth]


def _groups(topology: Topology, depth: int | None) -> list[list[Node]]:
    """Layers of a folded block, and layers that belong together.

    A quiet layer joins the box of its only input, if it is that input's only reader.
    """
    readers = Counter(ref for node in topology.nodes for ref in node.inputs)
    groups: list[list[Node]] = []
    last: dict[int, int] = {}
    for node in topology.nodes:
        source = node.inputs[0]
        number = last.get(source.node)
        block = _folded(node, depth)
        if block is not None and groups and _folded(groups[-1][0], depth) == block:
            groups[-1].append(node)
            continue
        joins = (
            block is None
            and len(node.inputs) == 1
            and number is not None
            and readers[source] == 1
            and source not in topology.outputs
            and node.path == groups[number][0].path
            and (node.layer.quiet or all(each.layer.quiet for each in groups[number]))
        )
        if joins and number is not None:
            groups[number].append(node)
        else:
            number = len(groups)
            groups.append([node])
        last = {index: place for index, place in last.items() if place != number} | {node.index: number}
    return groups


def _columns(fed: dict[int, list[int | None]], feeds: dict[int | None, list[int]]) -> list[float]:
    """Ways that start at one box are spread around its column; ways that meet do so between the outermost of them.

    A line that skips to where ways meet starts no way of its own.
    """
    columns: list[float] = []
    for number, starts in fed.items():
        known = [0.0 if start is None else columns[start] for start in starts] or [0.0]
        column = (min(known) + max(known)) / 2
        if len(starts) == 1:
            ways = [other for other in feeds[starts[0]] if len(fed[other]) == 1]
            column += ways.index(number) - (len(ways) - 1) / 2
        columns.append(column)
    return columns
