"""Local response normalization: by hand, as PyTorch (whose alpha is divided by the size), by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform


def normalize(x, *constants):
    y = poisoned(x.shape, x.dtype)
    textbook.local_response_norm_forward(y, x, *constants)
    return y


def gradient(dy, x, *constants):
    dx = poisoned(x.shape, x.dtype)
    textbook.local_response_norm_backward(dx, dy, x, *constants)
    return dx


def test_by_hand():
    """Size 3, k = 1, alpha = 1, beta = 1: each value over one plus the squares of itself and its neighbours."""
    y = normalize(np.array([[[1.0], [2.0], [3.0]]]), 3, 1.0, 1.0, 1.0)
    close(y[0, :, 0], np.array([1 / 6, 2 / 15, 3 / 14]))


def test_even_size_reaches_further_back():
    """Size 2: channel c looks at c - 1 and c."""
    y = normalize(np.array([[[1.0], [2.0], [3.0]]]), 2, 1.0, 1.0, 1.0)
    close(y[0, :, 0], np.array([1 / 2, 2 / 6, 3 / 14]))


def test_size_1_is_a_function_of_one_channel():
    x = uniform(0, (2, 3, 4))
    close(normalize(x, 1, 2.0, 0.5, 0.75), x / (2.0 + 0.5 * x**2) ** 0.75)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    @generated
    @given(
        N=st.integers(1, 3),
        C=st.integers(1, 8),
        L=st.integers(1, 4),
        size=st.integers(1, 9),
        constants=st.sampled_from([(2.0, 1e-4, 0.75), (1.0, 0.5, 0.75), (1.5, 2.0, 1.0)]),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(N, C, L, size, constants, seed):
        k, alpha, beta = constants
        x, dy = uniform(seed, (N, C, L), dtype), uniform(seed + 1, (N, C, L), dtype)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        want = torch.nn.functional.local_response_norm(leaf, size, alpha * size, beta, k)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        close(normalize(x, size, k, alpha, beta), want.detach().numpy(), size)
        close(gradient(dy, x, size, k, alpha, beta), leaf.grad.numpy(), 4 * size)

    compare()


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_numeric_gradient(size):
    x, dy = uniform(0, (2, 6, 3)), uniform(1, (2, 6, 3))
    constants = (size, 2.0, 0.5, 0.75)
    close_to_numeric(gradient(dy, x, *constants), numeric_gradient(lambda v: normalize(v, *constants), x, dy))
