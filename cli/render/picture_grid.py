"""A grid of pictures on a terminal: half blocks in colour, else characters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from minicnn.charts.colours import coloured
from minicnn.charts.pictures import value_range
from minicnn.charts.records import Picture, PictureGrid
from minicnn.cli.render.data import can_draw_blocks, draw_ascii, draw_blocks

PIPE_COLUMNS = 100  # of a row of pictures in a pipe
USUAL = 10  # columns of a small picture, so that single pixels are seen
CAPTION = 16  # columns that a caption may be wider than its picture
GAP = 2


def grid_lines(console: Console, grid: PictureGrid) -> list[Text]:
    """Title, and rows of pictures that go on below where they are too wide."""
    room = console.width if console.is_terminal else min(console.width, PIPE_COLUMNS)
    lines = [Text(grid.title, "bold")]
    for row in grid.rows:
        drawn = [(_drawn(console, grid, picture, room), picture.caption) for picture in row]
        while drawn:
            widths: list[int] = []
            for picture, caption in drawn:
                wide = max(picture[0].cell_len, min(len(caption), CAPTION))
                if widths and sum(widths) + GAP * len(widths) + wide > room:
                    break
                widths.append(min(wide, room))
            lines += _side_by_side(drawn[: len(widths)], widths)
            drawn = drawn[len(widths) :]
    return lines


def _side_by_side(drawn: list[tuple[list[Text], str]], widths: list[int]) -> list[Text]:
    """Captions, below them the pictures, then an empty line."""
    lines = [Text()]
    for (_, caption), wide in zip(drawn, widths, strict=True):
        lines[0].append(set_cell_size(caption if len(caption) <= wide else f"{caption[: wide - 1]}\u2026", wide) + " " * GAP)
    for n in range(max(len(picture) for picture, _ in drawn)):
        line = Text()
        for (picture, _), wide in zip(drawn, widths, strict=True):
            part = picture[n] if n < len(picture) else Text()
            line.append_text(part).append(" " * (wide - part.cell_len + GAP))
        lines.append(line)
    for line in lines:
        line.rstrip()
    return [*lines, Text()]


def _drawn(console: Console, grid: PictureGrid, picture: Picture, room: int) -> list[Text]:
    """The lines of a picture, with small ones enlarged and large ones reduced."""
    low, high = value_range(grid, picture)
    blocks = can_draw_blocks(console)
    if picture.signed and not blocks:  # by value alone
        picture = replace(picture, signed=False)
    pixels = coloured(picture, low, high)
    W = pixels.shape[1]
    times, share = max(1, USUAL // W), math.ceil(W / room)
    pixels = _reduced(pixels.repeat(times, axis=0).repeat(times, axis=1), share)
    drawn = draw_blocks(pixels[..., :3], pixels[..., 3] == 0) if blocks else draw_ascii(pixels[..., :3])
    return list(drawn.split("\n", allow_blank=True))


def _reduced(pixels: npt.NDArray[np.uint8], share: int) -> npt.NDArray[np.uint8]:
    """One pixel, the mean, for `share` by `share` of them."""
    if share == 1:
        return pixels
    H, W, C = pixels.shape
    edge = np.pad(pixels, ((0, -H % share), (0, -W % share), (0, 0)), mode="edge").astype(np.float64)
    return np.rint(edge.reshape(-(-H // share), share, -(-W // share), share, C).mean(axis=(1, 3))).astype(np.uint8)
