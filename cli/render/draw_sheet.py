"""What a drawing of a network consists of, whichever way it is laid out: boxes in pixels, lines, words beside them; and as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

LINE_HEIGHT, PADDING = 14, 7  # of text in a box
MARGIN, HEAD = 40, 72
LETTER = 7  # width of a letter of the widest line, about
STYLE = """text{font-family:Helvetica,Arial,sans-serif;font-size:11px;fill:#1d2733}
.name{font-weight:bold}.dim{fill:#5b6875}.shape{fill:#5b6875;font-size:10px}.title{font-size:16px;font-weight:bold}
.box{stroke:#46535f;stroke-width:1}.frame{fill:#5b7a99;fill-opacity:.05;stroke:#9fb0c0;stroke-width:1}.block{fill:#6b7f92;font-size:10px}
.side{stroke:#46535f;stroke-width:.6;stroke-linejoin:round}.line{fill:none;stroke:#46535f;stroke-width:1.3;marker-end:url(#tip)}.skip{stroke:#b0413e}"""

Point = tuple[float, float]
Words = Sequence[tuple[str, str]]  # a box's lines, each with its class


class Rect(NamedTuple):
    """A box in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2


class Label(NamedTuple):
    """Words at a point; `anchor` says which part of them is there: start, middle or end."""

    x: float
    y: float
    text: str
    style: str = "shape"
    anchor: str = "start"

    def mark(self) -> str:
        return text(*self)

    @property
    def rect(self) -> Rect:
        width = 0.85 * LETTER * len(self.text)
        return Rect(self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor], self.y - 10, width, 13)


class Way(NamedTuple):
    """A line with an arrow at its end; a skip has a colour of its own."""

    points: Sequence[Point]
    skips: bool = False

    def mark(self) -> str:
        path = " ".join(f"{'M' if not index else 'L'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(self.points))
        return f'<path class="line{" skip" if self.skips else ""}" d="{path}"/>'


@dataclass(frozen=True)
class Sheet:
    """Everything in its place.

    boxes : marks of each box, and the rectangle it takes
    frames : rectangles around named blocks, outer ones first
    """

    boxes: Sequence[tuple[Sequence[str], Rect]]
    ways: Sequence[Way]
    labels: Sequence[Label]
    frames: Sequence[Rect] = ()

    def svg(self, title: str, source: str) -> str:
        """The whole file, title and source above."""
        left, top, right, bottom = self._bounds()
        width = max(right - left + 2 * MARGIN, LETTER * len(source) + 2 * MARGIN)
        height = bottom - top + HEAD + MARGIN
        middle, above = (left + right) / 2, top - HEAD
        box = f'x="{middle - width / 2:.0f}" y="{above:.0f}" width="{width:.0f}" height="{height:.0f}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
                f' viewBox="{middle - width / 2:.0f} {above:.0f} {width:.0f} {height:.0f}">',
                f"<title>{escape(title)}</title>",
                f"<style>{STYLE}</style>",
                '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
                '<path d="M0 0 8 4 0 8z" fill="#46535f"/></marker></defs>',
                f'<rect {box} fill="#ffffff"/>',
                text(middle, above + 26, title, "title", "middle"),
                text(middle, above + 44, source, "dim", "middle"),
                *(f'<rect class="frame" {_attributes(frame)} rx="6"/>' for frame in self.frames),
                *(way.mark() for way in self.ways),
                *(mark for marks, _ in self.boxes for mark in marks),
                *(label.mark() for label in self.labels),
                "</svg>",
                "",
            ]
        )

    def _bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all there is."""
        rects = [*(rect for _, rect in self.boxes), *self.frames, *(label.rect for label in self.labels)]
        points = [point for way in self.ways for point in way.points]
        xs = [*(rect.x for rect in rects), *(rect.right for rect in rects), *(x for x, _ in points)]
        ys = [*(rect.y for rect in rects), *(rect.bottom for rect in rects), *(y for _, y in points)]
        return min(xs), min(ys), max(xs), max(ys)


def text_box(rect: Rect, words: Words, colour: str) -> Iterator[str]:
    """A box with its lines of text."""
    yield f'<rect class="box" {_attributes(rect)} rx="4" fill="{colour}"/>'
    for number, (line, style) in enumerate(words):
        yield text(rect.middle[0], rect.y + PADDING + LINE_HEIGHT * number + 10, line, style, "middle")


def text(x: float, y: float, words: str, style: str, anchor: str) -> str:
    """One line of text."""
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _attributes(rect: Rect) -> str:
    return f'x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}"'
