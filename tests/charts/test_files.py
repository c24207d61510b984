"""Figures as files."""

import builtins
import io
import struct

import numpy as np
import pytest

from minicnn.charts import Chart, Line, Picture, PictureGrid, svg, write
from minicnn.charts.files import SCREEN_FONTS, write_svg
from minicnn.errors import SettingError

FIGURE = [Chart("a line", (Line("y", [0, 1], [0, 1]),)), PictureGrid("pixels", ((Picture("", np.eye(3)),),))]


def test_an_svg_is_the_text(tmp_path):
    write(tmp_path / "figure.svg", FIGURE)
    assert (tmp_path / "figure.svg").read_text(encoding="utf-8") == svg(FIGURE)


def test_a_png_shows_lines_text_and_pixels(tmp_path):
    pytest.importorskip("cairosvg")
    Image = pytest.importorskip("PIL.Image")
    write(tmp_path / "figure.png", FIGURE, width=200)
    picture = np.asarray(Image.open(io.BytesIO((tmp_path / "figure.png").read_bytes())).convert("RGB")).astype(int)
    assert picture.shape[1] == 400
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert (np.abs(picture - (0, 114, 178)).sum(axis=2) < 10).sum() > 100  # the line
    assert (picture.sum(axis=2) == 0).sum() > 400  # black pixels


def test_a_png_without_a_converter_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "cairosvg":
            raise ImportError("No module named 'cairosvg'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingError, match=r"figure.png: PNG needs CairoSVG") as found:
        write(tmp_path / "figure.png", FIGURE)
    assert "pip install 'minicnn[figures]'" in str(found.value)
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"figure.jpg: figures are written as .svg or .png"):
        write(tmp_path / "figure.jpg", FIGURE)


def test_a_png_that_would_be_too_large_is_made_smaller(tmp_path):
    pytest.importorskip("cairosvg")
    write_svg(
        tmp_path / "long.png",
        '<svg xmlns="http://www.w3.org/2000/svg" class="mc-sheet" width="12" height="40000" viewBox="0 0 12 40000"></svg>',
    )
    assert (tmp_path / "long.png").read_bytes()[16:24] == struct.pack(">II", 10, 32767)


def test_fonts_of_screens_are_those_of_the_drawings():
    assert f"font-family:{SCREEN_FONTS}Helvetica" in svg(FIGURE)
