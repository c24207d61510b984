"""Batch normalization as functions: float32 against float64, PyTorch, planes narrower than a vector, means far from zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import LAYOUTS, both, close, generated, laid_out, poison, seeds, torch, uniform  # noqa: F401

shapes = st.tuples(st.integers(1, 40), st.integers(1, 9), st.lists(st.integers(1, 9), max_size=3)).map(lambda s: (s[0], s[1], *s[2]))


@generated
@given(shape=shapes, offset=st.sampled_from([0.0, 3.0, -100.0]), seed=seeds, layout=st.sampled_from(LAYOUTS))
def test_fast_same_as_textbook(shape, offset, seed, layout):
    """Numbers near `offset` are rounded to EPSILON * offset; the normalized ones lie around 1 / sqrt(epsilon + variance) times that."""
    x = laid_out(uniform(seed, shape) + np.float32(offset), layout)
    gamma, beta, dy = uniform(seed + 1, shape[1:2]), uniform(seed + 2, shape[1:2]), laid_out(uniform(seed + 3, shape), layout)
    mean0, variance0 = uniform(seed + 4, shape[1:2]), uniform(seed + 5, shape[1:2]) ** 2
    epsilon = 1e-2
    fast, exact = both("batch_norm_training", x, gamma, beta, mean0, variance0, epsilon=epsilon)
    size = 1 + abs(offset)
    close(fast.mean, exact.mean, 4 * size)
    close(fast.variance, exact.variance, 16 + 2 * size)
    close(fast.running_mean, exact.running_mean, 4 * size)
    count = x.size // shape[1]
    close(fast.running_variance, exact.running_variance, 32 + 4 * size)
    # deviations are differences of numbers that float32 holds; 1/sqrt(epsilon + variance) <= 10
    close(fast.y, exact.y, 400 + 20 * size)
    for name in ("batch_norm_training_backward", "batch_norm_backward"):
        (dx, dgamma, dbeta), (dx64, dgamma64, dbeta64) = both(name, dy, x, gamma, fast.mean, fast.variance, epsilon=epsilon)
        close(dbeta, dbeta64, 8 + 2 * count)
        close(dgamma, dgamma64, (40 + 20 * size) * (2 + count) / 2)
        close(dx, dx64, 1000 + 100 * size)
    close(*both("batch_norm", x, gamma, beta, mean0, variance0, epsilon=epsilon), 100 * size)


@pytest.mark.parametrize("shape", [(4, 3, 9, 7), (33, 20), (2, 3, 2, 2), (5, 2, 3, 4, 5)])
def test_same_as_torch(torch, shape):  # noqa: F811
    x, dy, gamma, beta = uniform(0, shape), uniform(1, shape), uniform(2, shape[1:2]), uniform(3, shape[1:2])
    mean, variance = uniform(4, shape[1:2]), uniform(5, shape[1:2]) ** 2

    def double(array):
        return torch.tensor(array, dtype=torch.float64)

    leaves = [double(each).requires_grad_() for each in (x, gamma, beta)]
    running = double(mean), double(variance)
    wanted = torch.nn.functional.batch_norm(leaves[0], *running, leaves[1], leaves[2], True, 0.2, 1e-3)
    found = kernels.batch_norm_training(x, gamma, beta, mean, variance, momentum=0.2, epsilon=1e-3)
    close(found.y, wanted.detach().numpy(), 50)
    close(found.running_mean, running[0].numpy(), 8)
    close(found.running_variance, running[1].numpy(), 8)
    wanted.backward(double(dy))
    gradients = kernels.batch_norm_training_backward(dy, x, gamma, found.mean, found.variance, epsilon=1e-3)
    for got, leaf in zip(gradients, leaves, strict=True):
        close(got, leaf.grad.numpy(), 400)
    plain = torch.nn.functional.batch_norm(double(x), double(mean), double(variance), double(gamma), double(beta), False, eps=1e-3)
    close(kernels.batch_norm(x, gamma, beta, mean, variance, epsilon=1e-3), plain.numpy(), 200)


def test_mean_far_from_zero_and_a_constant_channel():
    """Statistics are taken from deviations: 1e4 away from zero nothing is lost but what float32 cannot hold of x itself."""
    x = uniform(0, (8, 2, 20, 20)) + np.float32(1e4)
    x[:, 1] = 7
    one = np.ones(2, np.float32)
    fast, exact = both("batch_norm_training", x, one, 0 * one)
    close(fast.y, exact.y, 40)
    assert (fast.y[:, 1] == 0).all()
    assert fast.variance[1] == 0


def test_nan_stays_in_its_channel():
    x = uniform(0, (3, 2, 5, 5))
    x[1, 0, 2, 2] = np.nan
    one = np.ones(2, np.float32)
    found = kernels.batch_norm_training(x, one, one)
    assert np.isnan(found.y[:, 0]).all()
    assert np.isnan([found.mean[0], found.variance[0]]).all()
    assert np.isfinite(found.y[:, 1]).all()


def test_corners():
    one = np.ones(1, np.float32)
    single = kernels.batch_norm_training(np.full((1, 1), 5, np.float32), one, one, one, one)
    assert (single.y.tolist(), single.mean.tolist(), single.variance.tolist()) == ([[1]], [5], [0])
    assert (single.running_mean.tolist(), single.running_variance.tolist()) == ([1], [1])
    assert kernels.batch_norm_training(np.ones((2, 1, 3), np.float32), one, one).running_mean is None
    assert kernels.batch_norm(np.empty((0, 1, 4), np.float32), one, one, one, one).shape == (0, 1, 4)
    dx, dgamma, dbeta = kernels.batch_norm_backward(*[np.empty((0, 1, 4), np.float32)] * 2, one, one, one)
    assert (dx.shape, dgamma.tolist(), dbeta.tolist()) == ((0, 1, 4), [0], [0])


X, C = np.zeros((2, 3, 4, 4), np.float32), np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.batch_norm(X, C, C, C[:2], C), ShapeError, r"^batch_norm: mean has the shape \(2,\), but needs \(3,\)"),
        (lambda: kernels.batch_norm(X, C, C, C, -C), SettingError, r"^batch_norm: variance goes down to -1.0, but must be at least 0$"),
        (lambda: kernels.batch_norm(X, C, C, C, C, epsilon=0), SettingError, r"^batch_norm: epsilon is 0.0, but must be above 0"),
        (lambda: kernels.batch_norm(X, C, C, C, C.astype(np.float64)), SettingError, r"^batch_norm: x is float32, .*variance is float64"),
        (lambda: kernels.batch_norm_training(X[:0], C, C), ShapeError, r"^batch_norm_training: x holds no numbers to take the mean of"),
        (
            lambda: kernels.batch_norm_training(X, C, C, C),
            SettingError,
            r"^batch_norm_training: only one of running_mean and running_variance is given\n  give both or neither$",
        ),
        (
            lambda: kernels.batch_norm_training(X, C, C, momentum=2),
            SettingError,
            r"^batch_norm_training: momentum is 2.0, but must be between 0 and 1$",
        ),
        (lambda: kernels.batch_norm_training(X[0, 0, 0], C, C), ShapeError, r"^batch_norm_training: x has 1 axes, but needs at least 2"),
        (
            lambda: kernels.batch_norm_training_backward(X[:1], X, C, C, C),
            ShapeError,
            r"^batch_norm_training_backward: dy has the shape \(1, 3, 4, 4\), but x has \(2, 3, 4, 4\)$",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_a_single_number_leaves_the_running_statistics_alone(shape, dtype):
    x, dy, gamma, beta = (uniform(n, shape if n < 2 else (3,)).astype(dtype) for n in range(4))
    mean, variance = np.array([1, 2, 3], dtype), np.array([4, 5, 6], dtype)
    found = kernels.batch_norm_training(x, gamma, beta, mean, variance, momentum=0.5)
    assert (found.running_mean.tolist(), found.running_variance.tolist()) == ([1, 2, 3], [4, 5, 6])
    assert not np.shares_memory(found.running_mean, mean)
    assert not np.shares_memory(found.running_variance, variance)
    np.testing.assert_array_equal(found.y.reshape(3), beta)
    dx, dgamma, dbeta = kernels.batch_norm_training_backward(dy, x, gamma, found.mean, found.variance)
    assert not dx.any()
    assert not dgamma.any()
    np.testing.assert_array_equal(dbeta, dy.reshape(3))


@pytest.mark.parametrize("shape", [(3, 2, 5, 5), (17, 2)])
def test_infinity_spreads_as_in_the_loop(shape):
    """An infinite gradient stays in its place where mean and variance are given; an infinite number makes an infinite mean."""
    x, dy, one = uniform(0, shape), uniform(1, shape), np.ones(2, np.float32)
    dy[(1, 0, *(2,) * (len(shape) - 2))] = np.inf
    (dx, *_), (wanted, *_) = both("batch_norm_backward", dy, x, one, 0 * one, one)
    assert np.isposinf(dx).sum() == np.isposinf(wanted).sum() == 1
    assert np.isfinite(dx).sum() == dx.size - 1
    x[(1, 0, *(2,) * (len(shape) - 2))] = -np.inf
    with np.errstate(invalid="ignore"):
        fast, exact = both("batch_norm_training", x, one, one)
    assert (fast.mean[0], exact.mean[0]) == (-np.inf, -np.inf)
