"""What a network sees in a picture, drawn over it: masks as colour, boxes as frames; for a terminal and as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from minicnn.charts.colours import hexadecimal
from minicnn.charts.png import data_uri
from minicnn.charts.samples import Pixels as Picture
from minicnn.charts.samples import colour, with_boxes, with_mask
from minicnn.cli.render.data import PIPE_PICTURE_COLUMNS, can_draw_blocks, draw_ascii, draw_blocks
from minicnn.datasets.pictures import resize
from minicnn.errors import one_line

MARK = "#"  # of a mask's pixels and a box's frame where there is no colour
PIXEL = 4  # of SVG, for one of the picture
LEAST, LARGEST = 112, 480  # of SVG, for the longer side of a picture, unless it has more pixels
LETTER = 10  # height of a caption in SVG
LETTERS = f'font-family="sans-serif" font-size="{LETTER}"'


def drawn(console: Console, picture: Picture, marked: Picture) -> Text:
    """A picture with its marks as text: in colour, or in characters, where what was marked is shown by a sign of its own."""
    if can_draw_blocks(console):
        return draw_blocks(marked)
    lines = draw_ascii(picture).plain.split("\n")
    changed = (picture != marked).any(axis=2)
    if len(changed) % 2:
        changed = np.vstack([changed, np.zeros_like(changed[:1])])
    pairs = changed[0::2] | changed[1::2]
    return Text(
        "\n".join("".join(MARK if c else s for s, c in zip(*row, strict=True)) for row in zip(lines, pairs, strict=True)), no_wrap=True
    )


def within(picture: Picture, found: npt.NDArray[Any] | None, columns: int) -> tuple[Picture, npt.NDArray[Any] | None]:
    """A picture and what was found in it, shrunk to so many columns if it is wider."""
    H, W = picture.shape[:2]
    if columns >= W:
        return picture, found
    rows = max(1, round(H * columns / W))
    small = resize(picture.transpose(2, 0, 1), rows, columns).transpose(1, 2, 0)
    if found is None:
        return small, None
    if is_mask(found):
        places = [((np.arange(out) + 0.5) * size / out).astype(int) for size, out in zip((H, W), (rows, columns), strict=True)]
        return small, found[np.ix_(*places)]
    boxes = np.array(found, np.float64)
    boxes[:, :4] *= (columns / W, rows / H, columns / W, rows / H)
    return small, boxes


def is_mask(found: npt.NDArray[Any]) -> bool:
    """Whether it is a mask, of integers, or boxes."""
    return found.dtype.kind in "iu"


def box_list(boxes: npt.NDArray[Any], classes: Sequence[str]) -> Text:
    """A line for each box: class, score, place and size."""
    text = Text(no_wrap=True)
    for x, y, w, h, k, *score in np.asarray(boxes, np.float64).tolist():
        if k >= 0:
            sure = f" {100 * score[0]:.0f} %" if score else ""
            text.append(f"{one_line(classes[int(k)])}{sure}", Style(bold=True, color=Color.from_rgb(*colour(int(k)))))
            text.append(f" at {x:.0f},{y:.0f}, {w:.0f}x{h:.0f}\n")
    text.rstrip()
    return text or Text("nothing found", "dim")


def mask_list(mask: npt.NDArray[Any], classes: Sequence[str]) -> Text:
    """The share of the pixels that each class has."""
    text = Text(no_wrap=True)
    for k, name in enumerate(classes):
        if share := float((mask == k).mean()):
            style = Style(bold=True, color=Color.from_rgb(*colour(k))) if k else Style(bold=True)  # class 0 is not coloured
            text.append(", " if text else "").append(one_line(name), style).append(f" {100 * share:.1f} %")
    return text


def answer(console: Console, caption: str, picture: Picture, found: npt.NDArray[Any], classes: Sequence[str]) -> RenderableType:
    """A picture with what was found in it, (rows, columns) a mask, or (n, 6) boxes: drawn, no wider than the console, and in words."""
    small, marks = within(picture, found, room(console))
    words = mask_list(found, classes) if is_mask(found) else box_list(found, classes)
    return Group(Text(caption, "bold"), marked(console, small, marks), words, Text())


def room(console: Console) -> int:
    """Columns for a picture."""
    return console.width if console.is_terminal else min(console.width, PIPE_PICTURE_COLUMNS)


def marked(console: Console, picture: Picture, found: npt.NDArray[Any] | None) -> Text:
    """A picture as text, with a mask or boxes over it."""
    if found is None:
        return drawn(console, picture, picture)
    return drawn(console, picture, with_mask(picture, found) if is_mask(found) else with_boxes(picture, found))


def svg(picture: Picture, found: npt.NDArray[Any], classes: Sequence[str]) -> str:
    """The same as SVG: the pixels as they are, a mask as colour over them, boxes as frames with their class and score."""
    pixel = pixel_of(picture)
    H, W = (size * pixel for size in picture.shape[:2])
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" width="{W}" height="{H}" {LETTERS}>'
    return "\n".join([head, *svg_parts(picture, found, classes, pixel), "</svg>\n"])


def pixel_of(picture: Picture) -> int:
    """How large a pixel is drawn in SVG: a small picture is enlarged."""
    longer = max(picture.shape[:2])
    return max(1, min(LARGEST // longer, max(PIXEL, LEAST // longer)))


def _cut(start: float, length: float, most: float) -> tuple[float, float]:
    """Start and length of the part of a box that lies in a picture, from 0 to `most`."""
    first, last = (min(max(0.0, each), most) for each in (start, start + length))
    return first, last - first


def svg_parts(picture: Picture, found: npt.NDArray[Any] | None, classes: Sequence[str], pixel: int) -> list[str]:
    """The elements of such a drawing, from 0, 0 on."""
    H, W = (size * pixel for size in picture.shape[:2])
    mask, boxes = (None, ()) if found is None else (found, ()) if is_mask(found) else (None, np.asarray(found, np.float64).tolist())
    shown = picture if mask is None else with_mask(picture, mask)
    parts = [f'<image width="{W}" height="{H}" style="image-rendering:pixelated" href="{data_uri(shown)}"/>']
    for x, y, w, h, k, *score in boxes:
        if k < 0:
            continue
        shade = hexadecimal(colour(int(k)))
        words = escape(one_line(classes[int(k)]) + (f" {100 * score[0]:.0f} %" if score else ""))
        (x, w), (y, h) = (_cut(start * pixel, length * pixel, most) for start, length, most in ((x, w, W), (y, h, H)))
        above = y - 2 if y >= LETTER + 2 else y + h + LETTER
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="none" stroke="{shade}" stroke-width="2"/>')
        parts.append(f'<text x="{x:.1f}" y="{above:.1f}" fill="{shade}">{words}</text>')
    return parts
