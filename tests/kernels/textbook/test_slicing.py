"""Slices against NumPy's own, worked by hand, and their numeric gradients."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import close_to_numeric, numeric_gradient, poisoned, uniform


def sliced(x, shape, *settings):
    y = poisoned(shape)
    getattr(textbook, f"slice{x.ndim - 2}d_forward")(y, x, *settings)
    return y


def test_by_hand():
    """The middle of five, and every second of five with a channel of zeros behind."""
    x = np.arange(5.0).reshape(1, 1, 5)
    assert sliced(x, (1, 1, 3), 1, 1).tolist() == [[[1, 2, 3]]]
    assert sliced(x, (1, 2, 3), 0, 2).tolist() == [[[0, 2, 4], [0, 0, 0]]]


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_as_numpy_slices_and_its_gradient(axes):
    size, first, stride = (5, 6, 4)[:axes], (1, 0, 2)[:axes], (2, 3, 1)[:axes]
    x = uniform(0, (2, 2, *size))
    want = x[(..., *(slice(f, None, s) for f, s in zip(first, stride, strict=True)))]
    y = sliced(x, (2, 3, *want.shape[2:]), *first, *stride)
    assert np.array_equal(y[:, :2], want)
    assert not y[:, 2].any()
    dx, dy = poisoned(x.shape), uniform(1, y.shape)
    getattr(textbook, f"slice{axes}d_backward")(dx, dy, *first, *stride)
    close_to_numeric(dx, numeric_gradient(lambda v: sliced(v, y.shape, *first, *stride), x, dy))
