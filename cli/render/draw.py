"""A network's picture as SVG, written by hand: boxes, lines with the shapes that go along them, frames around blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple
from xml.sax.saxutils import escape

from minicnn.graph import Node, Topology
from minicnn.graph.drawing import Box, Line, Picture, picture
from minicnn.graph.formats import count, sizes

COLUMN, WIDTH = 246, 186  # pixels from one column to the next, and of a box
LETTERS = 30  # that fit into a box
LINE_HEIGHT, PADDING = 14, 7  # of text in a box
GAP = 46  # between rows: room for a line, its shape and a frame
LANE = 16  # from one lane to the next
ASIDE = 0.43  # of a box's width from its middle: where lines for lanes leave, past the shape
MARGIN, HEAD = 40, 72
FOLDED = "#e3e6f3"
STYLE = """text{font-family:Helvetica,Arial,sans-serif;font-size:11px;fill:#1d2733}
.name{font-weight:bold}.dim{fill:#5b6875}.shape{fill:#5b6875;font-size:10px}.title{font-size:16px;font-weight:bold}
.box{stroke:#46535f;stroke-width:1}.frame{fill:#5b7a99;fill-opacity:.05;stroke:#9fb0c0;stroke-width:1}.block{fill:#6b7f92;font-size:10px}
.line{fill:none;stroke:#46535f;stroke-width:1.3;marker-end:url(#tip)}.skip{stroke:#b0413e}"""


class Place(NamedTuple):
    """A box in pixels: centre, top, bottom."""

    x: float
    top: float
    bottom: float


def svg(topology: Topology, title: str, source: str, depth: int | None = None) -> str:
    """The whole file; `depth` folds blocks as the summary's does."""
    drawn = picture(topology, depth)
    words = [_words(box, topology) if box.block is None else _block_words(box, box.block, topology, title) for box in drawn.boxes]
    places = _places(drawn, words)
    routes = [_route(line, drawn, places) for line in drawn.lines]
    _spread_lanes(routes)
    frames = list(_frames(drawn.boxes, places))
    right = max(
        [place.x + WIDTH / 2 for place in places]
        + [x for route in routes for x, _ in route.points]
        + [x + wide for x, _, wide, _ in frames]
    )
    left = min([place.x - WIDTH / 2 for place in places] + [x for x, *_ in frames])
    width = max(right - left + 2 * MARGIN, 7 * len(source) + 2 * MARGIN)
    height = max(place.bottom for place in places) + GAP + MARGIN / 2
    middle = (left + right) / 2
    body = [
        *_frame_marks(drawn, frames),
        *(route.mark() for route in routes),
        *_exit_marks(topology, drawn, places),
        *_box_marks(drawn, words, places),
        *_shape_marks(topology, drawn, places),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="{middle - width / 2:.0f} 0 {width:.0f} {height:.0f}">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#46535f"/></marker></defs>',
            f'<rect x="{middle - width / 2:.0f}" width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            _text(middle, 26, title, "title"),
            _text(middle, 44, source, "dim"),
            *body,
            "</svg>",
            "",
        ]
    )


def _words(box: Box, topology: Topology) -> list[tuple[str, str]]:
    """The lines in a box, each with its class: the name of the layer that matters, its settings, those that follow."""
    loud = [node for node in box.nodes if not node.layer.quiet] or [box.nodes[0]]
    lines: list[tuple[str, str]] = []
    quiet: list[str] = []

    def flush() -> None:
        lines.extend((part, "dim") for part in wrap(", ".join(quiet), LETTERS))
        quiet.clear()

    for node in box.nodes:
        if node is not loud[0]:
            quiet.append(node.layer.kind())
            continue
        flush()
        lines.append((node.name.rpartition(".")[2], "name"))
        lines += [(part, "work") for part in _wrapped(_operation(node))]
        params = _parameters([node])
        lines += [(f"{count(params)} parameters", "dim")] if params else []
        if node.shares_with is not None:
            lines += [(part, "dim") for part in _wrapped(f"shared with {topology.nodes[node.shares_with].name}")]
    flush()
    return lines


def _block_words(box: Box, block: tuple[str, ...], topology: Topology, title: str) -> list[tuple[str, str]]:
    """The lines in a folded block's box: its name, how many layers, how many parameters or whose."""
    params = _parameters(box.nodes)
    lines = [(block[-1] if block else title, "name"), (f"{len(box.nodes)} layer{'s' if len(box.nodes) > 1 else ''}", "work")]
    if params:
        return [*lines, (f"{count(params)} parameters", "dim")]
    homes = dict.fromkeys(
        ".".join(topology.nodes[node.shares_with].name.split(".")[: len(block)]) for node in box.nodes if node.shares_with is not None
    )
    return [*lines, *((part, "dim") for part in _wrapped(f"shared with {', '.join(homes)}") if homes)]


def _parameters(nodes: Sequence[Node]) -> int:
    return sum(slot.size for node in nodes for slot in node.own_slots if slot.trainable)


def _operation(node: Node) -> str:
    """As in the tables: "Conv2D 3x3, stride 2"."""
    words = [word for word in node.layer.brief() if word != "padding 0"]
    first = f" {words.pop(0)}" if words and node.layer.axes(node.input_shapes) else ""
    return ", ".join((node.layer.kind() + first, *words))


def _wrapped(text: str) -> list[str]:
    """Lines that fit, broken after commas."""
    return [line.replace("\xa0", " ") for line in wrap(text.replace(" ", "\xa0").replace(",\xa0", ", "), LETTERS)]


def _places(drawn: Picture, words: Sequence[Sequence[tuple[str, str]]]) -> list[Place]:
    """Rows as high as their highest box."""
    heights = [2 * PADDING + LINE_HEIGHT * len(lines) for lines in words]
    rows = [0.0] * (1 + max(box.row for box in drawn.boxes))
    for box, height in zip(drawn.boxes, heights, strict=True):
        rows[box.row] = max(rows[box.row], height)
    tops = [HEAD + GAP + sum(rows[:row]) + GAP * row for row in range(len(rows))]
    return [Place(COLUMN * box.column, tops[box.row], tops[box.row] + height) for box, height in zip(drawn.boxes, heights, strict=True)]


class Route:
    """A line in pixels; `lane` is the place in `points` of its way beside the boxes, if it needs one."""

    def __init__(self, points: list[tuple[float, float]], rows: tuple[int, int], skips: bool, lane: bool = False) -> None:
        self.points, self.rows, self.skips, self.lane = points, rows, skips, lane

    def mark(self) -> str:
        path = " ".join(f"{'M' if not index else 'L'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(self.points))
        return f'<path class="line{" skip" if self.skips else ""}" d="{path}"/>'


def _route(line: Line, drawn: Picture, places: Sequence[Place]) -> Route:
    """Straight down, or bent once between rows; beside the boxes where others stand in between.

    A skip is what passes over rows while something else is made of the same value.
    """
    end, box = places[line.end], drawn.boxes[line.end]
    first = -1 if line.start is None else drawn.boxes[line.start].row
    x, y = (0.0, HEAD - 8.0) if line.start is None else (places[line.start].x, places[line.start].bottom)
    between = [places[number].x for number, other in enumerate(drawn.boxes) if first < other.row < box.row]
    above = None if line.start is None else drawn.boxes[line.start]
    bypass = above is not None and above.block is None and above.nodes[0].layer.bypass
    skips = box.row > first + 1 and (bypass or sum(other.start == line.start for other in drawn.lines) > 1)

    def free(column: float) -> bool:
        return all(abs(column - other) > WIDTH / 2 + LANE for other in between)

    bend_high, bend_low = y + GAP * 0.7, end.top - GAP * 0.3
    if free(x):
        points = [(x, y), (x, bend_low), (end.x, bend_low), (end.x, end.top)] if x != end.x else [(x, y), (x, end.top)]
        return Route(points, (first, box.row), skips)
    if free(end.x):
        return Route([(x, y), (x, bend_high), (end.x, bend_high), (end.x, end.top)], (first, box.row), skips)
    side = max(between) + WIDTH / 2 + LANE
    leave, enter = x + WIDTH * ASIDE, end.x + WIDTH * ASIDE
    return Route(
        [(leave, y), (leave, bend_high), (side, bend_high), (side, bend_low), (enter, bend_low), (enter, end.top)],
        (first, box.row),
        skips,
        lane=True,
    )


def _spread_lanes(routes: Sequence[Route]) -> None:
    """Lines beside the boxes move apart: the longer of two that run side by side lies farther out."""
    laid: list[tuple[int, int, float]] = []
    for route in sorted((each for each in routes if each.lane), key=lambda each: each.rows[1] - each.rows[0]):
        first, last = route.rows
        side = route.points[2][0]
        while any(not (last <= start or stop <= first) and abs(side - x) < LANE for start, stop, x in laid):
            side += LANE
        laid.append((first, last, side))
        route.points[2:4] = [(side, route.points[2][1]), (side, route.points[3][1])]


def _frames(boxes: Sequence[Box], places: Sequence[Place]) -> Iterator[tuple[float, float, float, float]]:
    """x, y, width, height around every named block, outer ones first and wider."""
    for path in _blocks(boxes):
        inside = [place for box, place in zip(boxes, places, strict=True) if box.path[: len(path)] == path]
        depth = max(len(box.path) for box in boxes if box.path[: len(path)] == path) - len(path)
        room = 7 + 6 * depth
        left, right = min(place.x for place in inside) - WIDTH / 2 - room, max(place.x for place in inside) + WIDTH / 2 + room
        top, bottom = min(place.top for place in inside) - 5 - 4 * depth, max(place.bottom for place in inside) + 5 + 4 * depth
        yield left, top, right - left, bottom - top


def _blocks(boxes: Sequence[Box]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(box.path[:length] for box in boxes for length in range(1, len(box.path) + 1)))


def _frame_marks(drawn: Picture, frames: Sequence[tuple[float, float, float, float]]) -> Iterator[str]:
    """Frames, and one name for those that start at the same box: "stage1.block1"."""
    blocks, named = _blocks(drawn.boxes), set()
    for path, (x, y, width, height) in zip(blocks, frames, strict=True):
        yield f'<rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>'
        first = next(number for number, box in enumerate(drawn.boxes) if box.path[: len(path)] == path)
        if first not in named:
            named.add(first)
            yield _text(x + 4, y - 3, ".".join(drawn.boxes[first].path[len(path) - 1 :]), "block", "start")


def _exit_marks(topology: Topology, drawn: Picture, places: Sequence[Place]) -> Iterator[str]:
    """A line out of every box that gives an output of the network."""
    last = {ref.node for ref in topology.outputs}
    for box, place in zip(drawn.boxes, places, strict=True):
        if any(node.index in last for node in box.nodes):
            yield Route([(place.x, place.bottom), (place.x, place.bottom + GAP)], (box.row, box.row + 1), skips=False).mark()


def _box_marks(drawn: Picture, words: Sequence[Sequence[tuple[str, str]]], places: Sequence[Place]) -> Iterator[str]:
    for box, lines, (x, top, bottom) in zip(drawn.boxes, words, places, strict=True):
        colour = (
            FOLDED
            if box.block is not None
            else next((node.layer.colour for node in box.nodes if not node.layer.quiet), box.nodes[0].layer.colour)
        )
        yield (
            f'<rect class="box" x="{x - WIDTH / 2:.1f}" y="{top:.1f}" width="{WIDTH}" height="{bottom - top:.1f}" rx="4" fill="{colour}"/>'
        )
        for number, (line, style) in enumerate(lines):
            yield _text(x, top + PADDING + LINE_HEIGHT * number + 10, line, style)


def _shape_marks(topology: Topology, drawn: Picture, places: Sequence[Place]) -> Iterator[str]:
    """The shape of what leaves a box, below it; that of the input on top."""
    yield _text(6, HEAD + 8, sizes(topology.input_shape), "shape", "start")
    for number, (box, (x, _, bottom)) in enumerate(zip(drawn.boxes, places, strict=True)):
        leaving = dict.fromkeys(sizes(topology.shape_of(line.value)) for line in drawn.lines if line.start == number)
        yield _text(x + 5, bottom + 25, ", ".join(leaving) or sizes(box.nodes[-1].output_shapes[0]), "shape", "start")


def _text(x: float, y: float, text: str, style: str, anchor: str = "middle") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
