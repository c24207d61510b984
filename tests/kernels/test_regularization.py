"""Dropout as functions: both types drop the same elements, the share is right, the gradient has the same mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import both, close, generated, poison, uniform  # noqa: F401

shapes = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@generated
@given(shape=shapes, rate=st.floats(0, 0.99), seed=st.integers(0, 2**31 - 1), turned=st.booleans())
def test_fast_same_as_textbook(shape, rate, seed, turned):
    x = uniform(seed, shape).T if turned else uniform(seed, shape)
    y, y64 = both("dropout", x, rate, seed=seed)
    close(y, y64, 2 * np.abs(y64))
    np.testing.assert_array_equal(y == 0, y64 == 0)
    np.testing.assert_array_equal(kernels.dropout_backward(x, rate, seed=seed), y)


def test_share_and_mean():
    x = np.ones((300, 1000), np.float32)
    for rate in (0.0, 0.1, 0.5, 0.9):
        y = kernels.dropout(x, rate, seed=3)
        # 300,000 draws: the share strays by its standard deviation, at most 0.001
        assert abs((y == 0).mean() - rate) < 0.005
        assert abs(y.mean() - 1) < 0.02
    assert (kernels.dropout(x, 0, seed=3) == x).all()
    assert (kernels.dropout(x, 0.5, seed=3) != kernels.dropout(x, 0.5, seed=4)).mean() > 0.4
    rows = kernels.dropout(x[:2], 0.5, seed=3)
    assert (rows[0] != rows[1]).mean() > 0.4


def test_corners():
    assert kernels.dropout(np.empty((0, 3), np.float32), 0.5, seed=0).shape == (0, 3)
    assert kernels.dropout(np.empty((3, 0), np.float32), 0.5, seed=0).shape == (3, 0)
    assert kernels.dropout(np.ones(5, np.float32), 0.5, seed=0).shape == (5,)


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.dropout(X, 1, seed=0), SettingError, r"^dropout: rate is 1.0, but must be from 0 to below 1$"),
        (lambda: kernels.dropout(X, 0.5, seed=-1), SettingError, r"^dropout: seed is -1, but must be at least 0$"),
        (lambda: kernels.dropout(X, None, seed=0), SettingError, r"^dropout: rate is None, but must be a number$"),
        (lambda: kernels.dropout(np.float32(1), 0.5, seed=0), ShapeError, r"^dropout: x is a single number, but needs an axis of images"),
        (lambda: kernels.dropout_backward(X.astype(int), 0.5, seed=0), SettingError, r"^dropout_backward: dy is int64"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
