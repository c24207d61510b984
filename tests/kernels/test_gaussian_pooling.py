"""Gaussian pooling as functions: float32 against float64, a convolution with the same weights, what sigma means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, both, close, generated, laid_out, poison, poolings, torch, uniform  # noqa: F401

sigmas = st.one_of(st.none(), st.sampled_from([0.1, 0.5, 1, 3.0, 1e6]))


@pytest.mark.parametrize("axes", AXES)
def test_fast_same_as_textbook(axes):
    """Weights sum to 1, so a result rounds once a tap and axis; the fast loops multiply weights that were rounded axis by axis."""

    @generated
    @given(case=poolings(axes, ceil=False), sigma=sigmas)
    def compare(case, sigma):
        settings = case["settings"] | {"sigma": sigma}
        x = laid_out(uniform(case["seed"], case["shape"]), case["layout"])
        y, y64 = both(f"gaussian_pool{axes}d", x, **settings)
        window = settings["window"]
        taps = (window,) * axes if isinstance(window, int) else window
        close(y, y64, sum(taps) + 3 * axes)
        dy = laid_out(uniform(case["seed"] + 1, y.shape), case["layout"])
        dx, dx64 = both(f"gaussian_pool{axes}d_backward", dy, x.shape, **settings)
        close(dx, dx64, (sum(taps) + 3 * axes) * max(1, np.abs(dx64).max()))
        left, right = np.vdot(dy.astype(np.float64), y.astype(np.float64)), np.vdot(dx.astype(np.float64), x.astype(np.float64))
        assert abs(left - right) <= 1e-6 * sum(taps) * (np.abs(dy).sum() + np.abs(x).sum() + 1)

    compare()


def weights(window, sigma, axes=1):
    """What one pixel in the middle of zeros shows: the weights, the wrong way round."""
    reach = window - 1
    x = np.zeros((1, 1, *(2 * reach + 1,) * axes))
    x[(0, 0, *(reach,) * axes)] = 1
    return getattr(kernels, f"gaussian_pool{axes}d")(x, window, stride=1, sigma=sigma)[0, 0]


def test_weights_by_hand():
    third = np.exp(-1 / (2 * 0.75**2))
    np.testing.assert_allclose(weights(3, None), np.array([third, 1, third]) / (1 + 2 * third), rtol=1e-12)
    np.testing.assert_allclose(weights(2, None), [0.5, 0.5])
    np.testing.assert_allclose(weights(3, 1e-200), [0, 1, 0])
    np.testing.assert_allclose(weights(4, 1e-200), [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(weights(3, 1e200), [1 / 3] * 3)


def test_weights_depend_on_the_distance_alone_and_sum_to_one():
    two = weights(5, 1.5, axes=2)
    distances = np.hypot(*np.meshgrid(range(-2, 3), range(-2, 3)))
    np.testing.assert_allclose(two / two[2, 2], np.exp(-(distances**2) / (2 * 1.5**2)), rtol=1e-12)
    np.testing.assert_allclose(weights(3, 0.7, axes=3).sum(), 1, rtol=1e-12)


def test_default_is_a_quarter_of_the_longest_side():
    x = uniform(0, (1, 2, 7, 8))
    np.testing.assert_array_equal(kernels.gaussian_pool2d(x, (2, 6)), kernels.gaussian_pool2d(x, (2, 6), sigma=1.5))


def test_same_as_a_depthwise_convolution_of_torch(torch):  # noqa: F811
    x = uniform(0, (3, 7, 10, 9))
    kernel = torch.tensor(weights(3, 0.9, axes=2)).expand(7, 1, 3, 3)
    wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y_torch = torch.nn.functional.conv2d(wanted, kernel, stride=2, padding=1, groups=7)
    y = kernels.gaussian_pool2d(x, 3, stride=2, padding=1, sigma=0.9)
    close(y, y_torch.detach().numpy(), 12)
    dy = uniform(1, y.shape)
    y_torch.backward(torch.tensor(dy, dtype=torch.float64))
    close(kernels.gaussian_pool2d_backward(dy, x.shape, 3, stride=2, padding=1, sigma=0.9), wanted.grad.numpy(), 24)


def test_corners():
    assert kernels.gaussian_pool3d(np.full((1, 1, 1, 1, 1), -4, np.float32), 1).item() == -4
    assert kernels.gaussian_pool1d(np.ones((1, 1, 1), np.float32), 2, stride=1, padding=3).tolist() == [[[0, 0, 0.5, 0.5, 0, 0]]]
    assert kernels.gaussian_pool2d(np.empty((0, 2, 4, 4), np.float32), 2).shape == (0, 2, 2, 2)
    assert np.isnan(kernels.gaussian_pool1d(np.array([[[1, np.nan]]], np.float32), 2)).all()


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.gaussian_pool2d(X.astype(int), 2), SettingError, r"^gaussian_pool2d: x is int64, but must be float32 or float64"),
        (lambda: kernels.gaussian_pool2d(X, 7), ShapeError, r"^gaussian_pool2d: a window that spans 7 rows does not fit into 6"),
        (lambda: kernels.gaussian_pool2d(X, 2, sigma=0), SettingError, r"^gaussian_pool2d: sigma is 0.0, but must be above 0$"),
        (lambda: kernels.gaussian_pool2d(X, 2, sigma="wide"), SettingError, r"^gaussian_pool2d: sigma is 'wide', but must be a number$"),
        (lambda: kernels.gaussian_pool2d(X, 2, sigma=float("nan")), SettingError, r"^gaussian_pool2d: sigma is nan, but must be finite$"),
        (lambda: kernels.gaussian_pool2d(X, 2, sigma=10**400), SettingError, r"^gaussian_pool2d: sigma is inf, but must be finite$"),
        (
            lambda: kernels.gaussian_pool2d_backward(X, X.shape, 2),
            ShapeError,
            r"^gaussian_pool2d_backward: dy has the shape \(2, 3, 6, 6\), but needs \(2, 3, 3, 3\)",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_window_too_large_for_weights(dtype):
    with pytest.raises(ShapeError, match="taps along one axis"):
        kernels.gaussian_pool1d(np.ones((1, 1, 5), dtype), 2**31 - 1, stride=2**31 - 1, padding=2**30 - 1)
