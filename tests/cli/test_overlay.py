"""Masks and boxes over pictures: which pixels change, what stands beside them, an SVG whose picture is the pixels."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rich.console import Console

from minicnn.charts.png import png
from minicnn.charts.samples import colour, with_boxes, with_mask
from minicnn.cli.render.overlay import answer, svg

GREY = np.full((6, 8, 3), 100, np.uint8)
BOXES = np.array([[1, 1, 4, 3, 2, 0.9], [-1, -1, -1, -1, -1, -1]])


def shown(found, **settings):
    console = Console(file=io.StringIO(), width=80, **settings)
    console.print(answer(console, "picture", GREY, found, ("ground", "cell", "two<")))
    return console.file.getvalue()


def test_a_mask_colours_its_pixels_and_no_others():
    mask = np.zeros((6, 8), np.int64)
    mask[2:4, 3] = 1
    marked = with_mask(GREY, mask)
    assert np.argwhere((marked != GREY).any(axis=2)).tolist() == [[2, 3], [3, 3]]
    assert marked[2, 3].tolist() == [(100 + each) // 2 for each in colour(1)]


def test_a_box_is_a_frame_around_its_pixels():
    marked = with_boxes(GREY, BOXES)
    frame = (marked != GREY).any(axis=2)
    assert np.argwhere(frame.any(axis=1)).ravel().tolist() == [1, 2, 3]
    assert np.argwhere(frame.any(axis=0)).ravel().tolist() == [1, 2, 3, 4]
    assert not frame[2, 2:4].any()


@pytest.mark.parametrize("box", [[-5, -5, 30, 30, 0], [-9, -9, 3, 3, 0], [7.6, 5.7, 9, 9, 1], [3, 3, 0, 0, 1]])
def test_a_box_that_reaches_beyond_the_picture_is_cut(box):
    assert with_boxes(GREY, np.array([box])).shape == GREY.shape


def test_without_colour_marks_are_characters():
    text = shown(BOXES)
    assert text.splitlines()[0] == "picture"
    assert "two< 90 % at 1,1, 4x3" in text
    assert "\x1b" not in text
    assert [line.count("#") for line in text.splitlines()[1:4]] == [4, 4, 0]
    assert "ground 100.0 %" in shown(np.zeros((6, 8), int))
    assert "nothing found" in shown(np.zeros((0, 6)))


def test_with_colour_marks_are_colours():
    text = shown(BOXES, force_terminal=True, color_system="truecolor", legacy_windows=False)
    assert ";".join(map(str, colour(2))) in text


def test_an_svg_holds_the_pixels_and_the_names():
    Image = pytest.importorskip("PIL.Image")
    picture = np.random.default_rng(0).integers(0, 256, GREY.shape).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)
    text = svg(picture, BOXES, ("ground", "cell", "two<"))
    root = ElementTree.fromstring(text)
    held = base64.b64decode(re.search(r"base64,([^\"]+)", text)[1])
    assert held == png(picture)
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")] == ["two< 90 %"]
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 1
