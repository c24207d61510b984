"""Activations: by hand, at the edges of float, as PyTorch, and by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform

SLOPE = 0.1
EXTRA = {"leaky_relu": (SLOPE,), "scaled_tanh": (1.7159, 2 / 3)}
FROM_INPUT = ("leaky_relu",)  # their gradient is written with x; that of all others with y
NAMES = ("relu", "leaky_relu", "tanh", "scaled_tanh", "sigmoid", "softmax", "log_softmax")


def forward(name, x):
    y = poisoned(x.shape, x.dtype)
    getattr(textbook, f"{name}_forward")(y, x, *EXTRA.get(name, ()))
    return y


def backward(name, dy, x):
    dx = poisoned(x.shape, x.dtype)
    kept = x if name in FROM_INPUT else forward(name, x)
    getattr(textbook, f"{name}_backward")(dx, dy, kept, *EXTRA.get(name, ()))
    return dx


def test_relu_by_hand():
    x = np.array([-2.0, -0.0, 0.0, 3.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(forward("relu", x), [0, 0, 0, 3, np.nan, np.inf, 0])
    np.testing.assert_array_equal(backward("relu", np.full(7, 5.0), x), [0, 0, 0, 5, 5, 5, 0])


def test_leaky_relu_by_hand():
    x = np.array([-2.0, 0.0, 3.0, np.nan])
    np.testing.assert_array_equal(forward("leaky_relu", x), [-2.0 * SLOPE, 0, 3, np.nan])
    np.testing.assert_array_equal(backward("leaky_relu", np.full(4, 5.0), x)[:3], [5.0 * SLOPE, 5.0 * SLOPE, 5])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sigmoid_and_tanh_at_the_edges(dtype):
    """exp(-x) alone would overflow at -1000; NumPy would warn and the suite turns warnings into errors."""
    x = np.array([-1000.0, -np.inf, 0.0, 1000.0, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(forward("sigmoid", x), np.array([0, 0, 0.5, 1, 1, np.nan], dtype))
    np.testing.assert_array_equal(forward("tanh", x), np.array([-1, -1, 0, 1, 1, np.nan], dtype))


def test_scaled_tanh_by_hand():
    """LeCun's constants map 1 to 1."""
    np.testing.assert_allclose(forward("scaled_tanh", np.array([-1.0, 0.0, 1.0])), [-1, 0, 1], atol=1e-5)


def test_softmax_by_hand():
    x = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]]))
    close(forward("softmax", x), np.array([[1, 2, 5], [8 / 3, 8 / 3, 8 / 3]]) / 8)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softmax_of_large_logits(dtype):
    x = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]], dtype)
    close(forward("softmax", x), np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
    log = forward("log_softmax", x)
    np.testing.assert_allclose(log, [[0, -1000, -2000], [-np.log(3)] * 3], rtol=1e-6)


def test_nan_spoils_its_row_of_a_softmax_only():
    x = np.array([[0.0, np.nan, 1.0], [0.0, 0.0, 0.0]])
    for name in ("softmax", "log_softmax"):
        y = forward(name, x)
        assert np.isnan(y[0]).all()
        assert np.isfinite(y[1]).all()


@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 2, 2), (1, 1, 1, 1, 1), ()])
def test_any_shape(shape):
    x = uniform(0, shape)
    for name in ("relu", "tanh"):
        assert forward(name, x).shape == shape
        assert np.isfinite(forward(name, x)).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", NAMES)
def test_same_as_torch(torch, name, dtype):
    reference = {
        "relu": torch.relu,
        "leaky_relu": lambda v: torch.nn.functional.leaky_relu(v, SLOPE),
        "tanh": torch.tanh,
        "scaled_tanh": lambda v: 1.7159 * torch.tanh(2 / 3 * v),
        "sigmoid": torch.sigmoid,
        "softmax": lambda v: torch.softmax(v, 1),
        "log_softmax": lambda v: torch.log_softmax(v, 1),
    }[name]

    @generated
    @given(N=st.integers(1, 4), K=st.integers(1, 6), scale=st.sampled_from([0.1, 1.0, 8.0]), seed=st.integers(0, 2**32 - 1))
    def compare(N, K, scale, seed):
        x, dy = (uniform(seed, (N, K)) * scale).astype(dtype), uniform(seed + 1, (N, K), dtype)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        want = reference(leaf)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        close(forward(name, x), want.detach().numpy(), 16 * K)  # log_softmax reaches 16
        close(backward(name, dy, x), leaf.grad.numpy(), 16 * K)

    compare()


@pytest.mark.parametrize("name", NAMES)
def test_numeric_gradient(name):
    x = uniform(0, (3, 5)) * 3.0
    assert np.abs(x).min() > 1e-4  # the step of the difference does not reach the kink
    dy = uniform(1, x.shape)
    close_to_numeric(backward(name, dy, x), numeric_gradient(lambda v: forward(name, v), x, dy))
