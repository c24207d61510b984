"""Figures as files: SVG, or PNG by a converter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from minicnn.charts.records import Figure
from minicnn.charts.sheet import svg
from minicnn.errors import SettingError
from minicnn.storage import atomic_write

SCALE = 2  # pixels of a PNG for one of the SVG: sharp on today's screens
LARGEST = 32_767  # pixels along a side: Cairo makes no larger picture
SCREEN_FONTS = "system-ui,-apple-system,'Segoe UI',"
SIZE = re.compile(r'<svg [^>]*width="([0-9]+)" height="([0-9]+)"')


def write(path: str | Path, figure: Figure | Sequence[Figure], width: int = 640) -> None:
    """Write a figure, or several below each other, as .svg or .png.

    Raises
    ------
    SettingError
        If the name ends in neither, or a PNG is wanted and CairoSVG is not installed.
    CheckpointError
        If the file cannot be written.
    """
    write_svg(path, svg(figure, width))


def write_svg(path: str | Path, text: str) -> None:
    """Write the text of an SVG as it is, or converted to PNG, as the name's end says."""
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in (".svg", ".png"):
        raise SettingError(f"{target}: figures are written as .svg or .png\n  use {target.with_suffix('.svg')}")
    content = text.encode() if kind == ".svg" else to_png(text, target)
    with atomic_write(target) as file:
        file.write(content)


def to_png(text: str, target: Path) -> bytes:
    """The text of an SVG as the content of a PNG, on white."""
    try:
        import cairosvg
    except (ImportError, OSError) as error:  # an OSError where the package is there and Cairo's library is not
        raise SettingError(
            f"{target}: PNG needs CairoSVG, which cannot be imported\n  {error}\n  pip install 'minicnn[figures]', or use {target.with_suffix('.svg')}"
        ) from None
    text = text.replace(SCREEN_FONTS, "")  # CairoSVG asks for the first alone, and would get the widest there is
    found = SIZE.match(text)
    scale = min(SCALE, LARGEST / max(map(int, found.groups()))) if found else SCALE
    converted: bytes = cairosvg.svg2png(bytestring=text.encode(), scale=scale, background_color="#ffffff")
    return converted
