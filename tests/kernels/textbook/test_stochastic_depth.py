"""Stochastic depth: all or nothing in training, the mean in use; its numeric gradient."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def survived(x, *settings):
    y = poisoned(x.shape)
    textbook.stochastic_depth_forward(y, x, *settings)
    return y


@pytest.mark.parametrize(("key", "training", "want"), [(2**31 - 1, True, [4.0, -2.0]), (2**31, True, [0.0, 0.0]), (0, False, [2.0, -1.0])])
def test_by_hand(key, training, want):
    assert survived(np.array([4.0, -2.0]), key, 0.5, training).tolist() == want


@pytest.mark.parametrize("settings", [(7, 0.3, True), (2**32 - 1, 0.3, True), (0, 0.3, False)])
def test_gradient(settings):
    x, dy, dx = uniform(0, (2, 3)), uniform(1, (2, 3)), poisoned((2, 3))
    textbook.stochastic_depth_backward(dx, dy, *settings)
    close_to_numeric(dx, numeric_gradient(lambda v: survived(v, *settings), x, dy))
