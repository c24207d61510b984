"""A network's picture in rows from top to bottom, or in columns from left to right: where boxes lie, how lines run, frames around blocks.

Everything is computed along the flow and across it; which of these is x and which is y is said once, by a `Direction`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minicnn.cli.render.draw_sheet import HEAD, Label, Point, Rect, Sheet, Way
from minicnn.graph import Topology
from minicnn.graph.drawing import Box, Line, Picture
from minicnn.graph.formats import sizes

LANE = 16  # from one lane beside the boxes to the next
ASIDE = 0.43  # share of a box's breadth from its middle: where lines for lanes leave, clear of the shape
START = HEAD - 8.0  # along the flow, where the first line begins


@dataclass(frozen=True)
class Direction:
    """Which way a picture runs.

    right : from left to right, else from top to bottom
    gap : along the flow, between boxes: room for a line, its shape and a frame
    spread : across, free between boxes beside each other, at least
    """

    right: bool
    gap: float
    spread: float

    def point(self, across: float, along: float) -> Point:
        return (along, across) if self.right else (across, along)

    def rect(self, place: Place) -> Rect:
        return Rect(*self.point(place.middle - place.breadth / 2, place.start), *self.point(place.breadth, place.end - place.start))

    def shape_label(self, middle: float, along: float, shape: str) -> Label:
        """The shape of what leaves a box that ends here."""
        if self.right:
            return Label(along + self.gap / 2 - 3, middle - 5, shape, anchor="middle")
        return Label(middle + 5, along + 25, shape)


DOWN, RIGHT = Direction(False, 46, 60), Direction(True, 84, 56)


class Place(NamedTuple):
    """A box along the flow and across it."""

    middle: float
    start: float
    end: float
    breadth: float


class Route:
    """A line, across and along; `lane` says that its third and fourth point run beside the boxes."""

    def __init__(self, points: list[Point], rows: tuple[int, int], skips: bool, lane: bool = False) -> None:
        self.points, self.rows, self.skips, self.lane = points, rows, skips, lane

    def way(self, direction: Direction) -> Way:
        return Way([direction.point(*point) for point in self.points], self.skips)


class Content(NamedTuple):
    """What is in a box.

    width, height : of its rectangle
    marks : from where that lies
    room : along the flow, that it takes at least: words below it may be longer
    """

    width: float
    height: float
    marks: Callable[[Rect], Iterable[str]]
    room: float = 0.0


def flow_sheet(topology: Topology, drawn: Picture, content: Sequence[Content], direction: Direction, framed: bool = True) -> Sheet:
    """A picture laid out by rows and columns; without frames it has no shapes either."""
    places = _places(drawn, content, direction)
    routes = [_route(line, drawn, places, direction) for line in drawn.lines]
    _spread_lanes(routes)
    frames = list(_frames(drawn.boxes, places)) if framed else []
    rects = [direction.rect(place) for place in places]
    return Sheet(
        [(list(each.marks(rect)), rect) for each, rect in zip(content, rects, strict=True)],
        [route.way(direction) for route in routes] + list(_exits(topology, drawn, places, direction)),
        [*_shapes(topology, drawn, places, direction), *_frame_names(drawn, frames, direction)] if framed else [],
        [direction.rect(frame) for frame in frames],
    )


def _places(drawn: Picture, content: Sequence[Content], direction: Direction) -> list[Place]:
    """Rows as long as their longest box; columns as far apart as the broadest needs."""
    sizes_of = [(each.height, each.width) if direction.right else (each.width, each.height) for each in content]  # breadth, length
    rows = [0.0] * (1 + max(box.row for box in drawn.boxes))
    for box, (_, length), each in zip(drawn.boxes, sizes_of, content, strict=True):
        rows[box.row] = max(rows[box.row], length, each.room)
    tops = [START + 8 + direction.gap + sum(rows[:row]) + direction.gap * row for row in range(len(rows))]
    column = max(breadth for breadth, _ in sizes_of) + direction.spread
    found = []
    for box, (breadth, length), each in zip(drawn.boxes, sizes_of, content, strict=True):
        start = tops[box.row] + max(0.0, each.room - length) / 2
        found.append(Place(column * box.column, start, start + length, breadth))
    return found


def _route(line: Line, drawn: Picture, places: Sequence[Place], direction: Direction) -> Route:
    """Straight on, or bent once between rows; beside the boxes if others are in between.

    A skip passes over rows while something else is computed from the same value.
    """
    end, box = places[line.end], drawn.boxes[line.end]
    first = -1 if line.start is None else drawn.boxes[line.start].row
    middle, leaves = (0.0, START) if line.start is None else (places[line.start].middle, places[line.start].end)
    breadth = end.breadth if line.start is None else places[line.start].breadth
    between = [places[number] for number, other in enumerate(drawn.boxes) if first < other.row < box.row]
    above = None if line.start is None else drawn.boxes[line.start]
    bypass = above is not None and above.block is None and above.nodes[0].layer.bypass
    skips = box.row > first + 1 and (bypass or sum(other.start == line.start for other in drawn.lines) > 1)

    def free(column: float) -> bool:
        return all(abs(column - other.middle) > other.breadth / 2 + LANE for other in between)

    bend_high, bend_low = leaves + direction.gap * 0.7, end.start - direction.gap * 0.3
    if free(middle):
        bends = [(middle, bend_low), (end.middle, bend_low)] if middle != end.middle else []
        return Route([(middle, leaves), *bends, (end.middle, end.start)], (first, box.row), skips)
    if free(end.middle):
        return Route([(middle, leaves), (middle, bend_high), (end.middle, bend_high), (end.middle, end.start)], (first, box.row), skips)
    side = max(other.middle + other.breadth / 2 for other in between) + LANE
    leave, enter = middle + breadth * ASIDE, end.middle + end.breadth * ASIDE
    return Route(
        [(leave, leaves), (leave, bend_high), (side, bend_high), (side, bend_low), (enter, bend_low), (enter, end.start)],
        (first, box.row),
        skips,
        lane=True,
    )


def _spread_lanes(routes: Sequence[Route]) -> None:
    """Separate lines beside the boxes: the longer of two parallel ones runs farther out."""
    laid: list[tuple[int, int, float]] = []
    for route in sorted((each for each in routes if each.lane), key=lambda each: each.rows[1] - each.rows[0]):
        first, last = route.rows
        side = route.points[2][0]
        while any(not (last <= start or stop <= first) and abs(side - x) < LANE for start, stop, x in laid):
            side += LANE
        laid.append((first, last, side))
        route.points[2:4] = [(side, route.points[2][1]), (side, route.points[3][1])]


def _frames(boxes: Sequence[Box], places: Sequence[Place]) -> Iterator[Place]:
    """Around every named block, outer ones first and wider."""
    for path in _blocks(boxes):
        inside = [place for box, place in zip(boxes, places, strict=True) if box.path[: len(path)] == path]
        depth = max(len(box.path) for box in boxes if box.path[: len(path)] == path) - len(path)
        room = 7 + 6 * depth
        left = min(place.middle - place.breadth / 2 for place in inside) - room
        right = max(place.middle + place.breadth / 2 for place in inside) + room
        start, end = min(place.start for place in inside) - 5 - 4 * depth, max(place.end for place in inside) + 5 + 4 * depth
        yield Place((left + right) / 2, start, end, right - left)


def _blocks(boxes: Sequence[Box]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(box.path[:length] for box in boxes for length in range(1, len(box.path) + 1)))


def _frame_names(drawn: Picture, frames: Sequence[Place], direction: Direction) -> Iterator[Label]:
    """One name for the frames that start at the same box: "stage1.block1"."""
    named = set()
    for path, frame in zip(_blocks(drawn.boxes) if frames else [], frames, strict=True):
        first = next(number for number, box in enumerate(drawn.boxes) if box.path[: len(path)] == path)
        if first not in named:
            named.add(first)
            rect = direction.rect(frame)
            yield Label(rect.x + 4, rect.y - 3, ".".join(drawn.boxes[first].path[len(path) - 1 :]), "block")


def _exits(topology: Topology, drawn: Picture, places: Sequence[Place], direction: Direction) -> Iterator[Way]:
    """A line out of every box that gives an output of the network."""
    last = {ref.node for ref in topology.outputs}
    for box, place in zip(drawn.boxes, places, strict=True):
        if any(node.index in last for node in box.nodes):
            yield Way([direction.point(place.middle, along) for along in (place.end, place.end + direction.gap)])


def _shapes(topology: Topology, drawn: Picture, places: Sequence[Place], direction: Direction) -> Iterator[Label]:
    """The shape of what leaves a box, behind it; that of the input in front."""
    if direction.right:
        yield Label(START + direction.gap / 2, -5, sizes(topology.input_shape), anchor="middle")
    else:
        yield Label(6, HEAD + 8, sizes(topology.input_shape))
    for number, (box, place) in enumerate(zip(drawn.boxes, places, strict=True)):
        leaving = dict.fromkeys(sizes(topology.shape_of(line.value)) for line in drawn.lines if line.start == number)
        yield direction.shape_label(place.middle, place.end, ", ".join(leaving) or sizes(box.nodes[-1].output_shapes[0]))
