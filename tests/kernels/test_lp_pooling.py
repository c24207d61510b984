"""Lp pooling as functions: float32 against float64, L2 pooling, PyTorch, the layer, wrong calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import Graph, kernels
from minicnn import layers as L
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, both, close, fewer, laid_out, poison, poolings, torch, uniform  # noqa: F401


@pytest.mark.parametrize("axes", AXES)
def test_float32_same_as_float64(axes):
    """Sums of powers are taken in float64: the rounding of y, of its quotient and of the gradient are left."""

    @fewer(2)
    @given(case=poolings(axes, dilated=True), p=st.sampled_from([1, 2, 2.5, 4]))
    def compare(case, p):
        x = laid_out(uniform(case["seed"], case["shape"]), case["layout"])
        x[np.abs(x) < 0.2] = 0  # windows of nothing but zeros
        y, y64 = both(f"lp_pool{axes}d", x, p=p, **case["settings"])
        close(y, y64, 2 * y64)
        dy = laid_out(uniform(case["seed"] + 1, y.shape), case["layout"])
        dx, dx64 = both(f"lp_pool{axes}d_backward", dy, x, y, p=p, **case["settings"])
        window = case["settings"]["window"]
        close(dx, dx64, 4 * (window**axes if isinstance(window, int) else int(np.prod(window))))

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_of_two_it_is_l2_pooling(axes):
    x = uniform(axes, (2, 3, *(9, 8, 7)[:axes])).astype(np.float64)
    settings = {"stride": 2, "padding": 1, "ceil_mode": True}
    y = getattr(kernels, f"lp_pool{axes}d")(x, 3, p=2, **settings)
    np.testing.assert_allclose(y, getattr(kernels, f"l2_pool{axes}d")(x, 3, **settings), rtol=1e-14)
    dy = uniform(0, y.shape).astype(np.float64)
    dx, wanted = (getattr(kernels, f"{kind}_pool{axes}d_backward") for kind in ("lp", "l2"))
    np.testing.assert_allclose(dx(dy, x, y, 3, p=2, **settings), wanted(dy, x, y, 3, **settings), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):  # noqa: F811
    x = uniform(axes, (2, 5, *(9, 8, 7)[:axes]))
    wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y_torch = getattr(torch.nn.functional, f"lp_pool{axes}d")(wanted.abs(), 3.0, 3, 2)
    y = getattr(kernels, f"lp_pool{axes}d")(x, 3, p=3, stride=2)
    close(y, y_torch.detach().numpy(), 10)
    dy = uniform(0, y.shape)
    y_torch.backward(torch.tensor(dy, dtype=torch.float64))
    close(getattr(kernels, f"lp_pool{axes}d_backward")(dy, x, y, 3, p=3, stride=2), wanted.grad.numpy(), 100)


def test_same_as_the_layer():
    x, settings = uniform(0, (3, 4, 7, 6)), {"p": 2.5, "stride": 2, "padding": 1, "dilation": 2}
    net = Graph(L.LpPool2D(2, **settings), (4, 7, 6))
    y = kernels.lp_pool2d(x, 2, **settings)
    np.testing.assert_allclose(net.forward(x), y, rtol=1e-6)


X, Y = np.zeros((2, 3, 6, 6), np.float32), np.zeros((2, 3, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.lp_pool2d(X.astype(np.float16), 2), SettingError, r"^lp_pool2d: x is float16, but must be float32 or float64"),
        (lambda: kernels.lp_pool2d(X, 2, p=0.5), SettingError, r"^lp_pool2d: p is 0.5, but must be at least 1"),
        (lambda: kernels.lp_pool2d(X, 2, p="3"), SettingError, r"^lp_pool2d: p is '3', but must be a number$"),
        (lambda: kernels.lp_pool2d(X, 2, p=float("inf")), SettingError, r"^lp_pool2d: p is inf, but must be finite$"),
        (lambda: kernels.lp_pool2d(X, 4, dilation=2), ShapeError, r"^lp_pool2d: a window that spans 7 rows does not fit into 6"),
        (
            lambda: kernels.lp_pool2d_backward(Y, X, Y[:, :2], 2),
            ShapeError,
            r"^lp_pool2d_backward: y has the shape \(2, 2, 3, 3\), but needs \(2, 3, 3, 3\)",
        ),
        (
            lambda: kernels.lp_pool2d_backward(Y[:1], X, Y, 2),
            ShapeError,
            r"^lp_pool2d_backward: dy has the shape \(1, 3, 3, 3\), but y has \(2, 3, 3, 3\)$",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
