"""The fully connected layer: by hand, as NumPy's matrix product, and by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform


def linear(x, weight, bias):
    y = poisoned((len(x), len(weight)), x.dtype)
    textbook.linear_forward(y, x, weight, bias)
    return y


def gradients(x, weight, dy):
    dx, dweight, dbias = poisoned(x.shape, x.dtype), poisoned(weight.shape, x.dtype), poisoned(weight.shape[:1], x.dtype)
    textbook.linear_backward_input(dx, dy, weight)
    textbook.linear_backward_weight(dweight, dy, x)
    textbook.linear_backward_bias(dbias, dy)
    return dx, dweight, dbias


def test_by_hand():
    y = linear(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 0.0, -1.0], [2.0, 2.0, 2.0]]), np.array([10.0, 20.0]))
    assert y.tolist() == [[8, 32]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_matrix_products(dtype):
    @generated
    @given(N=st.integers(1, 4), F=st.integers(1, 6), K=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
    def compare(N, F, K, seed):
        x, weight, bias, dy = (uniform(seed + i, shape, dtype) for i, shape in enumerate([(N, F), (K, F), (K,), (N, K)]))
        close(linear(x, weight, bias), x @ weight.T + bias, F)
        dx, dweight, dbias = gradients(x, weight, dy)
        close(dx, dy @ weight, K)
        close(dweight, dy.T @ x, N)
        close(dbias, dy.sum(0), N)

    compare()


def test_numeric_gradient():
    x, weight, bias, dy = uniform(0, (3, 4)), uniform(1, (5, 4)), uniform(2, 5), uniform(3, (3, 5))
    dx, dweight, dbias = gradients(x, weight, dy)
    close_to_numeric(dx, numeric_gradient(lambda v: linear(v, weight, bias), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: linear(x, v, bias), weight, dy))
    close_to_numeric(dbias, numeric_gradient(lambda v: linear(x, weight, v), bias, dy))
