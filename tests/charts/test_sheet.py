"""Figures as SVG: well-formed and self-contained, with every number and pixel, the same every time."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from minicnn.charts import Bars, Chart, Line, Picture, PictureGrid, svg
from minicnn.charts.colours import BLUE, MIDDLE, VERMILION, coloured
from minicnn.charts.plot import thinned
from minicnn.errors import SettingError

NAMES = "{http://www.w3.org/2000/svg}"
CURVES = Chart(
    "loss <&>", (Line("train", [1, 2, 3], [3, np.nan, 1], points=True), Line("test", [1, 2, 3], [3, 2, 1], dashed=True)), "epoch", "loss"
)
BARS = Chart("accuracy", (Bars("precision", ["zero", "one"], [0.5, 1]), Bars("recall", ["zero", "one"], [1, 0.25])))
HISTOGRAM = Chart("weights", (Bars("count", [-1, 0, 1], [1, 5, 1]),), log_y=True)
GRID = PictureGrid("filters", ((Picture("one", np.array([[-1.0, 0, 2]]), signed=True), Picture("two", np.full((3, 4, 4), 0.5))),))
FIGURES = [CURVES, BARS, HISTOGRAM, GRID, Chart("nothing", ()), PictureGrid("none", ())]


def drawn(figure, width=640):
    return ElementTree.fromstring(svg(figure, width))


def of_class(root, name):
    return [each for each in root.iter() if name in each.get("class", "").split()]


def test_all_kinds_below_each_other_are_one_document():
    text = svg(FIGURES)
    root = ElementTree.fromstring(text)
    assert root.find(f"{NAMES}title").text == "loss <&>, accuracy, weights, filters, nothing, none"
    assert "train: 2 points, from 3 to 1" in root.find(f"{NAMES}desc").text
    assert "precision: zero 0.5, one 1." in root.find(f"{NAMES}desc").text
    assert text == svg(FIGURES)
    assert "script" not in text
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}


def test_ids_of_several_drawings_differ():
    page = svg(FIGURES) + svg(CURVES, 320) + svg(CURVES) + svg(HISTOGRAM)
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(set(ids)) == len(ids) > 5
    assert set(re.findall(r"url\(#([^)]+)\)", page)) == set(ids)


def test_every_theme_colours_every_kind_of_mark():
    light, dark = drawn(CURVES).find(f"{NAMES}style").text.split("@media screen and (prefers-color-scheme:dark)")
    for kind in (".mc-back", ".mc-text", ".mc-grid", ".mc-axis", ".mc-edge", ".mc-s0.mc-line", ".mc-s6.mc-fill"):
        assert kind in light
        assert kind in dark


def test_a_gap_in_a_curve_stays_a_gap():
    lines = of_class(drawn(CURVES), "mc-line")
    paths = [each.get("d") for each in lines if "h" not in each.get("d")]
    assert [re.sub(r"[^ML]", "", path) for path in paths] == ["MM", "MLL"]
    assert len([each for each in of_class(drawn(CURVES), "mc-fill") if each.find(f"{NAMES}title") is not None]) == 2


def test_the_height_of_a_bar_is_its_number():
    bars = [each for each in of_class(drawn(BARS), "mc-fill") if each.find(f"{NAMES}title") is not None]
    heights = {each.find(f"{NAMES}title").text: float(each.get("height")) for each in bars}
    assert list(heights) == ["precision zero: 0.5", "precision one: 1", "recall zero: 1", "recall one: 0.25"]
    full = heights["recall zero: 1"]
    assert [round(each / full, 2) for each in heights.values()] == [0.5, 1, 1, 0.25]


@pytest.mark.parametrize("width", [200, 360, 1000])
@pytest.mark.parametrize("figure", [CURVES, BARS, HISTOGRAM, GRID])
def test_nothing_is_placed_outside(figure, width):
    root = drawn(figure, width)
    assert float(root.get("width")) == width
    for each in root.iter():
        right = float(each.get("x", 0)) + float(each.get("width", 0))
        assert right <= width + 3
        assert float(each.get("x", 0)) >= 0


def test_words_too_long_to_stand_side_by_side_are_turned():
    names = [f"a class with a long name {n}" for n in range(12)]
    turned = [
        each for each in of_class(drawn(Chart("", (Bars("", names, range(12)),))), "mc-tick") if "rotate" in each.get("transform", "")
    ]
    assert len(turned) == 12


def test_pixels_are_kept_and_blanks_are_transparent():
    Image = pytest.importorskip("PIL.Image")
    pixels = np.array([[0.0, 1.0], [np.nan, 0.5]])
    link = drawn(PictureGrid("", ((Picture("", pixels),),))).find(f".//{NAMES}image").get("href")
    held = np.asarray(Image.open(io.BytesIO(base64.b64decode(link.partition("base64,")[2]))))
    assert held.tolist() == [[[0, 0, 0, 255], [255, 255, 255, 255]], [[0, 0, 0, 0], [128, 128, 128, 255]]]


def test_signed_pixels_are_blue_below_zero_and_orange_above():
    found = coloured(Picture("", np.array([[-2.0, 0, 2, np.inf]]), signed=True), -2, 2)[0, :, :3].tolist()
    assert found == [list(BLUE), list(MIDDLE), list(VERMILION), list(VERMILION)]


def test_a_shared_range_makes_pictures_comparable():
    row = (Picture("", np.array([[0.0, 1.0]])), Picture("", np.array([[0.0, 2.0]])))
    apart, together = (
        [each.get("href") for each in drawn(PictureGrid("", (row,), shared)).iter(f"{NAMES}image")] for shared in (False, True)
    )
    assert apart[0] == apart[1] == together[1] != together[0]


def test_a_long_curve_is_thinned_without_losing_its_ends():
    x, y = np.linspace(0, 1, 10_000), np.random.default_rng(0).normal(size=10_000)
    y[4321] = 99
    _, kept = thinned(x, y, 100)
    assert len(kept) <= 200
    assert kept.max() == 99
    assert kept.min() == y.min()


@pytest.mark.parametrize(("figure", "width"), [([], 640), (CURVES, 50), ([CURVES, "text"], 640)])
def test_what_is_no_figure_is_refused(figure, width):
    with pytest.raises(SettingError, match="svg: "):
        svg(figure, width)


def test_bytes_are_shown_as_they_are():
    found = coloured(Picture("", np.full((1, 2), 100, np.uint8)), 0, 1)
    assert found[0, 0].tolist() == [100, 100, 100, 255]
    grid = PictureGrid("", ((Picture("", np.full((1, 2), 200, np.uint8)), Picture("", np.array([[0.0, 1.0]]))),), shared_range=True)
    assert "black 0, white 1" in svg(grid)
