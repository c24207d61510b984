"""Changes of values, worked by hand."""

import numpy as np

from minicnn.kernels import textbook

from .checks import poisoned, uniform


def changed(loop, x, *inputs):
    y = poisoned(x.shape)
    loop(y, x, *inputs)
    return y


def test_brightness_and_contrast():
    x = uniform(0, (2, 3, 8))
    np.testing.assert_allclose(changed(textbook.brightness_forward, x, np.array([[0.25], [0.0]])), x + np.array([0.25, 0.0])[:, None, None])
    more = changed(textbook.contrast_forward, x, np.array([[0.5], [0.0]]))
    np.testing.assert_allclose(more.mean(2), x.mean(2), atol=1e-12)
    np.testing.assert_allclose(more.std(2), x.std(2) * [[1.5], [1.0]])
    np.testing.assert_array_equal(more[1], x[1])


def test_a_component_is_added_to_every_pixel():
    x, numbers = uniform(0, (2, 1, 8)), uniform(1, (2, 3))
    np.testing.assert_allclose(changed(textbook.add_component_forward, x, numbers, 2, 0.5), x + 0.5 * numbers[:, 2, None, None])


def test_a_hole_is_a_square_around_its_middle():
    """Of an even side, one pixel more lies before the middle; at the edge a part of it lies outside."""
    x, sizes, steps = np.ones((2, 1, 20)), np.array([4, 5]), np.array([5, 1])
    y = changed(textbook.cutout_forward, x, np.array([[1.0, 2.0], [0.0, 4.0]]), sizes, steps, 3).reshape(2, 4, 5)
    np.testing.assert_array_equal(np.argwhere(y[0] == 0), [(h, w) for h in (0, 1, 2) for w in (1, 2, 3)])
    np.testing.assert_array_equal(np.argwhere(y[1] == 0), [(h, w) for h in (0, 1) for w in (3, 4)])
    y = changed(textbook.cutout_forward, x[:1], np.array([[2.0, 2.0]]), sizes, steps, 2).reshape(4, 5)
    np.testing.assert_array_equal(np.argwhere(y == 0), [(h, w) for h in (1, 2) for w in (1, 2)])


def test_the_hole_of_a_signal_has_one_axis():
    y = changed(textbook.cutout_forward, np.ones((1, 1, 9)), np.array([[0.0, 4.0]]), np.array([1, 9]), np.array([9, 1]), 3)
    np.testing.assert_array_equal(np.flatnonzero(y == 0), [3, 4, 5])


def test_chance_is_even_and_below_one():
    chance = poisoned((1000, 100), np.float32)
    textbook.chance_forward(chance, 9, 0)
    assert 0 <= chance.min() < 1e-4
    assert 0.9999 < chance.max() < 1
    counts = np.histogram(chance, 16, (0, 1))[0]
    np.testing.assert_allclose(counts, 6250, atol=5 * 6250**0.5)
    part = poisoned((10, 100), np.float32)
    textbook.chance_forward(part, 9, 40)
    np.testing.assert_array_equal(part, chance[40:50])
