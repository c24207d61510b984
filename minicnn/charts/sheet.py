"""Figures below each other as one SVG: self-contained, light or dark as its reader has it, without a script.

Classes start with "mc-", and their rules are the same in every drawing, so that any number of them fit into one page; the ids of what is
cut out follow from the content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from minicnn.charts import pictures, plot
from minicnn.charts.colours import ON_DARK, ON_LIGHT, hexadecimal
from minicnn.charts.records import Chart, Figure, PictureGrid
from minicnn.errors import SettingError, quoted
from minicnn.markup import shown

LEAST_WIDTH = 120
BETWEEN = 22  # figures


def _series(colours: Sequence[Sequence[int]]) -> str:
    return "".join(
        f".mc-s{n}.mc-line{{stroke:{hexadecimal(each)}}}.mc-s{n}.mc-fill{{fill:{hexadecimal(each)}}}" for n, each in enumerate(colours)
    )


# CairoSVG reads what is outside of @media: the light theme.  Paper is light as well.
STYLE = (
    ".mc-sheet{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
    ".mc-back{fill:#ffffff}.mc-text{font-size:12px;fill:#1f2328}.mc-title{font-size:14px;font-weight:600}"
    ".mc-dim,.mc-tick{fill:#59636e}.mc-small{font-size:11px;fill:#59636e}"
    ".mc-grid{stroke:#d8dee4;stroke-width:1;fill:none}.mc-axis{stroke:#6e7781;stroke-width:1;fill:none}"
    ".mc-edge{fill:none;stroke:#8c959f;stroke-width:.7}"
    ".mc-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.mc-dashed{stroke-dasharray:6 5}"
    + _series(ON_LIGHT)
    + "@media all{.mc-sheet{max-width:100%;height:auto}.mc-pixels{image-rendering:pixelated}.mc-tick{font-variant-numeric:tabular-nums}}"
    + "@media screen and (prefers-color-scheme:dark){.mc-back{fill:#15191e}.mc-text{fill:#e6edf3}.mc-dim,.mc-tick,.mc-small{fill:#9da7b3}"
    ".mc-grid{stroke:#2d333b}.mc-axis{stroke:#8b949e}.mc-edge{stroke:#545d68}" + _series(ON_DARK) + "}"
)


def svg(figure: Figure | Sequence[Figure], width: int = 640) -> str:
    """The text of an SVG `width` pixels wide, narrower where there is less room: a file of its own, or an element of a page.

    The same figure gives the same text.

    >>> from minicnn.charts import Chart, Line
    >>> svg(Chart("a line", (Line("y", [0, 1], [0, 1]),)))[:42]
    '<svg xmlns="http://www.w3.org/2000/svg" cl'

    Raises
    ------
    SettingError
        If something is not a figure, or the width is below 120.
    """
    figures = [figure] if isinstance(figure, Chart | PictureGrid) else list(figure)
    for each in figures:
        if not isinstance(each, Chart | PictureGrid):
            raise SettingError(f"svg: a figure is a Chart or a PictureGrid, but one is {quoted(each)}")
    if not figures or width < LEAST_WIDTH:
        raise SettingError(f"svg: {len(figures)} figures, {width} pixels wide\n  one figure or more, at least {LEAST_WIDTH} pixels")
    key = hashlib.sha256(repr((width, figures)).encode()).hexdigest()[:10]
    body: list[str] = []
    y = 8.0
    for number, each in enumerate(figures):
        marks, height = plot.chart_marks(each, width, f"{key}-{number}") if isinstance(each, Chart) else pictures.grid_marks(each, width)
        body += [f'<g transform="translate(0 {y:.1f})">', *marks, "</g>"]
        y += height + (BETWEEN if number + 1 < len(figures) else 8)
    title = ", ".join(each.title for each in figures)
    words = " ".join(plot.described(each) if isinstance(each, Chart) else pictures.described(each) for each in figures)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="mc-sheet" role="img" aria-label="{shown(title)}" width="{width}" height="{y:.0f}"'
            f' viewBox="0 0 {width} {y:.0f}">',
            f"<title>{shown(title)}</title>",
            f"<desc>{shown(words)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect class="mc-back" width="{width}" height="{y:.0f}"/>',
            *body,
            "</svg>",
            "",
        ]
    )
