"""Global and channel pooling: by hand, as NumPy, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, distinct, generated, numeric_gradient, poisoned, uniform
from .generate import seeds

float_types = st.sampled_from([np.float64, np.float32])


def global_pool(mode, x):
    """y, and the winners where there are any."""
    y, indices = poisoned(x.shape[:2], x.dtype), poisoned(x.shape[:2], np.int64)
    outputs = (y, indices) if mode == "max" else (y,)
    getattr(textbook, f"global_{mode}_pool_forward")(*outputs, x)
    return outputs


def global_gradient(mode, x, dy):
    dx = poisoned(x.shape, x.dtype)
    _, *indices = global_pool(mode, x)
    getattr(textbook, f"global_{mode}_pool_backward")(dx, dy, *indices)
    return dx


def channel_pool(mode, x, size):
    N, C, L = x.shape
    y, indices = poisoned((N, C // size, L), x.dtype), poisoned((N, C // size, L), np.int64)
    outputs = (y, indices) if mode == "max" else (y,)
    getattr(textbook, f"channel_{mode}_pool_forward")(*outputs, x, size)
    return outputs


def channel_gradient(mode, x, dy, size):
    dx = poisoned(x.shape, x.dtype)
    y, *indices = channel_pool(mode, x, size)
    kept = (x, y) if mode == "l2" else indices
    getattr(textbook, f"channel_{mode}_pool_backward")(dx, dy, *kept, size)
    return dx


def test_global_by_hand():
    x = np.array([[[1.0, 5.0, 5.0, 1.0], [np.nan, 2.0, np.nan, 9.0]]])
    y, indices = global_pool("max", x)
    np.testing.assert_array_equal(y, [[5, np.nan]])
    assert indices.tolist() == [[1, 0]]
    assert global_gradient("max", x, np.ones((1, 2)))[0].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert global_pool("avg", x)[0][0, 0] == 3
    assert global_gradient("avg", x, np.full((1, 2), 8.0))[0].tolist() == [[2, 2, 2, 2]] * 2


def test_channels_by_hand():
    x = np.array([[[3.0, -1.0], [4.0, -1.0], [0.0, 7.0], [0.0, np.nan]]])
    y, indices = channel_pool("max", x, 2)
    np.testing.assert_array_equal(y[0], [[4, -1], [0, np.nan]])
    assert indices[0].tolist() == [[1, 0], [2, 3]]
    assert channel_gradient("max", x, np.ones((1, 2, 2)), 2)[0].tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    np.testing.assert_array_equal(channel_pool("avg", x, 2)[0][0], [[3.5, -1], [0, np.nan]])
    np.testing.assert_array_equal(channel_pool("l2", x, 2)[0][0, :, 0], [5, 0])
    np.testing.assert_array_equal(channel_gradient("l2", x, np.full((1, 2, 2), 5.0), 2)[0, :, 0], [3, 4, 0, 0])


@generated
@given(N=st.integers(1, 3), C=st.integers(1, 3), L=st.integers(1, 9), dtype=float_types, seed=seeds)
def test_global_same_as_numpy(N, C, L, dtype, seed):
    x = uniform(seed, (N, C, L), dtype)
    y, indices = global_pool("max", x)
    assert np.array_equal(y, x.max(2))
    assert np.array_equal(indices, x.argmax(2))
    close(global_pool("avg", x)[0], x.mean(2), L)


@generated
@given(N=st.integers(1, 3), M=st.integers(1, 3), size=st.integers(1, 4), L=st.integers(1, 5), dtype=float_types, seed=seeds)
def test_channels_same_as_numpy(N, M, size, L, dtype, seed):
    x = uniform(seed, (N, M * size, L), dtype)
    groups = x.reshape(N, M, size, L)
    y, indices = channel_pool("max", x, size)
    assert np.array_equal(y, groups.max(2))
    assert np.array_equal(indices, groups.argmax(2) + size * np.arange(M)[:, None])
    close(channel_pool("avg", x, size)[0], groups.mean(2), size)
    close(channel_pool("l2", x, size)[0], np.sqrt((groups**2).sum(2)), size)


@pytest.mark.parametrize("mode", ["max", "avg"])
def test_global_numeric_gradient(mode):
    x, dy = distinct(0, (2, 3, 6)), uniform(1, (2, 3))
    close_to_numeric(global_gradient(mode, x, dy), numeric_gradient(lambda v: global_pool(mode, v)[0], x, dy))


@pytest.mark.parametrize("mode", ["max", "avg", "l2"])
def test_channel_numeric_gradient(mode):
    x, dy = distinct(0, (2, 6, 4)) + 2.0, uniform(1, (2, 2, 4))
    close_to_numeric(channel_gradient(mode, x, dy, 3), numeric_gradient(lambda v: channel_pool(mode, v, 3)[0], x, dy))
