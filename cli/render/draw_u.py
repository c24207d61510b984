"""A U-Net's picture as a U: down on the left, up on the right, skips straight across."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicnn.cli.render.draw_flow import Content
from minicnn.cli.render.draw_sheet import Label, Rect, Sheet, Way
from minicnn.graph import Topology
from minicnn.graph.drawing import Picture
from minicnn.graph.formats import sizes
from minicnn.graph.u_shape import UShape

COLUMN, GAP = 250, 46
Cell = tuple[int, int]  # row, column: 0 down, 1 across and the bottom, 2 up


def u_sheet(topology: Topology, drawn: Picture, shape: UShape, content: Sequence[Content]) -> Sheet:
    """The boxes of a U in three columns: where a skip begins and where it ends stand in one row."""
    cells = u_cells(shape)
    heights = [0.0] * (1 + max(row for row, _ in cells.values()))
    for number, (row, _) in cells.items():
        heights[row] = max(heights[row], content[number].height)
    tops = [sum(heights[:row]) + GAP * row for row in range(len(heights))]
    rects = []
    for number, each in enumerate(content):
        row, column = cells[number]
        rects.append(Rect(COLUMN * column - each.width / 2, tops[row] + (heights[row] - each.height) / 2, each.width, each.height))
    skips = {(level.down[-1], other) for level in shape.levels for other in (*level.bypass, level.join)}
    skips |= {(other, level.join) for level in shape.levels for other in level.bypass}
    first, last = shape.levels[0].down[0], (shape.levels[0].join, *shape.levels[0].after)[-1]
    ways = [_way(rects[line.start], rects[line.end], (line.start, line.end) in skips) for line in drawn.lines if line.start is not None]
    x, _ = rects[first].middle
    out, _ = rects[last].middle
    ways += [Way([(x, rects[first].y - GAP), (x, rects[first].y)]), Way([(out, rects[last].y), (out, rects[last].y - GAP)])]
    return Sheet(
        [(list(each.marks(rect)), rect) for each, rect in zip(content, rects, strict=True)],
        ways,
        [Label(x + 5, rects[first].y - 22, sizes(topology.input_shape)), *_shapes(drawn, shape, rects, cells)],
    )


def u_cells(shape: UShape) -> dict[int, Cell]:
    """The row and column of every box."""
    cells: dict[int, Cell] = {}
    row = -1  # where the skip of the level above lies
    above = 0  # boxes of the way up that stand below it
    for level in shape.levels:
        row += max(len(level.down), above + len(level.after) + 1)
        cells |= {number: (row - index, 0) for index, number in enumerate(reversed(level.down))}
        cells |= dict.fromkeys(level.bypass, (row, 1))
        cells[level.join] = (row, 2)
        cells |= {number: (row - 1 - index, 2) for index, number in enumerate(level.after)}
        cells |= {number: (row + 1 + index, 2) for index, number in enumerate(reversed(level.before))}
        above = len(level.before)
    lowest = row + max(len(shape.bottom), above)
    return cells | {number: (lowest - index, 1) for index, number in enumerate(reversed(shape.bottom))}


def _way(start: Rect, end: Rect, skips: bool) -> Way:
    """Straight down, up or across; else sideways into the bottom, and out of it to what lies above."""
    (x, y), (to_x, to_y) = start.middle, end.middle
    if x == to_x:
        return Way([(x, start.bottom), (x, end.y)] if end.y > start.y else [(x, start.y), (x, end.bottom)], skips)
    if start.y < to_y < start.bottom or end.y < y < end.bottom:  # beside each other
        level = to_y if start.y < to_y < start.bottom else y
        return Way([(start.right, level), (end.x, level)], skips)
    if to_y > y:
        return Way([(x, start.bottom), (x, to_y), (end.x, to_y)], skips)
    return Way([(start.right, y), (to_x, y), (to_x, end.bottom)], skips)


def _shapes(drawn: Picture, shape: UShape, rects: Sequence[Rect], cells: dict[int, Cell]) -> Iterator[Label]:
    """The shape of what leaves a box: below it on the way down, above it on the way up, beside it where it goes across."""
    for number, (box, rect) in enumerate(zip(drawn.boxes, rects, strict=True)):
        _, column = cells[number]
        words = sizes(box.nodes[-1].output_shapes[0])
        x, y = rect.middle
        if column == 2:
            yield Label(x + 5, rect.y - 12, words)
        elif column == 0:
            yield Label(x + 5, rect.bottom + 22, words)
        elif number == shape.bottom[-1] or any(number in level.bypass for level in shape.levels):
            yield Label(rect.right + 6, y - 5, words)
        else:
            yield Label(x + 5, rect.bottom + 25, words)
