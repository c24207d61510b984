"""A network's picture to scale, as in papers' figures: a box's height is its rows, its width its channels, its depth its columns.

Flat features stand upright: their number is the height, on a scale of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from minicnn.cli.render.draw_flow import START, Content, Direction, flow_sheet
from minicnn.cli.render.draw_sheet import Label, Rect, Sheet, Way, text
from minicnn.cli.render.draw_words import colour_of, main_layer, operation, wrapped
from minicnn.graph import Topology
from minicnn.graph.drawing import Box, Picture
from minicnn.graph.formats import sizes
from minicnn.graph.u_shape import UShape
from minicnn.layers import Shape

ROWS, CHANNELS, FEATURES = 150.0, 84.0, 120.0  # pixels of the largest
UPRIGHT = 7.0  # width of flat features
LEAST = 1.5
SLANT = 0.25  # of a column's depth, to the right and upwards
LINE, LETTER, LETTERS = 13, 5.6, 21  # of the words below
GAP, LEVEL_GAP = 26, 34
INPUT_COLOUR = "#ffffff"
FLOW = Direction(True, GAP, 30)
NOTE = "to scale: height rows, width channels, depth columns"


@dataclass(frozen=True)
class Scale:
    """Pixels for a row, a channel, a feature."""

    row: float
    channel: float
    feature: float

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> Scale:
        maps = [shape for shape in shapes if len(shape) > 1]
        flat = [shape[0] for shape in shapes if len(shape) == 1]
        return cls(
            ROWS / max((max(shape[-2:] if len(shape) > 2 else shape[-1:]) for shape in maps), default=1),
            CHANNELS / max((shape[0] for shape in maps), default=1),
            FEATURES / max(flat, default=1),
        )

    def block(self, shape: Shape, words: Sequence[tuple[str, str]], colour: str) -> Block:
        if len(shape) == 1:
            return Block(UPRIGHT, max(LEAST, shape[0] * self.feature), 0.0, words, colour)
        rows = shape[-2] if len(shape) > 2 else shape[-1]
        depth = SLANT * shape[-1] * self.row if len(shape) > 2 else 0.0
        return Block(max(LEAST, shape[0] * self.channel), max(LEAST, rows * self.row), depth, words, colour)


@dataclass(frozen=True)
class Block:
    """A block in pixels, its depth as it is drawn, with words below it.

    Its rectangle has as much room above as the words take below, so that lines meet the block in its middle.
    """

    width: float
    height: float
    depth: float
    words: Sequence[tuple[str, str]]
    colour: str

    @property
    def below(self) -> float:
        return 4.0 + LINE * len(self.words)

    @property
    def content(self) -> Content:
        room = max(LETTER * len(line) for line, _ in self.words)
        across = self.width + self.depth
        return Content(across, self.height + self.depth + 2 * self.below, self.marks, max(room, across))

    def marks(self, rect: Rect) -> Iterator[str]:
        """Front, top and side of the block, words below."""
        x, y, w, h, d = rect.x, rect.y + self.below + self.depth, self.width, self.height, self.depth
        if d:
            yield _polygon([(x, y), (x + d, y - d), (x + w + d, y - d), (x + w, y)], self.colour, 0.92)
            yield _polygon([(x + w, y), (x + w + d, y - d), (x + w + d, y + h - d), (x + w, y + h)], self.colour, 0.85)
        yield f'<rect class="side" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{self.colour}"/>'
        for number, (line, style) in enumerate(self.words):
            yield text(rect.middle[0], y + h + LINE * (number + 1), line, style, "middle")


def scaled_sheet(topology: Topology, drawn: Picture, shape: UShape | None, network: str) -> Sheet:
    """Blocks from left to right; of a U, a level in each row."""
    scale = Scale.of([topology.input_shape, *map(shape_of, drawn.boxes)])
    blocks = [_block(box, scale, network) for box in drawn.boxes]
    given = scale.block(topology.input_shape, [("input", "name"), (sizes(topology.input_shape), "shape")], INPUT_COLOUR)
    if shape is not None:
        return _u_sheet(drawn, shape, blocks, given)
    sheet = flow_sheet(topology, drawn, [block.content for block in blocks], FLOW, framed=False)
    rect = _placed(given, START - 4 - given.content.room / 2, 0.0)
    rects = [rect, *(rect for _, rect in sheet.boxes)]
    return Sheet([_seen(*each) for each in zip([given, *blocks], rects, strict=True)], sheet.ways, sheet.labels)


def shape_of(box: Box) -> Shape:
    """The shape of what a box gives, before it is flattened."""
    return next((node.output_shapes[0] for node in reversed(box.nodes) if len(node.output_shapes[0]) > 1), box.nodes[-1].output_shapes[0])


def _block(box: Box, scale: Scale, network: str) -> Block:
    """With its name, its shape, and what computes it."""
    loud = main_layer(box)
    folded = box.title or ("" if box.block is None else (box.block or (network,))[-1])
    words = [(folded or loud.name.rpartition(".")[2], "name"), (sizes(shape_of(box)), "shape")]
    what = f"{len(box.nodes)} layers" if folded else operation(loud)
    return scale.block(shape_of(box), [*words, *((line, "shape") for line in wrapped(what, LETTERS))], colour_of(box))


def _placed(block: Block, x: float, y: float) -> Rect:
    """A block's rectangle around its middle."""
    content = block.content
    return Rect(x - content.width / 2, y - content.height / 2, content.width, content.height)


def _seen(block: Block, rect: Rect) -> tuple[list[str], Rect]:
    """A block's marks, and the rectangle that holds them: without the room above."""
    room = block.content.room
    return list(block.marks(rect)), Rect(rect.middle[0] - room / 2, rect.y + block.below, room, rect.height - block.below)


def _polygon(points: Sequence[tuple[float, float]], colour: str, light: float) -> str:
    shade = "#" + "".join(f"{round(int(colour[n : n + 2], 16) * light):02x}" for n in (1, 3, 5))
    return f'<polygon class="side" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="{shade}"/>'


def _u_sheet(drawn: Picture, shape: UShape, blocks: Sequence[Block], given: Block) -> Sheet:
    """One block after the other in the row of its level; the first after a step stands below or above the one before it."""
    order = [(depth, number) for depth, level in enumerate(shape.levels) for number in level.down]
    order += [(len(shape.levels), number) for number in shape.bottom]
    for depth, level in reversed([*enumerate(shape.levels)]):
        order += [(depth, number) for number in (*level.before, level.join, *level.after)]
    heights = [max(blocks[number].content.height for row, number in order if row == depth) for depth in range(len(shape.levels) + 1)]
    middles = [sum(heights[:depth]) + LEVEL_GAP * depth + heights[depth] / 2 for depth in range(len(heights))]
    free = [0.0] * len(heights)  # in each row, where there is room
    rects: dict[int, Rect] = {}
    before: int | None = None
    for depth, number in order:
        room = blocks[number].content.room
        x = free[depth] + room / 2
        if before is not None and abs(rects[before].middle[1] - middles[depth]) > 1:
            x = max(x, rects[before].middle[0])
        rects[number] = _placed(blocks[number], x, middles[depth])
        free[depth], before = x + room / 2 + GAP, number
    last = rects[order[-1][1]]
    start = _placed(given, -GAP - given.content.room / 2, middles[0])
    path = [(given, start), *((blocks[number], rects[number]) for _, number in order)]
    ways = [_step(*one, *other) for one, other in pairwise(path)]
    ways.append(Way([(last.right + 3, last.middle[1]), (last.right + GAP, last.middle[1])]))
    labels = []
    for depth, level in enumerate(shape.levels):
        ends = [(rects[number].middle[0], rects[number].y + blocks[number].below) for number in (level.down[-1], level.join)]
        over = min(rects[number].y + blocks[number].below for row, number in order if row == depth) - 12
        (left, _), (right, _) = ends
        ways.append(Way([ends[0], (left, over), (right, over), ends[1]], skips=True))
        words = " and ".join([*(drawn.boxes[number].nodes[0].layer.kind().lower() for number in level.bypass), "copy"])
        labels.append(Label((left + right) / 2, over - 4, words, anchor="middle"))
    return Sheet([_seen(*each) for each in path], ways, labels)


def _step(block: Block, start: Rect, other: Block, end: Rect) -> Way:
    """Straight on in a row; down from below a block's words; up from its top."""
    (x, y), (to_x, to_y) = start.middle, end.middle
    if abs(y - to_y) < 1:  # up to rounding
        return Way([(start.right + 3, y), (end.x - 3, y)])
    down = to_y > y
    leaves, arrives = (start.bottom + 2, end.y + other.below - 2) if down else (start.y + block.below - 2, end.bottom + 4)
    bend = (leaves + arrives) / 2
    return Way([(x, leaves), *([] if x == to_x else [(x, bend), (to_x, bend)]), (to_x, arrives)])
