"""Subsampling with a trainable factor: worked by hand, overlapping windows and rests, numeric gradients."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def subsampled(x, weight, bias, window, stride):
    out = [(size - w) // s + 1 for size, w, s in zip(x.shape[2:], window, stride, strict=True)]
    y = poisoned((*x.shape[:2], *out))
    getattr(textbook, f"subsample{len(window)}d_forward")(y, x, weight, bias, *window, *stride)
    return y


def test_by_hand():
    x = np.array([[[[1.0, 2.0, 9.0], [3.0, 4.0, 9.0]]]])
    assert subsampled(x, np.array([0.5]), np.array([1.0]), (2, 2), (2, 2)).tolist() == [[[[6.0]]]]


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradients(axes):
    window, stride = (2, 3, 1)[:axes], (2, 1, 2)[:axes]
    x, weight, bias = uniform(0, (2, 3, *(5, 4, 3)[:axes])), uniform(1, 3), uniform(2, 3)
    y = subsampled(x, weight, bias, window, stride)
    dy, dx, dweight, dbias = uniform(3, y.shape), poisoned(x.shape), poisoned(3), poisoned(3)
    getattr(textbook, f"subsample{axes}d_backward_input")(dx, dy, weight, *window, *stride)
    getattr(textbook, f"subsample{axes}d_backward_weight")(dweight, dy, x, *window, *stride)
    getattr(textbook, f"conv{axes}d_backward_bias")(dbias, dy)
    close_to_numeric(dx, numeric_gradient(lambda v: subsampled(v, weight, bias, window, stride), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: subsampled(x, v, bias, window, stride), weight, dy))
    close_to_numeric(dbias, numeric_gradient(lambda v: subsampled(x, weight, v, window, stride), bias, dy))
