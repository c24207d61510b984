"""Distances to centres: worked by hand, and the numeric gradient."""

import numpy as np

from minicnn.kernels import textbook

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def distances(x, weight):
    y = poisoned((len(x), len(weight)))
    textbook.rbf_forward(y, x, weight)
    return y


def test_by_hand():
    assert distances(np.array([[1.0, -1.0]]), np.array([[1.0, -1.0], [-1.0, 1.0], [4.0, 3.0]])).tolist() == [[0.0, -8.0, -25.0]]


def test_gradient():
    x, weight, dy, dx = uniform(0, (3, 4)), uniform(1, (5, 4)), uniform(2, (3, 5)), poisoned((3, 4))
    textbook.rbf_backward(dx, dy, x, weight)
    close_to_numeric(dx, numeric_gradient(lambda v: distances(v, weight), x, dy))
