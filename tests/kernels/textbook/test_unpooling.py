"""Max unpooling: by hand, as the inverse of pooling, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close_to_numeric, distinct, generated, numeric_gradient, poisoned, uniform
from .generate import dtypes, seeds

AXES = (1, 2, 3)


def unpool(x, indices, out):
    y = poisoned((*x.shape[:2], *out), x.dtype)
    getattr(textbook, f"max_unpool{len(out)}d_forward")(y, x, indices)
    return y


def gradient(dy, indices):
    dx = poisoned(indices.shape, dy.dtype)
    getattr(textbook, f"max_unpool{dy.ndim - 2}d_backward")(dx, dy, indices)
    return dx


def pool(x, window, out):
    """Windows side by side."""
    y, indices = poisoned((*x.shape[:2], *out), x.dtype), poisoned((*x.shape[:2], *out), np.int64)
    axes = len(out)
    getattr(textbook, f"max_pool{axes}d_forward")(y, indices, x, *window, *window, *(0,) * axes, *(1,) * axes)
    return y, indices


def test_values_return_to_where_they_came_from():
    """The 4x4 grid of lecture 001: 6 8 3 4 go back to where max pooling found them."""
    x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    y, indices = pool(x, (2, 2), (2, 2))
    assert unpool(y, indices, (4, 4))[0, 0].tolist() == [[0, 0, 0, 0], [0, 6, 0, 8], [3, 0, 0, 0], [0, 0, 0, 4]]
    dy = np.arange(16.0).reshape(1, 1, 4, 4)
    assert gradient(dy, indices)[0, 0].tolist() == [[5, 7], [8, 15]]


def test_index_minus_one_goes_nowhere():
    x, indices = np.array([[[7.0, 8.0]]]), np.array([[[-1, 2]]])
    assert unpool(x, indices, (4,))[0, 0].tolist() == [0, 0, 8, 0]
    assert gradient(np.ones((1, 1, 4)), indices)[0, 0].tolist() == [0, 1]


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    @generated
    @given(out=st.tuples(*[st.integers(1, 3)] * axes), window=st.tuples(*[st.integers(1, 3)] * axes), dtype=dtypes(axes), seed=seeds)
    def compare(out, window, dtype, seed):
        whole = tuple(a * b for a, b in zip(out, window, strict=True))
        y, indices = pool(distinct(seed, (2, 2, *whole), dtype), window, out)
        leaf = torch.tensor(y, requires_grad=True)
        want = getattr(torch.nn.functional, f"max_unpool{axes}d")(leaf, torch.tensor(indices), window)
        dy = uniform(seed, want.shape, dtype)
        want.backward(torch.tensor(dy))
        assert np.array_equal(unpool(y, indices, whole), want.detach().numpy())
        assert np.array_equal(gradient(dy, indices), leaf.grad.numpy())

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    whole, window, out = (4, 3, 4)[:axes], (2, 3, 2)[:axes], (2, 1, 2)[:axes]
    y, indices = pool(distinct(0, (2, 2, *whole)), window, out)
    dy = uniform(1, (2, 2, *whole))
    close_to_numeric(gradient(dy, indices), numeric_gradient(lambda v: unpool(v, indices, whole), y, dy))
