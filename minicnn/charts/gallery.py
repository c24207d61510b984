"""Pictures with their captions as HTML that wraps with the width of a page."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.charts.colours import coloured, extent
from minicnn.charts.png import data_uri
from minicnn.charts.records import Picture
from minicnn.markup import shown

LIST = "display:flex;flex-wrap:wrap;gap:10px;list-style:none;padding:0;margin:8px 0"
ITEM = "margin:0;font-size:12px;line-height:1.3"
IMAGE = "image-rendering:pixelated;display:block;margin:0 0 3px;border:1px solid #8c959f"


def gallery(pictures: Sequence[Picture], size: int = 64, shared_range: bool = False) -> str:
    """A list of pictures, each `size` pixels wide or, if it is higher than wide, high; what they show is their caption.

    shared_range : whether one range of values holds for all of them
    """
    ranges = [extent(pictures if shared_range else [each], each.signed) for each in pictures]
    items = []
    for picture, (low, high) in zip(pictures, ranges, strict=True):
        rows, columns = picture.pixels.shape[-2:]
        scale = size / max(rows, columns)
        W, H = max(1, round(columns * scale)), max(1, round(rows * scale))
        link = data_uri(coloured(picture, low, high))
        items.append(
            f'<li style="{ITEM};width:{max(W, 40) + 2}px"><img src="{link}" alt="{shown(picture.caption)}" width="{W}" height="{H}"'
            f' style="{IMAGE}">{shown(picture.caption)}</li>'
        )
    return f'<ul style="{LIST}">{"".join(items)}</ul>'
