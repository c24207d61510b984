"""Figures as files."""

import builtins
import io

import numpy as np
import pytest

from minicnn.charts import Chart, Line, Picture, PictureGrid, svg, write
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
