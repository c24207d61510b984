"""Lp pooling: values worked by hand, L2 pooling, PyTorch, corners by name, numeric gradients."""

import numpy as np
import pytest

from minicnn.kernels import textbook

from .checks import numeric_gradient, poisoned


def lp_pool(x, out, power, *settings):
    y = poisoned((*x.shape[:2], *out), x.dtype)
    getattr(textbook, f"lp_pool{len(out)}d_forward")(y, x, *settings, power)
    return y


def lp_pool_backward(dy, x, y, power, *settings):
    dx = poisoned(x.shape, x.dtype)
    getattr(textbook, f"lp_pool{dy.ndim - 2}d_backward")(dx, dy, x, y, *settings, power)
    return dx


def row(*numbers):
    return np.array(numbers, np.float64)[None, None]


def test_by_hand():
    """(1 + 8)^(1/3) and (8 + 27)^(1/3); a dilation of 2 takes 1 and 3."""
    x = row(1.0, -2.0, 3.0)
    assert np.allclose(lp_pool(x, (2,), 3.0, 2, 1, 0, 1), row(9 ** (1 / 3), 35 ** (1 / 3)))
    assert np.allclose(lp_pool(x, (1,), 3.0, 2, 1, 0, 2), row(28 ** (1 / 3)))


def test_padding_counts_as_zero():
    assert np.allclose(lp_pool(row(-3.0), (2,), 2.5, 2, 1, 1, 1), row(3.0, 3.0))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_of_two_it_is_l2_pooling(axes):
    x = np.random.default_rng(axes).standard_normal((2, 3, *(5, 6, 4)[:axes]))
    settings = (2,) * axes + (2,) * axes + (1,) * axes
    out = tuple(size // 2 + 1 for size in x.shape[2:])
    y = poisoned((2, 3, *out), x.dtype)
    getattr(textbook, f"l2_pool{axes}d_forward")(y, x, *settings)
    assert np.allclose(lp_pool(x, out, 2.0, *settings, *(1,) * axes), y)


def test_all_zeros_have_no_gradient():
    x = np.zeros((1, 1, 3))
    y = lp_pool(x, (2,), 3.0, 2, 1, 0, 1)
    assert not lp_pool_backward(np.ones_like(y), x, y, 3.0, 2, 1, 0, 1).any()


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_numeric_gradients(axes, power):
    rng = np.random.default_rng(axes)
    x = rng.uniform(0.2, 1.0, (1, 2, *(5, 4, 3)[:axes])) * rng.choice([-1, 1], (1, 2, *(5, 4, 3)[:axes]))  # the norm of 1 has a kink at 0
    settings = ((2,) * axes, (1,) * axes, (1,) * axes, (2,) * axes)
    flat = [n for each in settings for n in each]
    out = tuple(size + 2 - 3 + 1 for size in x.shape[2:])
    y = lp_pool(x, out, power, *flat)
    dy = rng.standard_normal(y.shape)
    wanted = numeric_gradient(lambda v: lp_pool(v, out, power, *flat), x, dy)
    assert np.allclose(lp_pool_backward(dy, x, y, power, *flat), wanted, atol=1e-6)
