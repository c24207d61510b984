"""Figures on a terminal: what is seen with and without colour, in narrow windows, without Unicode."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from minicnn.charts import Bars, Chart, Line, Picture, PictureGrid
from minicnn.cli.render.chart import print_figure

RISING = Chart("two lines", (Line("up", range(10), range(10)), Line("down", range(10), range(9, -1, -1))), "epoch", "share")
BARS = Chart("bars", (Bars("precision", ["zero", "one"], [0.5, 1]), Bars("recall", ["zero", "one"], [-0.5, 0.25])))
GRID = PictureGrid("maps", (tuple(Picture(f"map {n}", np.arange(30.0).reshape(5, 6)) for n in range(12)),))


def shown(figure, width=80, encoding="utf-8", colour=False):
    terminal = {"force_terminal": True, "color_system": "truecolor", "legacy_windows": False} if colour else {"color_system": None}
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    print_figure(Console(file=stream, width=width, **terminal), figure)
    return stream.buffer.getvalue().decode(encoding)


def test_lines_are_told_apart_by_colour():
    text = shown(RISING, colour=True)
    assert len(set(re.findall(r"38;2;(\d+;\d+;\d+)m", text))) == 2


def test_lines_are_told_apart_by_letters_where_there_is_no_colour():
    lines = shown(RISING).splitlines()
    assert lines[:3] == ["two lines", "a up   b down", "share"]
    plot = [line.partition("\u2524" if "\u2524" in line else "\u2502")[2] for line in lines[3:15]]
    rows = {letter: [n for n, line in enumerate(plot) for _ in range(line.count(letter))] for letter in "ab"}
    assert rows["b"] == sorted(rows["b"])
    columns = [line.index("a") for line in plot if "a" in line]
    assert columns == sorted(columns, reverse=True)
    assert len(rows["a"]) > 3 < len(rows["b"])
    assert lines[-1].strip() == "epoch"


def test_without_unicode_curves_are_letters():
    text = shown(RISING, encoding="ascii")
    assert sum(line.count("a") for line in text.splitlines()[4:15]) > 50
    assert shown(Chart("one", (Line("", [0, 1], [0, 1]),)), encoding="ascii").count("*") > 50
    assert "#" in shown(BARS, encoding="ascii")


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("figure", [RISING, BARS, GRID])
@pytest.mark.parametrize("colour", [False, True])
def test_no_line_is_wider_than_the_window(figure, width, colour):
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown(figure, width, colour=colour))
    assert max(map(len, text.splitlines())) <= width


def test_a_bar_is_as_long_as_its_number():
    lines = [line for line in shown(BARS).splitlines() if "\u2588" in line]
    assert [line.split()[-1] for line in lines] == ["0.5", "-0.5", "1", "0.25"]
    half, below, one, quarter = (line.count("\u2588") for line in lines)
    assert one - 1 <= 2 * half <= one + 1
    assert one - 2 <= 4 * quarter <= one + 2
    assert below in (half - 1, half, half + 1)
    assert lines[0].index("\u2588") == lines[1].rindex("\u2588") + 1


def test_pictures_that_do_not_fit_go_on_below():
    captions = [re.findall(r"map \d+", line) for line in shown(GRID, 60).splitlines() if "map " in line]
    assert len(captions) > 1
    assert [name for line in captions for name in line] == [f"map {n}" for n in range(12)]


def test_blank_pixels_have_no_colour():
    pixels = np.full((4, 12), np.nan)
    pixels[1, 0] = 1.0
    text = shown(PictureGrid("", ((Picture("", pixels),),)), colour=True)
    assert text.count("\u2584") == 1
    assert "\u2580" not in text


def test_a_large_picture_is_reduced_to_the_window():
    lines = shown(PictureGrid("", ((Picture("large", np.random.default_rng(0).random((300, 300))),),)), 80).splitlines()
    assert len(lines) < 60


def test_a_chart_without_numbers_says_so():
    assert shown(Chart("empty", (Line("", [1], [np.nan]),))).splitlines() == ["empty", "no numbers"]
