"""Filters as small matrices, and pictures side by side in half-block characters."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import print_whole
from minicnn.cli.render.data import PIPE_PICTURE_COLUMNS, can_draw_blocks, draw_ascii, draw_blocks
from minicnn.datasets.pictures import Picture, resize

GAP = 3
MOST_ROWS = 60  # of pixels: 30 lines
LEAST_COLUMNS = 24  # of a picture beside another
LARGEST_DENOMINATOR = 999  # of a filter's number


def print_kernels(console: Console, kernels: Mapping[str, npt.NDArray[Any]]) -> None:
    """Every filter with its name."""
    cells: list[RenderableType] = [Group(Text(name, "bold cyan"), matrix(kernel), Text()) for name, kernel in kernels.items()]
    widths = [max(len(name), console.measure(matrix(kernel)).maximum) for name, kernel in kernels.items()]
    print_whole(console, _side_by_side(cells, max(widths), console.width if console.is_terminal else PIPE_PICTURE_COLUMNS))


def matrix(kernel: npt.NDArray[Any]) -> Table:
    """A filter's numbers, as fractions if they are not whole."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(kernel.shape[1]):
        table.add_column(justify="right", no_wrap=True)
    for row in kernel.tolist():
        table.add_row(*(str(Fraction(number).limit_denominator(LARGEST_DENOMINATOR)) for number in row))
    return table


def print_pictures(console: Console, pictures: Mapping[str, Picture]) -> None:
    """Pictures (C, H, W) of one size with their captions, shrunk to fit; side by side if there is room."""
    room = console.width if console.is_terminal else PIPE_PICTURE_COLUMNS
    beside = (room - GAP * (len(pictures) - 1)) // len(pictures)
    columns = beside if beside >= LEAST_COLUMNS else room
    draw = draw_blocks if can_draw_blocks(console) else draw_ascii
    cells: list[RenderableType] = []
    width = 0
    for caption, picture in pictures.items():
        small = shrunk(picture, MOST_ROWS, columns)
        colours = np.broadcast_to(small, (3, *small.shape[1:])).transpose(1, 2, 0)
        width = max(width, small.shape[2], min(len(caption), columns))
        cells.append(Group(Text(caption[:columns], "bold"), draw(colours), Text()))
    print_whole(console, _side_by_side(cells, width, room))


def shrunk(picture: Picture, rows: int, columns: int) -> Picture:
    """A picture no larger than this, its sides in proportion."""
    _, H, W = picture.shape
    share = min(1.0, rows / H, columns / W)
    return picture if share == 1.0 else resize(picture, max(1, round(H * share)), max(1, round(W * share)))


def _side_by_side(cells: list[RenderableType], width: int, room: int) -> Table:
    across = max(1, (room + GAP) // (width + GAP))
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for start in range(0, len(cells), across):
        grid.add_row(*cells[start : start + across])
    return grid
