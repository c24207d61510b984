"""Pooling across channels as functions: float32 against float64, every mode, planes narrower than a vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import LAYOUTS, both, close, generated, laid_out, peculiar, poison, same, seeds, torch, uniform, whole  # noqa: F401


@st.composite
def cases(draw):
    size = draw(st.integers(1, 6))
    space = draw(st.lists(st.integers(1, 11), max_size=3))
    return size, (draw(st.integers(1, 20)), size * draw(st.integers(1, 4)), *space), draw(seeds), draw(st.sampled_from(LAYOUTS))


@generated
@given(case=cases())
def test_fast_same_as_textbook(case):
    size, shape, seed, layout = case
    x = laid_out(peculiar(seed, shape), layout)
    y, y64 = both("channel_pool", x, size, mode="max")
    same(y, y64)
    same(*both("channel_pool_backward", laid_out(whole(seed, y.shape), layout), x, size, mode="max"))
    x = laid_out(uniform(seed, shape), layout)
    x[np.abs(x) < 0.2] = 0
    dy = laid_out(uniform(seed + 1, y.shape), layout)
    for mode in ("avg", "l2"):
        y, y64 = both("channel_pool", x, size, mode=mode)
        close(y, y64, (size + 2) * max(1, np.abs(y64).max()))
        close(*both("channel_pool_backward", dy, x, size, mode=mode), size + 4)


def test_same_as_torch(torch):  # noqa: F811
    x = uniform(0, (3, 12, 5, 7))
    wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    groups = wanted.view(3, 3, 4, 5, 7)
    dy = uniform(1, (3, 3, 5, 7))
    for mode, y_torch in {"max": groups.amax(2), "avg": groups.mean(2), "l2": groups.norm(dim=2)}.items():
        close(kernels.channel_pool(x, 4, mode=mode), y_torch.detach().numpy(), 8)
        (gradient,) = torch.autograd.grad(y_torch, wanted, torch.tensor(dy, dtype=torch.float64))
        close(kernels.channel_pool_backward(dy, x, 4, mode=mode), gradient.numpy(), 8)


def test_corners():
    x = np.array([[[3], [3], [np.nan], [1]]], np.float32)
    np.testing.assert_array_equal(kernels.channel_pool(x, 2, mode="max"), [[[3], [np.nan]]])
    assert kernels.channel_pool_backward(np.full((1, 2, 1), 5, np.float32), x, 2, mode="max").tolist() == [[[5], [0], [5], [0]]]
    assert kernels.channel_pool(np.zeros((1, 2), np.float32), 2, mode="l2").tolist() == [[0]]
    assert kernels.channel_pool_backward(np.ones((1, 1), np.float32), np.zeros((1, 2), np.float32), 2, mode="l2").tolist() == [[0, 0]]
    for shape in ((0, 4, 3, 3), (2, 4, 0), (2, 0, 3)):
        x = np.empty(shape, np.float32)
        y = kernels.channel_pool(x, 2, mode="avg")
        assert y.shape == (shape[0], shape[1] // 2, *shape[2:])
        assert kernels.channel_pool_backward(y, x, 2, mode="avg").shape == shape
    np.testing.assert_allclose(kernels.channel_pool(np.full((1, 2, 20), 1e-30, np.float32), 2, mode="l2"), np.sqrt(2) * 1e-30, rtol=1e-6)


X = np.zeros((2, 6, 5), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.channel_pool(X, 4, mode="max"),
            ShapeError,
            r"^channel_pool: 6 channels do not divide into groups of 4\n  x  \(2, 6, 5\)  N C \*space$",
        ),
        (lambda: kernels.channel_pool(X, 2, mode="average"), SettingError, r": did you mean avg\?$"),
        (lambda: kernels.channel_pool(X, 2, mode="sum"), SettingError, r"^channel_pool: mode 'sum' is not one of max, avg, l2$"),
        (lambda: kernels.channel_pool(X, 0, mode="max"), SettingError, r"^channel_pool: size is 0, but must be at least 1$"),
        (lambda: kernels.channel_pool(X, True, mode="max"), SettingError, r"^channel_pool: size is True, but must be a whole number$"),
        (lambda: kernels.channel_pool(X[0, 0], 2, mode="max"), ShapeError, r"^channel_pool: x has 1 axes, but needs at least 2"),
        (
            lambda: kernels.channel_pool_backward(X, X, 2, mode="avg"),
            ShapeError,
            r"^channel_pool_backward: dy has the shape \(2, 6, 5\), but needs \(2, 3, 5\)",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
