"""Taking numbers from other places: as NumPy's take; what was taken twice gets both gradients."""

import numpy as np

from minicnn.kernels import textbook

from .checks import poisoned

PLACES = np.array([3, 0, 3])
X = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])


def test_as_numpy():
    y = poisoned((2, 3), X.dtype)
    textbook.take_forward(y, X, PLACES)
    assert np.array_equal(y, X.take(PLACES, 1))


def test_what_was_taken_twice_gets_the_sum_and_what_was_not_gets_nothing():
    dx = poisoned((2, 4), X.dtype)
    textbook.take_backward(dx, np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]), PLACES)
    assert dx.tolist() == [[2.0, 0.0, 0.0, 5.0], [16.0, 0.0, 0.0, 40.0]]
