"""Nearest-neighbour and linear upsampling: by hand, as PyTorch, by the adjoint identity and numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import dtypes, seeds

AXES = (1, 2, 3)
MODES = ("nearest", "linear")
TORCH_MODES = {
    ("nearest", 1): "nearest",
    ("nearest", 2): "nearest",
    ("nearest", 3): "nearest",
    ("linear", 1): "linear",
    ("linear", 2): "bilinear",
    ("linear", 3): "trilinear",
}


def upsample(mode, x, scale):
    y = poisoned((*x.shape[:2], *(a * b for a, b in zip(x.shape[2:], scale, strict=True))), x.dtype)
    getattr(textbook, f"upsample_{mode}{len(scale)}d_forward")(y, x, *[False] * (mode == "linear"))
    return y


def gradient(mode, dy, scale):
    dx = poisoned((*dy.shape[:2], *(a // b for a, b in zip(dy.shape[2:], scale, strict=True))), dy.dtype)
    getattr(textbook, f"upsample_{mode}{len(scale)}d_backward")(dx, dy, *[False] * (mode == "linear"))
    return dx


def test_duplicate_each_input_four_times():
    """Figure 10.12 a of lecture 003."""
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert upsample("nearest", x, (2, 2))[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_linear_by_hand():
    """Centres of the four halves lie a quarter before and after the centres of the two pixels; beyond them nothing changes."""
    assert upsample("linear", np.array([[[0.0, 4.0]]]), (2,))[0, 0].tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize("mode", MODES)
def test_one_pixel_fills_everything(mode):
    assert np.all(upsample(mode, np.full((1, 1, 1, 1), 3.0), (3, 2)) == 3.0)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mode", MODES)
def test_same_as_torch(torch, mode, axes):
    largest = 5 if axes < 3 else 3

    @generated
    @given(size=st.tuples(*[st.integers(1, largest)] * axes), scale=st.tuples(*[st.integers(1, 4)] * axes), dtype=dtypes(axes), seed=seeds)
    def compare(size, scale, dtype, seed):
        x = uniform(seed, (2, 2, *size), dtype)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        y = upsample(mode, x, scale)
        align = None if mode == "nearest" else False
        want = torch.nn.functional.interpolate(leaf, size=y.shape[2:], mode=TORCH_MODES[mode, axes], align_corners=align)
        dy = uniform(seed + 1, y.shape, dtype)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        dx = gradient(mode, dy, scale)
        close(y, want.detach().numpy(), 3**axes)
        close(dx, leaf.grad.numpy(), int(np.prod(scale)) * 3**axes)
        close(np.vdot(dy, y), np.vdot(dx, x), y.size)

    compare()


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mode", MODES)
def test_numeric_gradient(mode, axes):
    x, scale = uniform(0, (2, 1, *(3, 2, 2)[:axes])), (2, 3, 2)[:axes]
    dy = uniform(1, upsample(mode, x, scale).shape)
    close_to_numeric(gradient(mode, dy, scale), numeric_gradient(lambda v: upsample(mode, v, scale), x, dy))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(("mode", "align"), [("nearest", None), ("linear", False), ("linear", True)])
def test_any_size_same_as_torch(torch, mode, align, axes):
    largest = 7 if axes < 3 else 4

    @generated
    @given(size=st.tuples(*[st.integers(1, largest)] * axes), out=st.tuples(*[st.integers(1, largest)] * axes), seed=seeds)
    def compare(size, out, seed):
        x, dy = uniform(seed, (2, 2, *size)), uniform(seed + 1, (2, 2, *out))
        y, dx = poisoned(dy.shape, dy.dtype), poisoned(x.shape, x.dtype)
        settings = () if align is None else (align,)
        getattr(textbook, f"upsample_{mode}{axes}d_forward")(y, x, *settings)
        getattr(textbook, f"upsample_{mode}{axes}d_backward")(dx, dy, *settings)
        leaf = torch.tensor(x, requires_grad=True)
        want = torch.nn.functional.interpolate(leaf, size=out, mode=TORCH_MODES[mode, axes], align_corners=align)
        want.backward(torch.tensor(dy))
        if mode == "linear":  # PyTorch rounds the ratio of "nearest" to float32, and so takes a neighbour now and then
            close(y, want.detach().numpy(), 3**axes)
            close(dx, leaf.grad.numpy(), int(np.prod(out)) * 3**axes)
        else:
            places = np.ix_(*(np.arange(o) * s // o for o, s in zip(out, size, strict=True)))
            assert np.array_equal(y, x[(slice(None), slice(None), *places)])
        close(np.vdot(dy, y), np.vdot(dx, x), y.size)

    compare()
