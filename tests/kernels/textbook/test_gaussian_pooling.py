"""Weighted pooling: by hand, as a convolution of each channel, by the adjoint identity and numeric gradients."""

import numpy as np
import pytest
from hypothesis import given

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import dtypes, seeds, windows

AXES = (1, 2, 3)


def pool(x, weight, out, ints):
    """ints: the strides of all axes, then the paddings."""
    y = poisoned((*x.shape[:2], *out), x.dtype)
    getattr(textbook, f"gaussian_pool{len(out)}d_forward")(y, x, weight, *ints)
    return y


def gradient(x_shape, dy, weight, ints):
    dx = poisoned(x_shape, dy.dtype)
    getattr(textbook, f"gaussian_pool{dy.ndim - 2}d_backward")(dx, dy, weight, *ints)
    return dx


def test_by_hand():
    """The filter of lecture 001, 1 2 1 over 4: what hangs over the end counts as zero."""
    x, weight = np.array([[[4.0, 8.0, 12.0]]]), np.array([1.0, 2.0, 1.0]) / 4
    assert pool(x, weight, (3,), (1, 1))[0, 0].tolist() == [4, 8, 8]


@pytest.mark.parametrize("axes", AXES)
def test_same_as_a_convolution_of_each_channel(axes):
    @generated
    @given(window=windows(axes, dilated=False), dtype=dtypes(axes), seed=seeds)
    def compare(window, dtype, seed):
        x, weight = uniform(seed, (2, 2, *window.size), dtype), uniform(seed + 1, window.taps, dtype)
        filters = np.stack([weight[None], weight[None]])
        ints = (*window.stride, *window.before)
        y, want = pool(x, weight, window.out, ints), poisoned((2, 2, *window.out), dtype)
        settings = (*ints, *(1,) * axes, 2, False)
        getattr(textbook, f"conv{axes}d_forward")(want, x, filters, np.zeros(2, dtype), *settings)
        terms = int(np.prod(window.taps))
        close(y, want, terms)
        dy, dx = uniform(seed + 2, y.shape, dtype), poisoned(x.shape, dtype)
        getattr(textbook, f"conv{axes}d_backward_input")(dx, dy, filters, *settings)
        close(gradient(x.shape, dy, weight, ints), dx, terms)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    x, weight = uniform(0, (2, 2, *(4, 5, 4)[:axes])), uniform(1, (2, 3, 2)[:axes])
    out, ints = (2, 5, 2)[:axes], (*(2, 1, 2)[:axes], *(1, 1, 0)[:axes])
    dy = uniform(2, (2, 2, *out))
    close_to_numeric(gradient(x.shape, dy, weight, ints), numeric_gradient(lambda v: pool(v, weight, out, ints), x, dy))
