"""Dropout: the share that is dropped, the scale of the rest, one mask for both passes and for every way to cut a batch."""

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.random_bits import uniform_bits

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def dropout(x, key=5, first_image=0, rate=0.5):
    y = poisoned(x.shape, x.dtype)
    textbook.dropout_forward(y, x, key, first_image, rate)
    return y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_by_definition(dtype):
    x = uniform(0, (3, 20), dtype)
    y = dropout(x, key=77, first_image=4, rate=0.3)
    for n in range(3):
        for f in range(20):
            kept = uniform_bits(77, 4 + n, f) >= round(0.3 * 2**32)
            assert y[n, f] == (dtype(x[n, f] * np.float64(1.0 / (1.0 - 0.3))) if kept else 0.0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_share_and_mean(rate):
    y = dropout(np.ones((50, 2000)), rate=rate)
    assert abs((y == 0.0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / y.size)
    assert abs(y.mean() - 1.0) < 5 * np.sqrt(rate / (1 - rate) / y.size)


def test_rate_zero_keeps_everything():
    x = uniform(0, (4, 30))
    assert np.array_equal(dropout(x, rate=0.0), x)


def test_shards_see_the_mask_of_the_batch():
    x = uniform(0, (6, 30))
    assert np.array_equal(dropout(x)[4:], dropout(x[4:].copy(), first_image=4))


def test_keys_and_images_have_their_own_masks():
    ones = np.ones((2, 64))
    y = dropout(ones)
    assert not np.array_equal(y[0], y[1])
    assert not np.array_equal(y, dropout(ones, key=6))


def test_backward_uses_the_mask_of_the_forward_pass():
    x, dy = uniform(0, (3, 20)), uniform(1, (3, 20))
    dx = poisoned(x.shape)
    textbook.dropout_backward(dx, dy, 5, 2, 0.4)
    assert np.array_equal(dx == 0.0, dropout(x, first_image=2, rate=0.4) == 0.0)
    close_to_numeric(dx, numeric_gradient(lambda v: dropout(v, first_image=2, rate=0.4), x, dy))
