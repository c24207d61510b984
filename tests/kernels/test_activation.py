"""Activations as functions: float32 against float64, kinks, ends of the range, PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import both, close, generated, poison, same, seeds, torch, uniform  # noqa: F401

shapes = st.lists(st.integers(1, 9), max_size=4).map(tuple)
NAMES = ("relu", "leaky_relu", "tanh", "sigmoid")


def spread(seed, shape):
    """Numbers of every order of magnitude up to about 50."""
    random = np.random.default_rng(seed)
    return np.asarray(random.normal(size=shape) * 10.0 ** random.uniform(-4, 1.7, shape), np.float32)


@generated
@given(shape=shapes, seed=seeds, turned=st.booleans())
def test_elementwise(shape, seed, turned):
    """Each function within 4 units in the last place; a gradient is one or two products."""
    x, dy = spread(seed, shape), uniform(seed, shape)
    if turned:
        x, dy = x.T, dy.T
    for name in NAMES:
        y, y64 = both(name, x)
        close(y, y64, 4 * np.abs(y64))
        gradient, gradient64 = both(f"{name}_backward", dy, x if name == "leaky_relu" else y)
        close(gradient, gradient64, 4)


@pytest.mark.parametrize("size", [15, 16, 17, 100, 4096, 100_003])
def test_arrays_that_are_no_whole_vectors(size):
    x = spread(size, (size,))
    for name in NAMES:
        y, y64 = both(name, x)
        close(y, y64, 4 * np.abs(y64))


@generated
@given(images=st.integers(1, 40), classes=st.integers(1, 30), scale=st.sampled_from([1, 30, 1000]), seed=seeds, turned=st.booleans())
def test_rows(images, classes, scale, seed, turned):
    """Softmax adds `classes` exponentials of numbers that were rounded once."""
    x, dy = uniform(seed, (images, classes)) * np.float32(scale), uniform(seed, (images, classes))
    if turned:
        x, dy = np.asfortranarray(x), np.asfortranarray(dy)
    y, y64 = both("softmax", x)
    close(y, y64, 8 + classes)
    close(*both("softmax_backward", dy, y), 8 + classes)
    y, y64 = both("log_softmax", x)
    close(y, y64, 8 + classes + np.abs(y64))
    close(*both("log_softmax_backward", dy, y), (8 + classes) * (1 + np.abs(dy.sum(1, keepdims=True))))


def test_kinks():
    x = np.array([-2, -0.0, 0, 3], np.float32)
    one = np.ones(4, np.float32)
    assert kernels.relu(x).tolist() == [0, 0, 0, 3]
    assert kernels.relu_backward(one, kernels.relu(x)).tolist() == [0, 0, 0, 1]
    assert kernels.leaky_relu(x, 0.5).tolist() == [-1, 0, 0, 3]
    assert kernels.leaky_relu_backward(one, x, 0.5).tolist() == [0.5, 0.5, 0.5, 1]
    assert kernels.leaky_relu(x, -1).tolist() == [2, 0, 0, 3]  # the absolute value
    assert kernels.leaky_relu_backward(one, x, -1).tolist() == [-1, -1, -1, 1]


def test_ends_of_the_range():
    inf, nan = np.inf, np.nan
    x = np.array([-inf, -1000, 1000, inf, nan], np.float32)
    np.testing.assert_array_equal(kernels.relu(x), [0, 0, 1000, inf, nan])
    np.testing.assert_array_equal(kernels.relu_backward(np.full(5, inf, np.float32), x), [0, 0, inf, inf, inf])
    np.testing.assert_array_equal(kernels.leaky_relu(x, 0.5), [-inf, -500, 1000, inf, nan])
    np.testing.assert_array_equal(kernels.tanh(x), [-1, -1, 1, 1, nan])
    np.testing.assert_allclose(kernels.sigmoid(x), [0, 0, 1, 1, nan], atol=1e-37)
    rows = np.array([[0, -inf, 0], [1000, 0, -1000], [nan, 0, 0], [-inf, -inf, -inf], [-500, -500, -500]], np.float32)
    np.testing.assert_allclose(kernels.softmax(rows), [[0.5, 0, 0.5], [1, 0, 0], [nan] * 3, [nan] * 3, [1 / 3] * 3], rtol=1e-6)
    logs = [[-np.log(2), -inf, -np.log(2)], [0, -1000, -2000], [nan] * 3, [nan] * 3, [-np.log(3)] * 3]
    np.testing.assert_allclose(kernels.log_softmax(rows), logs, rtol=1e-6)


def test_same_as_torch(torch):  # noqa: F811
    x, dy = spread(1, (7, 33)), uniform(1, (7, 33))
    functional = torch.nn.functional
    for name, function in {
        "relu": torch.relu,
        "leaky_relu": lambda t: functional.leaky_relu(t, 0.01),
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "softmax": lambda t: functional.softmax(t, 1),
        "log_softmax": lambda t: functional.log_softmax(t, 1),
    }.items():
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        wanted = function(leaf)
        y = getattr(kernels, name)(x)
        close(y, wanted.detach().numpy(), 8 + 4 * np.abs(wanted.detach().numpy()))
        wanted.backward(torch.tensor(dy, dtype=torch.float64))
        gradient = getattr(kernels, f"{name}_backward")(dy, x if name == "leaky_relu" else y)
        close(gradient, leaf.grad.numpy(), 40)


def test_corners():
    assert kernels.relu(np.float32(-3)).shape == ()
    assert kernels.tanh(np.empty((0, 3), np.float32)).shape == (0, 3)
    assert kernels.softmax(np.empty((0, 3), np.float32)).shape == (0, 3)
    assert kernels.softmax(np.full((1, 1), 7, np.float32)).tolist() == [[1]]
    x = np.arange(6, dtype=np.float32)
    assert kernels.relu(x) is not x


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.relu(X.astype(int)),
            SettingError,
            r"^relu: x is int64, but must be float32 or float64\n  use x.astype\('float32'\)$",
        ),
        (lambda: kernels.relu("x"), SettingError, r"^relu: x is <U1, but must be float32"),
        (lambda: kernels.tanh_backward(X, X[:1]), ShapeError, r"^tanh_backward: dy has the shape \(2, 3\), but y has \(1, 3\)$"),
        (lambda: kernels.sigmoid_backward(X, X.astype(np.float64)), SettingError, r"^sigmoid_backward: dy is float32, y is float64"),
        (lambda: kernels.leaky_relu(X, "steep"), SettingError, r"^leaky_relu: slope is 'steep', but must be a number$"),
        (lambda: kernels.leaky_relu(X, True), SettingError, r"^leaky_relu: slope is True, but must be a number$"),
        (lambda: kernels.leaky_relu_backward(X, X, np.inf), SettingError, r"^leaky_relu_backward: slope is inf, but must be finite$"),
        (lambda: kernels.softmax(X[0]), ShapeError, r"^softmax: x has 1 axes, but needs 2\n  x  \(3,\)\n  wanted  \(N, K\)$"),
        (lambda: kernels.log_softmax(X[:, :0]), ShapeError, r"^log_softmax: x has no classes\n  x  \(2, 0\)  N K$"),
        (lambda: kernels.softmax_backward(X, X[:1]), ShapeError, r"^softmax_backward: dy has the shape \(2, 3\), but y has \(1, 3\)$"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
