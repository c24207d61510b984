"""Patches lie where the unit's receptive field lies, blank beyond the border."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError, ShapeError
from minicnn.views import patches


def brightest_pixel(*layers):
    """A network whose first layer passes pixels on: the middle tap of a 3x3 filter is 1."""
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3, padding=1), *layers), (1, 6, 7))
    net.parameters["conv1.weight"][...] = 0
    net.parameters["conv1.weight"][1, 0, 1, 1] = 1
    return net


def pictures(*spots):
    """A picture for each (row, column, brightness)."""
    x = np.zeros((len(spots), 1, 6, 7), np.float32)
    for n, (row, column, brightness) in enumerate(spots):
        x[n, 0, row, column] = brightness
    return x


def test_the_strongest_come_first_each_where_it_is():
    x = pictures((2, 3, 1), (4, 1, 5), (3, 3, 3))
    found = patches(brightest_pixel(), x, "conv1", 1, count=2)
    assert [(each.image, each.place, each.value, each.window) for each in found.patches] == [
        (1, (4, 1), 5, ((3, 5), (0, 2))),
        (2, (3, 3), 3, ((2, 4), (2, 4))),
    ]
    assert found.images == 3
    for each in found.patches:
        (top, bottom), (left, right) = each.window
        assert (each.pixels[0] == x[each.image, 0, top : bottom + 1, left : right + 1]).all()


@pytest.mark.parametrize(
    ("row", "column", "window", "blank"),
    [
        (0, 0, ((-1, 1), (-1, 1)), [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0)]),
        (5, 6, ((4, 6), (5, 7)), [(0, 2), (1, 2), (2, 0), (2, 1), (2, 2)]),
        (0, 3, ((-1, 1), (2, 4)), [(0, 0), (0, 1), (0, 2)]),
    ],
)
def test_at_the_border_the_padding_is_blank(row, column, window, blank):
    (found,) = patches(brightest_pixel(), pictures((row, column, 1)), "conv1", 1, count=1).patches
    assert found.window == window
    assert list(map(tuple, np.argwhere(np.isnan(found.pixels[0])))) == blank
    assert found.pixels[0, 1, 1] == 1


def test_the_field_grows_with_depth():
    net = brightest_pixel(L.MaxPool2D(2))
    (found,) = patches(net, pictures((3, 2, 1)), "pool1", 1, count=1).patches
    assert (found.place, found.window) == ((1, 1), ((1, 4), (1, 4)))  # pixels 2 and 3, and one on each side


def test_what_sees_the_whole_picture_has_the_whole_picture():
    net = brightest_pixel(L.Flatten(), L.Linear(3))
    x = pictures((3, 2, 1), (1, 1, 2))
    for layer, place in (("fc1", ()), ("flatten1", ())):
        (found,) = patches(net, x, layer, 0, count=1).patches
        assert (found.place, found.window) == (place, ((0, 5), (0, 6)))
        assert (found.pixels == x[found.image]).all()


def test_equal_values_keep_the_order_of_the_pictures():
    x = pictures(*[(2, 2, 1)] * 5)
    assert [each.image for each in patches(brightest_pixel(), x, "conv1", 1, count=3).patches] == [0, 1, 2]
    x[0, 0, 4, 4] = 1
    assert patches(brightest_pixel(), x, "conv1", 1, count=1).patches[0].place == (2, 2)


def test_many_pictures_are_taken_in_parts(monkeypatch):
    from minicnn.views import patches as module

    x = np.random.default_rng(0).uniform(size=(20, 1, 6, 7)).astype(np.float32)
    whole = [(each.image, each.place, each.value) for each in patches(brightest_pixel(), x, "conv1", 1).patches]
    monkeypatch.setitem(module.__globals__, "BATCH", 3)
    assert [(each.image, each.place, each.value) for each in patches(brightest_pixel(), x, "conv1", 1).patches] == whole


def test_patches_are_cut_from_the_pictures_given():
    x = pictures((2, 3, 1))
    shown = np.arange(42, dtype=np.uint8).reshape(1, 1, 6, 7)
    (found,) = patches(brightest_pixel(), x, "conv1", 1, count=1, pictures=shown).patches
    assert (found.pixels[0] == shown[0, 0, 1:4, 2:5]).all()


def test_errors():
    net, x = brightest_pixel(), pictures((2, 3, 1))
    with pytest.raises(SettingError, match="conv1 has 2 channels, so that the last is 1, but the unit is 2"):
        patches(net, x, "conv1", 2)
    with pytest.raises(SettingError, match="count is 0"):
        patches(net, x, "conv1", 1, count=0)
    with pytest.raises(ShapeError, match="x holds no images"):
        patches(net, x[:0], "conv1", 1)
    with pytest.raises(ShapeError, match="number and sizes must agree"):
        patches(net, x, "conv1", 1, pictures=x[:, :, 1:])
