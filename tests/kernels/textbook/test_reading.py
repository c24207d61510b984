"""Images, masks and boxes read at the places of their pixels."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import poisoned, uniform
from .test_places import moved, read, start


def at(*position):
    """A place for every pixel, the same."""
    return np.broadcast_to(np.array(position)[None, :, None], (1, len(position), 12)).copy()


X = np.arange(12.0).reshape(1, 1, 3, 4) + 1


@pytest.mark.parametrize(
    ("position", "value"),
    [
        ((1, 2), 7),
        ((1.5, 2), 9),
        ((1, 2.25), 7.25),
        ((0.5, 0.5), 3.5),
        ((-0.5, 0), 0.5),  # half background
        ((2.75, 3), 3),
        ((-1, 0), 0),
        ((5, 1), 0),
        ((1, np.nan), 0),
        ((1e30, 1), 0),
        ((1, -np.inf), 0),
    ],
)
def test_a_position_between_pixels(position, value):
    np.testing.assert_allclose(read(X, at(*position)), value, atol=1e-12)


def test_a_whole_position_does_not_look_at_its_neighbours():
    x = X.copy()
    x[0, 0, 1, 3] = np.nan
    np.testing.assert_array_equal(read(x, at(1.0, 2.0)), 7)


def test_a_volume_reads_eight_neighbours():
    x, y = uniform(0, (1, 2, 2, 3, 2)), poisoned((1, 2, 12))
    textbook.read_linear3d_forward(y, x.reshape(1, 2, 12), at(0.5, 1.5, 0.5), 2, 3, 2)
    np.testing.assert_allclose(y, np.broadcast_to(x[:, :, :, 1:3].mean((2, 3, 4))[..., None], y.shape), atol=1e-12)


@pytest.mark.parametrize(("position", "value"), [((1.4, 2.4), 7), ((1.5, 1.6), 11), ((-0.4, 0), 1), ((-0.6, 0), 99), ((0, 3.5), 99)])
def test_masks_take_the_nearest_class(position, value):
    y = np.full((1, 1, 12), -99)
    textbook.read_nearest_forward(y, X.astype(np.int64).reshape(1, 1, 12), at(*position), np.array([3, 4]), np.array([4, 1]), 99)
    np.testing.assert_array_equal(y, value)


def boxes_after(place, boxes, rows=20, columns=20, least=0.25):
    given, result = np.full((1, 3, 5), -1.0), poisoned((1, 3, 5))
    given[0, : len(boxes)] = boxes
    textbook.move_boxes_forward(result, given, place, rows, columns, least)
    return result[0]


def turned(degrees):
    numbers = poisoned((1, 2))
    textbook.rotate_draw_forward(numbers, np.ones((1, 1)), degrees)
    return moved(textbook.rotate_places_forward, numbers, 20, 20, place=start((20, 20)))


def test_boxes_move_with_their_pixels():
    shifted = moved(textbook.shift_places_forward, np.array([[3.0, -2.0]]), place=start((20, 20)))
    np.testing.assert_allclose(boxes_after(shifted, [[4, 5, 6.5, 7, 2]])[0], [2, 8, 6.5, 7, 2])
    mirrored = moved(textbook.flip_places_forward, np.ones((1, 1)), 20, place=start((20, 20)))
    np.testing.assert_allclose(boxes_after(mirrored, [[4, 5, 6, 7, 2]])[0], [10, 5, 6, 7, 2])
    np.testing.assert_allclose(boxes_after(turned(90.0), [[4, 5, 6, 7, 2]])[0], [5, 10, 7, 6, 2], atol=1e-9)
    half = 7 / 2**0.5  # a square on its corner
    np.testing.assert_allclose(
        boxes_after(turned(45.0), [[6.5, 6.5, 7, 7, 0]])[0], [10 - half, 10 - half, 2 * half, 2 * half, 0], atol=1e-9
    )


def test_boxes_are_cut_off_at_the_edges_and_dropped_where_little_is_left():
    shifted = moved(textbook.shift_places_forward, np.array([[0.0, 15.0]]), place=start((20, 20)))
    boxes = [[10, 1, 4, 4, 1], [2, 1, 4, 4, 2], [-1, 3, 4, 4, 3]]  # out of sight; 3 of 4 columns left; whole
    np.testing.assert_allclose(boxes_after(shifted, boxes), [[17, 1, 3, 4, 2], [14, 3, 4, 4, 3], [-1] * 5])
    np.testing.assert_allclose(boxes_after(shifted, boxes, least=0.8), [[14, 3, 4, 4, 3], [-1] * 5, [-1] * 5])


def test_boxes_follow_an_elastic_field():
    """A field that is smooth against the box: the corners of a filled box and of its moved image lie within a pixel of each other."""
    field = np.stack([np.sin(np.arange(400) // 20 / 5.0), np.cos(np.arange(400) % 20 / 6.0)])[None]
    place = moved(textbook.elastic_places_forward, field, np.array([20, 20]), 1.5, place=start((20, 20)))
    x = np.zeros((1, 1, 20, 20))
    x[0, 0, 6:14, 5:12] = 1
    rows, columns = np.nonzero(read(x, place)[0, 0] > 0.5)
    left, top, width, height, _ = boxes_after(place, [[5, 6, 7, 8, 1]])[0]
    np.testing.assert_allclose(
        [left, top, left + width, top + height], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], atol=1.0
    )
