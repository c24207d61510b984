"""Pictures as HTML, images of a data set as pictures, and what records show in a notebook."""

import base64
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.charts import Chart, Line, Picture, gallery, svg
from minicnn.charts.samples import labelled, middle, to_pictures
from minicnn.datasets import Dataset, load
from minicnn.train import Answer

HOSTILE = '<img src=x onerror="hurt">'


def parsed(html):
    return ElementTree.fromstring(f"<div>{html}</div>")


def test_a_gallery_holds_its_pixels_and_captions():
    Image = pytest.importorskip("PIL.Image")
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    root = parsed(gallery([Picture("a < b", pixels), Picture(HOSTILE, pixels)], 80))
    images = list(root.iter("img"))
    assert [each.get("alt") for each in images] == ["a < b", HOSTILE]
    assert [(each.get("width"), each.get("height")) for each in images] == [("80", "60")] * 2
    held = np.asarray(Image.open(io.BytesIO(base64.b64decode(images[0].get("src").partition("base64,")[2]))))
    assert np.array_equal(held[..., 0], pixels)
    assert [each.tail for each in images] == ["a < b", HOSTILE]


@pytest.mark.parametrize(
    ("shape", "size"), [((2, 7), (16, 7)), ((2, 1, 7), (16, 7)), ((2, 1, 5, 6), (5, 6)), ((2, 3, 5, 6), (5, 6)), ((2, 1, 4, 5, 6), (5, 6))]
)
def test_images_of_every_shape_are_pictures(shape, size):
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert to_pictures(images).shape == (2, *size, 3)


@pytest.mark.parametrize(
    ("labels", "target", "caption"),
    [
        (np.array([1, 0]), "class", "two"),
        (np.array([[[0, 1], [1, 1]]] * 2), "mask", "one, two"),
        (np.array([[[0, 0, 2, 2, 1], [-1] * 5]] * 2, np.float32), "boxes", "two"),
        (np.array([[0.5, 1, 2, 3, 4]] * 2, np.float32), "numbers", "0.5 1 2 3 ..."),
    ],
)
def test_labels_of_every_kind_are_shown(labels, target, caption):
    plain = np.full((2, 1, 2, 2), 100, np.uint8)
    first = labelled(plain, labels, ("one", "two"), target)[0]
    assert first.caption == caption
    assert (first.pixels != 100).any() == (target in ("mask", "boxes"))


def test_a_smaller_mask_lies_over_the_middle():
    picture = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert np.array_equal(middle(picture, (3, 3)), picture[1:4, 2:5])
    assert middle(picture, (5, 7)).shape == picture.shape


@pytest.mark.parametrize("name", ["digits", "mnist1d"])
def test_a_data_set_shows_images_in_a_notebook(name):
    root = parsed(load(name, "test")._repr_html_())
    assert len(list(root.iter("img"))) == 12
    assert "test: " in "".join(root.itertext())


def test_names_of_a_data_set_stay_text():
    data = Dataset(np.zeros((2, 1, 4, 4), np.uint8), np.array([0, 1]), (HOSTILE, "b"), name=HOSTILE)
    assert len(list(parsed(data._repr_html_()).iter("img"))) == 2


def test_a_network_and_its_summary_show_their_table_in_a_notebook():
    net = minicnn.Graph(L.Sequential(L.Conv2D(6, 3), L.ReLU(), L.Flatten(), L.Linear(10)), (1, 8, 8), name="<own>")
    root = parsed(net._repr_html_())
    words = list(root.itertext())
    assert words[0] == "<own>, input 1x8x8"
    assert [each.text for each in root.iter("th") if each.get("scope") == "row"] == ["conv1", "relu1", "flatten1", "fc1", "total"]
    assert "not counted: 1 ReLU, 1 Flatten" in words
    assert net.summary()._repr_html_() == net._repr_html_()


def test_figures_show_themselves_in_a_notebook():
    for each in (svg(Chart("", (Line("", [0, 1], [0, 1]),))), gallery([Picture("", np.eye(2))])):
        assert isinstance(each, str)
        assert each._repr_html_() == each


@pytest.mark.parametrize(
    ("kind", "found", "words"),
    [
        ("class", np.array([0.1, 0.7, 0.2]), ["1", "70.0 %", "2", "20.0 %", "0", "10.0 %"]),
        ("mask", np.array([[0, 1], [1, -1]]), ["0 25.0 %, 1 50.0 %"]),
        ("numbers", np.array([1.5, 2.0]), ["numbers", "1.5 2"]),
        ("boxes", np.array([[1, 2, 3, 4, 5, 0.9]]), ["class", "score", "x", "y", "width", "height", "5", "90 %", "1", "2", "3", "4"]),
        ("boxes", np.zeros((0, 6)), ["class", "score", "x", "y", "width", "height"]),
    ],
)
def test_an_answer_shows_what_was_said(kind, found, words):
    assert list(parsed(Answer(kind, found)._repr_html_()).itertext()) == words
