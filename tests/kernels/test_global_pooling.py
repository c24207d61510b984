"""Global pooling as functions: float32 against float64, planes of every size, NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import LAYOUTS, both, close, generated, laid_out, peculiar, poison, same, seeds, uniform, whole  # noqa: F401

shapes = st.tuples(st.integers(1, 4), st.integers(1, 9), st.lists(st.integers(1, 12), max_size=3)).map(lambda s: (s[0], s[1], *s[2]))


@generated
@given(shape=shapes, seed=seeds, layout=st.sampled_from(LAYOUTS))
def test_fast_same_as_textbook(shape, seed, layout):
    x = laid_out(peculiar(seed, shape), layout)
    (y, indices), (y64, indices64) = both("global_max_pool", x, return_indices=True)
    same(y, y64)
    same(indices, indices64)
    same(kernels.global_max_pool(x), y64)
    same(*both("global_max_pool_backward", whole(seed, y.shape), indices, shape))
    x = laid_out(uniform(seed, shape), layout)
    close(*both("global_avg_pool", x), 8)
    close(*both("global_avg_pool_backward", whole(seed, y.shape), shape), 8)


@pytest.mark.parametrize("pixels", [1, 15, 16, 17, 1000, 16 * 64, 16 * 64 * 3 + 5, 200_001])
def test_planes_of_every_size(pixels):
    x = uniform(pixels, (2, 3, pixels))
    close(kernels.global_avg_pool(x), x.mean(2, dtype=np.float64), 20)
    y, indices = kernels.global_max_pool(x, return_indices=True)
    same(y, x.max(2))
    same(indices, x.argmax(2))
    x[:, :, pixels // 2 :] = 5  # many equal: the first
    same(kernels.global_max_pool(x, return_indices=True)[1], np.full((2, 3), pixels // 2))
    x[:, :, pixels - 1] = x[:, :, pixels // 3] = np.nan
    same(kernels.global_max_pool(x, return_indices=True)[1], np.full((2, 3), pixels // 3))


def test_corners():
    assert kernels.global_avg_pool(np.full((1, 1), 3, np.float32)).tolist() == [[3]]  # no axes of space: one pixel
    assert kernels.global_max_pool(np.empty((0, 3, 2, 2), np.float32)).shape == (0, 3)
    assert kernels.global_avg_pool_backward(np.empty((0, 3), np.float32), (0, 3, 2, 2)).shape == (0, 3, 2, 2)
    assert kernels.global_max_pool(np.full((1, 1, 5), -np.inf, np.float32), return_indices=True)[1].item() == 0


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.global_avg_pool(X[0, 0, 0]), ShapeError, r"^global_avg_pool: x has 1 axes, but needs at least 2\n  x  \(6,\)"),
        (lambda: kernels.global_max_pool(X[:, :, :0]), ShapeError, r"^global_max_pool: x has no pixels\n  x  \(2, 3, 0, 6\)  N C \*space$"),
        (lambda: kernels.global_max_pool(X.astype(int)), SettingError, r"^global_max_pool: x is int64"),
        (
            lambda: kernels.global_avg_pool_backward(X[:, :, 0, 0], (2, 4, 6, 6)),
            ShapeError,
            r"^global_avg_pool_backward: dy has the shape \(2, 3\), but needs \(2, 4\)",
        ),
        (
            lambda: kernels.global_avg_pool_backward(X[:, :, 0, 0], None),
            ShapeError,
            r"^global_avg_pool_backward: x_shape is None, but must be a shape$",
        ),
        (
            lambda: kernels.global_max_pool_backward(X[:, :, 0, 0], np.full((2, 3), 36), X.shape),
            SettingError,
            r"^global_max_pool_backward: indices run from 36 to 36, but a plane of 6 x 6 has the positions 0 to 35",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
