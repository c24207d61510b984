"""What a network says of a picture, as HTML for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicnn.charts import Picture, gallery
from minicnn.charts.samples import numbers, with_mask
from minicnn.markup import table

if TYPE_CHECKING:
    from minicnn.train.answers import Answer

MOST_CLASSES = 5
BAR = "background:#0072b2;height:10px;display:inline-block;vertical-align:middle;margin-right:6px"
MASK_WIDTH = 160


def as_html(answer: Answer) -> str:
    """The most probable classes with bars, a mask in colour, or a table."""
    if answer.kind == "class":
        rows = "".join(
            f'<tr><th scope="row">{guess.label}</th><td style="text-align:left"><span style="{BAR};width:{120 * guess.probability:.0f}px">'
            f"</span>{100 * guess.probability:.1f} %</td></tr>"
            for guess in answer.guesses((), MOST_CLASSES)
        )
        return f"<table><tbody>{rows}</tbody></table>"
    if answer.kind == "mask" and answer.found.ndim == 2:
        known = range(int(answer.found.max(initial=0)) + 1)
        shares = ", ".join(f"{name} {100 * share:.1f} %" for name, share in answer.shares([str(k) for k in known]).items() if share)
        plain = np.zeros((*answer.found.shape, 3), np.uint8)
        return gallery([Picture(shares, with_mask(plain, answer.found).transpose(2, 0, 1))], MASK_WIDTH)
    if answer.kind == "boxes":
        rows_of = [
            (f"{k:.0f}", f"{100 * score:.0f} %", *(f"{each:.0f}" for each in (x, y, w, h)))
            for x, y, w, h, k, score in answer.found.tolist()
        ]
        return table(("class", "score", "x", "y", "width", "height"), rows_of, (True,) * 6)
    return table(("numbers",), [(numbers(answer.found),)])
