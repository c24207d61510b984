"""Pictures with what was found in them, side by side with captions: in a terminal, and as one SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from minicnn.charts.samples import Pixels as Picture
from minicnn.charts.samples import to_pictures
from minicnn.cli.render.overlay import LETTER, LETTERS, marked, pixel_of, room, svg_parts, within
from minicnn.storage import atomic_write

GAP = 2  # columns of a terminal
SPACE = 12  # of SVG
ACROSS = 960  # width of SVG up to which tiles stand side by side
NOTHING = "no mistakes"
LETTER_WIDTH = 0.6  # of its height: what most letters take at most
STYLE = "svg{background:#fff}.caption{fill:#222}@media(prefers-color-scheme:dark){svg{background:#161616}.caption{fill:#ddd}}"


class Tile(NamedTuple):
    """A picture, what was found in it (a mask, boxes, or nothing), and lines to stand over it."""

    captions: tuple[str, ...]
    picture: Picture
    found: npt.NDArray[Any] | None = None


def as_picture(image: npt.NDArray[Any]) -> Picture:
    """An image (C, *space) as a picture: a signal, or numbers without order, as a curve; of slices, that in the middle."""
    if image.ndim == 1:
        image = image[None]
    return to_pictures((image[:, len(image[0]) // 2] if image.ndim == 4 else image)[None])[0]


def grid(console: Console, groups: Sequence[Sequence[Tile]]) -> RenderableType:
    """Tiles in rows as wide as the console; those of a group stay together, shrunk if they are too wide."""
    most = max(map(len, groups), default=1)
    columns = max(1, (room(console) + GAP) // most - GAP)
    cells = []
    for group in groups:
        row = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
        for _ in group:
            row.add_column(max_width=columns)
        row.add_row(*(_cell(console, tile, columns) for tile in group))
        cells.append((row, sum(_width(tile, columns) for tile in group) + GAP * (len(group) - 1)))
    across = max(1, (room(console) + GAP) // (max((width for _, width in cells), default=1) + GAP))
    table = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    for start in range(0, len(cells), across):
        table.add_row(*(row for row, _ in cells[start : start + across]))
    return table


def _width(tile: Tile, columns: int) -> int:
    return min(columns, max(tile.picture.shape[1], *map(len, tile.captions)))


def _cell(console: Console, tile: Tile, columns: int) -> RenderableType:
    first, *more = tile.captions
    lines = [Text(first, "bold"), *(Text(line, "dim") for line in more)]
    return Group(*lines, marked(console, *within(tile.picture, tile.found, columns)), Text())


def sheet(groups: Sequence[Sequence[Tile]], classes: Sequence[str]) -> str:
    """The same as one SVG that needs no other file, light or dark as the reader's screen is."""
    parts: list[str] = []
    x = y = SPACE
    below = width = 0
    if not groups:
        parts.append(f'<text class="caption" x="{SPACE}" y="{SPACE + LETTER}">{NOTHING}</text>')
        below, width = SPACE + LETTER, int(len(NOTHING) * LETTER * LETTER_WIDTH) + 2 * SPACE
    for group in groups:
        sizes = [_drawn_size(tile) for tile in group]
        across = sum(w + SPACE for w, _ in sizes)
        if x > SPACE and x + across > ACROSS:
            x, y = SPACE, below + SPACE
        for tile, (w, h) in zip(group, sizes, strict=True):
            for n, line in enumerate(tile.captions):
                parts.append(f'<text class="caption" x="{x}" y="{y + LETTER + n * (LETTER + 3)}">{escape(line)}</text>')
            top = y + len(tile.captions) * (LETTER + 3) + 2
            parts += [
                f'<g transform="translate({x} {top})">',
                *svg_parts(tile.picture, tile.found, classes, pixel_of(tile.picture)),
                "</g>",
            ]
            x, below = x + w + SPACE, max(below, y + h)
        width = max(width, x)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {below + SPACE}" width="{width}" height="{below + SPACE}" {LETTERS}>'
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


def write_sheet(path: Path, groups: Sequence[Sequence[Tile]], classes: Sequence[str]) -> None:
    """Write it to a file, whole or not at all."""
    with atomic_write(path, "w") as file:
        file.write(sheet(groups, classes))


def _drawn_size(tile: Tile) -> tuple[int, int]:
    """Width and height of a tile in SVG."""
    pixel = pixel_of(tile.picture)
    H, W = (size * pixel for size in tile.picture.shape[:2])
    letters = max(len(line) for line in tile.captions) * LETTER * LETTER_WIDTH
    return max(W, int(letters) + 1), H + len(tile.captions) * (LETTER + 3) + 2 + LETTER
