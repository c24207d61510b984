"""A grid of pictures as SVG: every pixel as it is, captions below."""

from __future__ import annotations

from html import escape

import numpy as np

from minicnn.charts.colours import coloured, extent
from minicnn.charts.lettering import text, wrapped
from minicnn.charts.png import data_uri
from minicnn.charts.records import Picture, PictureGrid
from minicnn.markup import shown

TITLE, LETTER, SMALL = 14, 12, 11
ROW, CAPTION_ROW = 18, 14
EDGE, GAP = 8, 8
LEAST, MOST = 44, 160  # pixels across a picture
CAPTION_LINES = 3


def grid_marks(grid: PictureGrid, total: float) -> tuple[list[str], float]:
    """The elements of a grid `total` pixels wide, and its height.  Rows that are too long go on below."""
    marks: list[str] = []
    y = 0.0
    for line in wrapped(grid.title, total - 2 * EDGE, TITLE, 3):
        y += ROW + 2
        marks.append(text(EDGE, y - 4, line, "title"))
    if grid.shared_range and any(grid.rows):
        y += ROW
        marks.append(text(EDGE, y - 3, _range(grid), "dim"))
    room = total - 2 * EDGE
    across = max(1, min(max((len(row) for row in grid.rows), default=1), int((room + GAP) / (LEAST + GAP))))
    wide = min(MOST, (room + GAP) / across - GAP)
    y += 6
    for row in grid.rows:
        for start in range(0, len(row), across):
            pictures = row[start : start + across]
            high = max(wide * _height(picture) / _width(picture) for picture in pictures)
            captions = [wrapped(picture.caption, wide + GAP - 2, SMALL, CAPTION_LINES) for picture in pictures]
            for n, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
                marks += _picture(grid, picture, caption, EDGE + n * (wide + GAP), y, wide)
            y += high + CAPTION_ROW * max(map(len, captions)) + GAP
    return marks, y


def described(grid: PictureGrid) -> str:
    """What a grid shows, for those who do not see it."""
    captions = [picture.caption for row in grid.rows for picture in row]
    return f"{grid.title}: {len(captions)} pictures. {', '.join(caption for caption in captions if caption)}".strip()


def value_range(grid: PictureGrid, picture: Picture) -> tuple[float, float]:
    """The values that have the colours at both ends: of this picture, or of all with or without a sign as this one."""
    alike = (
        [each for row in grid.rows for each in row if each.signed == picture.signed and each.pixels.dtype != np.uint8]
        if grid.shared_range
        else [picture]
    )
    return extent(alike or [picture], picture.signed)


def _range(grid: PictureGrid) -> str:
    signed = [picture for row in grid.rows for picture in row if picture.signed]
    low, high = value_range(grid, signed[0] if signed else next(picture for row in grid.rows for picture in row))
    return f"blue {low:.3g}, white 0, orange {high:.3g}" if signed else f"black {low:.3g}, white {high:.3g}"


def _picture(grid: PictureGrid, picture: Picture, caption: list[str], x: float, y: float, wide: float) -> list[str]:
    high = wide * _height(picture) / _width(picture)
    link = data_uri(coloured(picture, *value_range(grid, picture)))
    marks = [
        f'<image class="mc-pixels" image-rendering="optimizeSpeed" preserveAspectRatio="none" x="{x:.1f}" y="{y:.1f}"'
        f' width="{wide:.1f}" height="{high:.1f}" href="{escape(link)}"><title>{shown(picture.caption)}</title></image>',
        f'<rect class="mc-edge" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>',
    ]
    return marks + [text(x, y + high + CAPTION_ROW * (n + 1) - 3, line, "small") for n, line in enumerate(caption)]


def _height(picture: Picture) -> int:
    return int(picture.pixels.shape[-2])


def _width(picture: Picture) -> int:
    return int(picture.pixels.shape[-1])
