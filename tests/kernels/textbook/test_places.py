"""Where moved pixels come from: composed by hand, and against NumPy and SciPy's own turning and smoothing."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import poisoned, uniform

SIZES, STEPS = np.array([6, 6]), np.array([6, 1])


def moved(loop, *inputs, place=None):
    place = start() if place is None else place
    result = poisoned(place.shape)
    loop(result, place, *inputs)
    return result


def start(sizes=(6, 6), images=1):
    place = poisoned((images, len(sizes), int(np.prod(sizes))))
    textbook.places_forward(place, np.array(sizes), np.array([int(np.prod(sizes[a + 1 :])) for a in range(len(sizes))]))
    return place


def read(x, place):
    y = poisoned(x.shape)
    textbook.read_linear2d_forward(y.reshape(*x.shape[:2], -1), x.reshape(*x.shape[:2], -1), place, *x.shape[2:])
    return y


def drawn(loop, count, numbers, *settings, chances=None):
    chance, result = poisoned((count, numbers if chances is None else chances)), poisoned((count, numbers))
    textbook.chance_forward(chance, 12345, 0)
    loop(result, chance, *settings)
    return result


def test_pixels_begin_where_they_are():
    np.testing.assert_array_equal(start((2, 3, 4))[0].reshape(3, 2, 3, 4), np.indices((2, 3, 4)))


def test_turning_by_90_degrees_is_rot90():
    """Counterclockwise for a positive angle; a cosine of 90 degrees is 6e-17, so that positions are whole up to rounding."""
    x = uniform(0, (1, 2, 6, 6))
    numbers = poisoned((1, 2))
    textbook.rotate_draw_forward(numbers, np.ones((1, 1)), 90.0)
    np.testing.assert_allclose(read(x, moved(textbook.rotate_places_forward, numbers, 6, 6)), np.rot90(x, 1, (2, 3)), atol=1e-12)


def test_a_turn_and_its_reverse_are_none():
    numbers, back = poisoned((1, 2)), poisoned((1, 2))
    textbook.rotate_draw_forward(numbers, np.full((1, 1), 0.8), 45.0)
    textbook.rotate_draw_forward(back, np.full((1, 1), 0.2), 45.0)
    place = moved(textbook.rotate_places_forward, numbers, 5, 8, place=start((5, 8)))
    np.testing.assert_allclose(moved(textbook.rotate_places_forward, back, 5, 8, place=place), start((5, 8)), atol=1e-12)


@pytest.mark.parametrize(
    ("loop", "inputs"),
    [
        (textbook.rotate_places_forward, (np.array([[1.0, 0.0]]), 6, 6)),
        (textbook.scale_places_forward, (np.ones((1, 1)), SIZES)),
        (textbook.flip_places_forward, (np.zeros((1, 1)), 6)),
        (textbook.shift_places_forward, (np.zeros((1, 2)),)),
        (textbook.elastic_places_forward, (uniform(0, (1, 2, 36)), SIZES, 0.0)),
    ],
    ids=["angle 0", "factor 1", "not mirrored", "not shifted", "strength 0"],
)
def test_no_change_is_the_identity_bit_for_bit(loop, inputs):
    x = uniform(0, (1, 3, 6, 6))
    np.testing.assert_array_equal(read(x, moved(loop, *inputs)), x)


def test_shift_and_flip_copy_pixels():
    x = uniform(0, (1, 1, 4, 6))
    place = moved(
        textbook.shift_places_forward,
        np.array([[1.0, -2.0]]),
        place=moved(textbook.flip_places_forward, np.ones((1, 1)), 6, place=start((4, 6))),
    )
    want = np.zeros_like(x)
    want[:, :, 1:, :4] = x[:, :, :-1, 2:]  # down by 1, left by 2
    np.testing.assert_array_equal(read(x, place), want[..., ::-1])


def test_scale_enlarges_about_the_centre():
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1.0
    large = read(x, moved(textbook.scale_places_forward, np.full((1, 1), 0.5), np.array([5, 5]), place=start((5, 5))))
    np.testing.assert_array_equal(large[0, 0, 2], [0, 0.5, 1, 0.5, 0])


@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_smoothing_is_a_product_of_two_bell_curves(sigma):
    x, reach = uniform(0, (1, 2, 7, 9)), 4
    down, both = poisoned(x.shape), poisoned(x.shape)
    textbook.smooth_down_forward(down, x, sigma, reach)
    textbook.smooth_across_forward(both, down, sigma, reach)
    taps = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    taps /= taps.sum()
    want = np.apply_along_axis(lambda row: np.convolve(row, taps, "same" if len(row) >= len(taps) else "full")[:9], 3, x)
    want = np.apply_along_axis(lambda row: np.convolve(row, taps, "full")[reach : reach + 7], 2, want)
    np.testing.assert_allclose(both, want, atol=1e-14)


def test_draws_have_the_right_spread():
    """A hundred thousand images: means are off by at most four standard errors."""
    count = 100_000
    shifts = drawn(textbook.shift_draw_forward, count, 2, np.array([6, 1]), 2)
    values, counts = np.unique(shifts[:, 0], return_counts=True)
    np.testing.assert_array_equal(values, [-2, -1, 0, 1, 2])
    np.testing.assert_allclose(counts / count, 0.2, atol=4 * (0.16 / count) ** 0.5)
    assert not shifts[:, 1].any()  # an axis of one pixel
    assert abs(drawn(textbook.flip_draw_forward, count, 1).mean() - 0.5) < 4 * 0.5 / count**0.5
    turns = drawn(textbook.rotate_draw_forward, count, 2, 10.0, chances=1)
    angles = np.degrees(np.arctan2(turns[:, 1], turns[:, 0]))
    assert abs(angles.mean()) < 4 * 10 / (3 * count) ** 0.5
    assert 9.99 < angles.max() <= 10
    factors = 1 / drawn(textbook.scale_draw_forward, count, 1, 0.25)
    assert 0.75 <= factors.min() < 0.7501
    assert 1.2499 < factors.max() <= 1.25
    normal = drawn(textbook.normal_draw_forward, count, 1, 0.1, chances=2)
    assert abs(normal.std() - 0.1) < 4 * 0.1 / (2 * count) ** 0.5
    assert abs((normal**4).mean() / 1e-4 - 3) < 4 * (96 / count) ** 0.5
