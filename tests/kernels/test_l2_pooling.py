"""L2 pooling as functions: float32 against float64, PyTorch, sizes beyond the squares of float32."""

import numpy as np
import pytest
from hypothesis import given

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, both, close, generated, laid_out, poison, poolings, torch, uniform  # noqa: F401


@pytest.mark.parametrize("axes", AXES)
def test_fast_same_as_textbook(axes):
    """The root halves the relative error of a sum of squares; a gradient is a sum of products of quotients up to 1."""

    @generated
    @given(case=poolings(axes))
    def compare(case):
        x = laid_out(uniform(case["seed"], case["shape"]), case["layout"])
        x[np.abs(x) < 0.2] = 0  # windows of nothing but zeros
        y, y64 = both(f"l2_pool{axes}d", x, **case["settings"])
        window = case["settings"]["window"]
        terms = window**axes if isinstance(window, int) else int(np.prod(window))
        close(y, y64, (2 + terms / 2) * y64)
        dy = laid_out(uniform(case["seed"] + 1, y.shape), case["layout"])
        dx, dx64 = both(f"l2_pool{axes}d_backward", dy, x, y, **case["settings"])
        # a pixel is in at most `terms` windows, x/y is at most 1 in each
        close(dx, dx64, (4 + terms) * terms)

    compare()


def test_gradient_is_zero_where_all_is_zero():
    x = np.zeros((1, 1, 2, 4), np.float32)
    x[..., 3] = 2
    y = kernels.l2_pool2d(x, 2)
    assert y.tolist() == [[[[0, np.float32(np.sqrt(8))]]]]
    dx = kernels.l2_pool2d_backward(np.ones_like(y), x, y, 2)
    np.testing.assert_allclose(dx[0, 0], [[0, 0, 0, np.sqrt(0.5)]] * 2, rtol=1e-6)


@pytest.mark.parametrize("magnitude", [1e-30, 1e-44, 1e30, 3e38])
def test_squares_that_float32_cannot_hold(magnitude):
    x = np.array([[[magnitude, -magnitude, 0, 0]]], np.float32)
    y, y64 = both("l2_pool1d", x[..., :1] if magnitude > 1e38 else x, 1 if magnitude > 1e38 else 2)
    np.testing.assert_allclose(y, y64, rtol=1e-6, atol=1e-45)
    assert y[0, 0, 0] > 0


def test_nan_and_infinity():
    x = np.array([[[np.nan, 1, np.inf, 1, -np.inf, np.nan]]], np.float32)
    np.testing.assert_array_equal(kernels.l2_pool1d(x, 2), [[[np.nan, np.inf, np.nan]]])


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):  # noqa: F811
    x = uniform(axes, (2, 17, *(9, 8, 7)[:axes]))
    wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y_torch = getattr(torch.nn.functional, f"lp_pool{axes}d")(wanted, 2.0, 3, 2)
    y = getattr(kernels, f"l2_pool{axes}d")(x, 3, stride=2)
    close(y, y_torch.detach().numpy(), 30)
    dy = uniform(0, y.shape)
    y_torch.backward(torch.tensor(dy, dtype=torch.float64))
    close(getattr(kernels, f"l2_pool{axes}d_backward")(dy, x, y, 3, stride=2), wanted.grad.numpy(), 100)


def test_corners():
    assert kernels.l2_pool3d(np.full((1, 1, 1, 1, 1), -4, np.float32), 1).item() == 4
    assert kernels.l2_pool1d(np.ones((1, 1, 1), np.float32), 2, stride=1, padding=3).tolist() == [[[0, 0, 1, 1, 0, 0]]]
    assert kernels.l2_pool1d(np.full((1, 1, 5), 3, np.float32), 2, ceil_mode=True)[0, 0, -1] == 3
    assert kernels.l2_pool2d(np.empty((0, 2, 4, 4), np.float32), 2).shape == (0, 2, 2, 2)


X, Y = np.zeros((2, 3, 6, 6), np.float32), np.zeros((2, 3, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.l2_pool2d(X.astype(np.float16), 2), SettingError, r"^l2_pool2d: x is float16, but must be float32 or float64"),
        (lambda: kernels.l2_pool2d(X, 7), ShapeError, r"^l2_pool2d: a window that spans 7 rows does not fit into 6"),
        (
            lambda: kernels.l2_pool2d_backward(Y, X, Y[:, :2], 2),
            ShapeError,
            r"^l2_pool2d_backward: y has the shape \(2, 2, 3, 3\), but needs \(2, 3, 3, 3\)",
        ),
        (
            lambda: kernels.l2_pool2d_backward(Y[:1], X, Y, 2),
            ShapeError,
            r"^l2_pool2d_backward: dy has the shape \(1, 3, 3, 3\), but y has \(2, 3, 3, 3\)$",
        ),
        (
            lambda: kernels.l2_pool2d_backward(Y.astype(np.float64), X, Y, 2),
            SettingError,
            r"^l2_pool2d_backward: dy is float64, x is float32, y is float32, but all must be of one type",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
