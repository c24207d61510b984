"""Batch normalization: by definition, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import seeds

EPSILON = 1e-3


def train(x, gamma, beta):
    y, mean, variance = poisoned(x.shape, x.dtype), poisoned(gamma.shape, x.dtype), poisoned(gamma.shape, x.dtype)
    textbook.batch_norm_training_forward(y, mean, variance, x, gamma, beta, EPSILON)
    return y, mean, variance


def infer(x, mean, variance, gamma, beta):
    y = poisoned(x.shape, x.dtype)
    textbook.batch_norm_inference_forward(y, x, mean, variance, gamma, beta, EPSILON)
    return y


def gradients(phase, dy, x, mean, variance, gamma):
    dx, dgamma, dbeta = poisoned(x.shape, x.dtype), poisoned(gamma.shape, x.dtype), poisoned(gamma.shape, x.dtype)
    getattr(textbook, f"batch_norm_{phase}_backward")(dx, dgamma, dbeta, dy, x, mean, variance, gamma, EPSILON)
    return dx, dgamma, dbeta


def test_by_hand():
    """Mean 3, variance 4 in one channel."""
    y, mean, variance = train(np.array([[[1.0, 5.0]], [[1.0, 5.0]]]), np.array([10.0]), np.array([7.0]))
    assert (mean.item(), variance.item()) == (3.0, 4.0)
    close(y[0, 0], 7.0 + 10.0 * np.array([-2.0, 2.0]) / np.sqrt(4.0 + EPSILON))


def test_a_constant_channel_becomes_beta():
    y, _, variance = train(np.full((2, 1, 3), 0.7), np.array([10.0]), np.array([7.0]))
    close(y, 7.0, terms=10.0 / np.sqrt(EPSILON))  # what gamma / sqrt(epsilon) makes of a mean that is wrong in the last place
    assert variance[0] < 1e-30


def test_training_makes_mean_beta_and_deviation_gamma():
    x, gamma, beta = uniform(0, (4, 3, 50)) * 5.0 + 2.0, np.array([1.0, 2.0, 3.0]), np.array([0.0, -1.0, 4.0])
    y, _, _ = train(x, gamma, beta)
    np.testing.assert_allclose(y.mean((0, 2)), beta, atol=1e-12)
    np.testing.assert_allclose(y.std((0, 2)), gamma, rtol=EPSILON)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("phase", ["training", "inference"])
def test_same_as_torch(torch, phase, dtype):
    @generated
    @given(N=st.integers(1, 4), C=st.integers(1, 3), L=st.integers(2, 6), seed=seeds)
    def compare(N, C, L, seed):
        x, dy = uniform(seed, (N, C, L), dtype), uniform(seed + 1, (N, C, L), dtype)
        gamma, beta = uniform(seed + 2, C, dtype), uniform(seed + 3, C, dtype)
        leaves = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, gamma, beta)]
        if phase == "training":
            y, mean, variance = train(x, gamma, beta)
            statistics = (None, None)
        else:
            mean, variance = uniform(seed + 4, C, dtype), np.abs(uniform(seed + 5, C, dtype)) + dtype(0.1)
            y = infer(x, mean, variance, gamma, beta)
            statistics = (torch.tensor(mean, dtype=torch.float64), torch.tensor(variance, dtype=torch.float64))
        want = torch.nn.functional.batch_norm(leaves[0], *statistics, *leaves[1:], training=phase == "training", eps=EPSILON)
        want.backward(torch.tensor(dy, dtype=torch.float64))
        # Deviations of 0.03 (the root of epsilon) magnify the rounding of mean and variance, at most a thousandfold in dx.
        close(y, want.detach().numpy(), 100 * x[:, 0].size)
        for got, leaf in zip(gradients(phase, dy, x, mean, variance, gamma), leaves, strict=True):
            close(got, leaf.grad.numpy(), 1000 * x[:, 0].size)

    compare()


def test_numeric_gradient_in_training():
    x, gamma, beta, dy = uniform(0, (3, 2, 4)), uniform(1, 2), uniform(2, 2), uniform(3, (3, 2, 4))
    _, mean, variance = train(x, gamma, beta)
    dx, dgamma, dbeta = gradients("training", dy, x, mean, variance, gamma)
    close_to_numeric(dx, numeric_gradient(lambda v: train(v, gamma, beta)[0], x, dy))
    close_to_numeric(dgamma, numeric_gradient(lambda v: train(x, v, beta)[0], gamma, dy))
    close_to_numeric(dbeta, numeric_gradient(lambda v: train(x, gamma, v)[0], beta, dy))


def test_numeric_gradient_in_inference():
    x, gamma, beta, dy = uniform(0, (3, 2, 4)), uniform(1, 2), uniform(2, 2), uniform(3, (3, 2, 4))
    mean, variance = uniform(4, 2), uniform(5, 2) ** 2
    dx, dgamma, dbeta = gradients("inference", dy, x, mean, variance, gamma)
    close_to_numeric(dx, numeric_gradient(lambda v: infer(v, mean, variance, gamma, beta), x, dy))
    close_to_numeric(dgamma, numeric_gradient(lambda v: infer(x, mean, variance, v, beta), gamma, dy))
    close_to_numeric(dbeta, numeric_gradient(lambda v: infer(x, mean, variance, gamma, v), beta, dy))
