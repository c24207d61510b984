"""Local response normalization as functions: float32 against float64, PyTorch, planes narrower than a vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import LAYOUTS, both, close, generated, laid_out, poison, seeds, torch, uniform  # noqa: F401

shapes = st.tuples(st.integers(1, 20), st.integers(1, 12), st.lists(st.integers(1, 9), max_size=3)).map(lambda s: (s[0], s[1], *s[2]))


@generated
@given(
    shape=shapes,
    size=st.integers(1, 9),
    k=st.sampled_from([0.5, 1.0, 2.0]),
    alpha=st.sampled_from([0.0, 1e-4, 0.3]),
    beta=st.sampled_from([0.5, 0.75, 1.0, -0.5]),
    seed=seeds,
    layout=st.sampled_from(LAYOUTS),
)
def test_fast_same_as_textbook(shape, size, k, alpha, beta, seed, layout):
    """A power costs a logarithm and an exponential, each of 4 units; a gradient adds `size` of them."""
    x, dy = laid_out(4 * uniform(seed, shape), layout), laid_out(uniform(seed + 1, shape), layout)
    settings = (size, k, alpha, beta)
    y, y64 = both("local_response_norm", x, *settings)
    close(y, y64, (16 + size) * max(1.0, float(np.abs(y64).max())))
    gradient, gradient64 = both("local_response_norm_backward", dy, x, *settings)
    # at most: dy/d^beta and size times 2*alpha*beta*x*x*dy/d^(beta + 1)
    terms = max(k**-beta, 1 + 16 * size * alpha) * (1 + 2 * alpha * abs(beta) * 16 * size / k)
    close(gradient, gradient64, (16 + size) * max(1.0, terms))


def test_same_as_torch(torch):  # noqa: F811
    x, dy = uniform(0, (3, 16, 5, 7)) * 5, uniform(1, (3, 16, 5, 7))
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    wanted = torch.nn.functional.local_response_norm(leaf, 5, 5 * 0.1, 0.75, 2.0)  # PyTorch divides alpha by the size
    close(kernels.local_response_norm(x, alpha=0.1), wanted.detach().numpy(), 60)
    wanted.backward(torch.tensor(dy, dtype=torch.float64))
    close(kernels.local_response_norm_backward(dy, x, alpha=0.1), leaf.grad.numpy(), 60)


def test_by_hand():
    x = np.array([[[1], [2], [3]]], np.float32)
    np.testing.assert_allclose(kernels.local_response_norm(x, 3, 1, 1, 1)[0, :, 0], [1 / 6, 2 / 15, 3 / 14], rtol=1e-6)
    # of two neighbours the extra one lies before
    np.testing.assert_allclose(kernels.local_response_norm(x, 2, 1, 1, 1)[0, :, 0], [1 / 2, 2 / 6, 3 / 14], rtol=1e-6)


def test_nan_and_infinity():
    x = np.ones((1, 5, 20), np.float32)
    x[0, 2, 3], x[0, 2, 7] = np.nan, np.inf
    y = kernels.local_response_norm(x, 3)
    np.testing.assert_array_equal(np.isnan(y[0]), np.isnan(kernels.local_response_norm(x.astype(np.float64), 3)[0]))
    assert np.isnan(y[0, 1:4, 3]).all()
    assert y[0, 1, 7] == 0


def test_corners():
    assert kernels.local_response_norm(np.empty((0, 3, 4, 4), np.float32)).shape == (0, 3, 4, 4)
    assert kernels.local_response_norm(np.empty((2, 0, 4), np.float32)).shape == (2, 0, 4)
    assert kernels.local_response_norm_backward(np.empty((2, 3, 0), np.float32), np.empty((2, 3, 0), np.float32)).shape == (2, 3, 0)


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.local_response_norm(X, k=0), SettingError, r"^local_response_norm: k is 0.0, but must be above 0: "),
        (lambda: kernels.local_response_norm(X, alpha=-1), SettingError, r"^local_response_norm: alpha is -1.0, but must be at least 0$"),
        (lambda: kernels.local_response_norm(X, beta="x"), SettingError, r"^local_response_norm: beta is 'x', but must be a number$"),
        (lambda: kernels.local_response_norm(X, size=0), SettingError, r"^local_response_norm: size is 0, but must be at least 1$"),
        (lambda: kernels.local_response_norm(X[0, 0, 0]), ShapeError, r"^local_response_norm: x has 1 axes, but needs at least 2"),
        (
            lambda: kernels.local_response_norm_backward(X[:1], X),
            ShapeError,
            r"^local_response_norm_backward: dy has the shape \(1, 3, 6, 6\), but x has \(2, 3, 6, 6\)$",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
