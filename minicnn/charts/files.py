"""Figures as files: SVG, or PNG by a converter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from minicnn.charts.records import Figure
from minicnn.charts.sheet import svg
from minicnn.errors import SettingError
from minicnn.storage import atomic_write

SCALE = 2  # pixels of a PNG for one of the SVG: sharp on today's screens


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
    converted: bytes = cairosvg.svg2png(bytestring=text.encode(), scale=SCALE, background_color="#ffffff")
    return converted
