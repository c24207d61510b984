"""What a network sees in a picture, drawn over it: masks as colour, boxes as frames; for a terminal and as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt
from rich.console import Console, Group, RenderableType
from rich.text import Text

from minicnn.charts.colours import hexadecimal
from minicnn.charts.png import data_uri
from minicnn.charts.samples import Pixels as Picture
from minicnn.charts.samples import colour, with_boxes, with_mask
from minicnn.cli.render.data import can_draw_blocks, draw_ascii, draw_blocks

MARK = "#"  # of a mask's pixels and a box's frame where there is no colour
PIXEL = 4  # of SVG, for one of the picture
LETTER = 10  # height of a caption in SVG


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


def box_list(boxes: npt.NDArray, classes: Sequence[str]) -> Text:
    """A line for each box: class, score, place and size."""
    text = Text(no_wrap=True)
    for x, y, w, h, k, *score in np.asarray(boxes, np.float64).tolist():
        if k >= 0:
            sure = f" {100 * score[0]:.0f} %" if score else ""
            text.append(f"{classes[int(k)]}{sure}", "bold")
            text.append(f" at {x:.0f},{y:.0f}, {w:.0f}x{h:.0f}\n")
    text.rstrip()
    return text or Text("nothing found", "dim")


def mask_list(mask: npt.NDArray, classes: Sequence[str]) -> Text:
    """The share of the pixels that each class has."""
    shares = [(name, float((mask == k).mean())) for k, name in enumerate(classes)]
    return Text(", ".join(f"{name} {100 * share:.1f} %" for name, share in shares if share), no_wrap=True)


def answer(console: Console, caption: str, picture: Picture, found: npt.NDArray, classes: Sequence[str]) -> RenderableType:
    """A picture with what was found in it, (rows, columns) a mask, or (n, 6) boxes: drawn, and in words."""
    is_mask = found.dtype.kind in "iu"
    marked = with_mask(picture, found) if is_mask else with_boxes(picture, found)
    words = mask_list(found, classes) if is_mask else box_list(found, classes)
    return Group(Text(caption, "bold"), drawn(console, picture, marked), words, Text())


def svg(picture: Picture, found: npt.NDArray, classes: Sequence[str]) -> str:
    """The same as SVG: the pixels as they are, a mask as colour over them, boxes as frames with their class and score."""
    H, W = picture.shape[:2]
    is_mask = found.dtype.kind in "iu"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W * PIXEL} {H * PIXEL}" width="{W * PIXEL}" height="{H * PIXEL}"'
        f' font-family="sans-serif" font-size="{LETTER}">',
        f'<image width="{W * PIXEL}" height="{H * PIXEL}" style="image-rendering:pixelated" href="'
        f'{data_uri(with_mask(picture, found) if is_mask else picture)}"/>',
    ]
    for x, y, w, h, k, *score in [] if is_mask else np.asarray(found, np.float64).tolist():
        if k < 0:
            continue
        shade = hexadecimal(colour(int(k)))
        words = escape(classes[int(k)] + (f" {100 * score[0]:.0f} %" if score else ""))
        x, y, w, h = (each * PIXEL for each in (x, y, w, h))
        above = y - 2 if y >= LETTER + 2 else y + h + LETTER
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="none" stroke="{shade}" stroke-width="2"/>')
        parts.append(f'<text x="{x:.1f}" y="{above:.1f}" fill="{shade}">{words}</text>')
    return "\n".join([*parts, "</svg>\n"])
