"""Adaptive pooling: by hand, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, distinct, generated, numeric_gradient, poisoned, uniform
from .generate import dtypes, seeds

AXES = (1, 2, 3)


def max_pool(x, out):
    y, indices = poisoned((*x.shape[:2], *out), x.dtype), poisoned((*x.shape[:2], *out), np.int64)
    getattr(textbook, f"adaptive_max_pool{len(out)}d_forward")(y, indices, x)
    return y, indices


def avg_pool(x, out):
    y = poisoned((*x.shape[:2], *out), x.dtype)
    getattr(textbook, f"adaptive_avg_pool{len(out)}d_forward")(y, x)
    return y


def max_gradient(x_shape, dy, indices):
    dx = poisoned(x_shape, dy.dtype)
    getattr(textbook, f"adaptive_max_pool{dy.ndim - 2}d_backward")(dx, dy, indices)
    return dx


def avg_gradient(x_shape, dy):
    dx = poisoned(x_shape, dy.dtype)
    getattr(textbook, f"adaptive_avg_pool{dy.ndim - 2}d_backward")(dx, dy)
    return dx


def test_regions_overlap_where_sizes_do_not_divide():
    """Five pixels for three regions: 0 1, 1 2 3, 3 4."""
    x = np.array([[[1.0, 3.0, 5.0, 7.0, 9.0]]])
    assert avg_pool(x, (3,))[0, 0].tolist() == [2, 5, 8]
    assert max_pool(x, (3,))[1][0, 0].tolist() == [1, 3, 4]
    close(avg_gradient(x.shape, np.ones((1, 1, 3)))[0, 0], np.array([1 / 2, 1 / 2 + 1 / 3, 1 / 3, 1 / 3 + 1 / 2, 1 / 2]))


def test_more_regions_than_pixels_repeat_them():
    x = np.array([[[1.0, 3.0]]])
    assert avg_pool(x, (4,))[0, 0].tolist() == [1, 1, 3, 3]
    assert max_gradient(x.shape, np.ones((1, 1, 4)), max_pool(x, (4,))[1])[0, 0].tolist() == [2, 2]


def test_ties_and_nan():
    x = np.array([[[2.0, 2.0, np.nan, np.nan]]])
    y, indices = max_pool(x, (2,))
    np.testing.assert_array_equal(y[0, 0], [2, np.nan])
    assert indices[0, 0].tolist() == [0, 2]


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    sizes = st.tuples(*[st.integers(1, 7)] * axes)

    @generated
    @given(size=sizes, out=sizes, dtype=dtypes(axes), seed=seeds)
    def compare(size, out, dtype, seed):
        x, dy = distinct(seed, (2, 2, *size), dtype), uniform(seed, (2, 2, *out), dtype)
        functions = torch.nn.functional
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        want, where = getattr(functions, f"adaptive_max_pool{axes}d")(leaf, out, return_indices=True)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        y, indices = max_pool(x, out)
        assert np.array_equal(y, want.detach().numpy())
        assert np.array_equal(indices, where.numpy())
        close(max_gradient(x.shape, dy, indices), leaf.grad.numpy(), dy[0, 0].size)
        leaf.grad = None
        want = getattr(functions, f"adaptive_avg_pool{axes}d")(leaf, out)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        close(avg_pool(x, out), want.detach().numpy(), x[0, 0].size)
        close(avg_gradient(x.shape, dy), leaf.grad.numpy(), dy[0, 0].size)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    x, out = distinct(0, (2, 2, *(5, 4, 3)[:axes])), (3, 2, 2)[:axes]
    dy = uniform(1, (2, 2, *out))
    close_to_numeric(max_gradient(x.shape, dy, max_pool(x, out)[1]), numeric_gradient(lambda v: max_pool(v, out)[0], x, dy))
    close_to_numeric(avg_gradient(x.shape, dy), numeric_gradient(lambda v: avg_pool(v, out), x, dy))
