"""L2 pooling: by hand, as the root of a sum of squares in PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import dtypes, seeds, windows

AXES = (1, 2, 3)


def pool(x, out, ints):
    """ints: the windows of all axes, then the strides, then the paddings."""
    y = poisoned((*x.shape[:2], *out), x.dtype)
    getattr(textbook, f"l2_pool{len(out)}d_forward")(y, x, *ints)
    return y


def gradient(dy, x, y, ints):
    dx = poisoned(x.shape, x.dtype)
    getattr(textbook, f"l2_pool{x.ndim - 2}d_backward")(dx, dy, x, y, *ints)
    return dx


def test_by_hand():
    x = np.array([[[[3.0, 4.0, 0.0], [0.0, 12.0, 5.0]]]])
    y = pool(x, (1, 2), (2, 2, 1, 1, 0, 0))
    close(y[0, 0], np.array([[13.0, np.sqrt(16 + 144 + 25)]]))
    close(gradient(np.array([[[[13.0, 0.0]]]]), x, y, (2, 2, 1, 1, 0, 0)), np.array([[[[3.0, 4.0, 0.0], [0.0, 12.0, 0.0]]]]))


def test_gradient_is_zero_where_all_is_zero():
    x = np.zeros((1, 1, 4))
    y = pool(x, (2,), (2, 2, 0))
    assert not y.any()
    assert not gradient(np.ones((1, 1, 2)), x, y, (2, 2, 0)).any()


def test_small_numbers_do_not_vanish():
    """The square of 1e-30 is no float32."""
    y = pool(np.full((1, 1, 1), 1e-30, np.float32), (1,), (1, 1, 0))
    np.testing.assert_allclose(y, 1e-30, rtol=1e-6)


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    @generated
    @given(window=windows(axes, dilated=False), dtype=dtypes(axes), seed=seeds)
    def compare(window, dtype, seed):
        x = uniform(seed, (2, 1, *window.size), dtype)
        ints = (*window.taps, *window.stride, *window.before)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        ones = torch.ones((1, 1, *window.taps), dtype=torch.float64)
        wide = torch.nn.functional.pad(leaf, window.torch_padding)
        squares = getattr(torch.nn.functional, f"conv{axes}d")(wide**2, ones, None, window.stride)
        hit = squares > 0.0  # windows that lie wholly in the padding have no slope
        y = pool(x, window.out, ints)
        close(y, torch.where(hit, squares, 0.0).sqrt().detach().numpy(), int(np.prod(window.taps)))
        dy = uniform(seed + 1, y.shape, dtype)
        (squares[hit].sqrt() * torch.tensor(dy, dtype=torch.float64)[hit]).sum().backward()
        close(gradient(dy, x, y, ints), leaf.grad.numpy(), int(np.prod(window.taps)))

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    x, window, stride, pad = uniform(0, (2, 2, *(4, 5, 4)[:axes])) + 2.0, (2, 3, 2)[:axes], (2, 1, 2)[:axes], (1, 1, 0)[:axes]
    out, ints = (2, 5, 2)[:axes], (*window, *stride, *pad)
    y = pool(x, out, ints)
    dy = uniform(1, y.shape)
    close_to_numeric(gradient(dy, x, y, ints), numeric_gradient(lambda v: pool(v, out, ints), x, dy))
