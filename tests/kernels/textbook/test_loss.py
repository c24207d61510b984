"""Softmax cross-entropy: by hand, with logits that would overflow, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform


def loss(logits, labels):
    per_image, probabilities = poisoned(len(logits), logits.dtype), poisoned(logits.shape, logits.dtype)
    textbook.softmax_cross_entropy_forward(per_image, probabilities, logits, labels)
    return per_image, probabilities


def gradient(dloss, probabilities, labels):
    dlogits = poisoned(probabilities.shape, probabilities.dtype)
    textbook.softmax_cross_entropy_backward(dlogits, dloss, probabilities, labels)
    return dlogits


def test_by_hand():
    logits = np.log(np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]]))
    labels = np.array([2, 0])
    per_image, probabilities = loss(logits, labels)
    close(per_image, np.array([np.log(8 / 5), np.log(4)]))
    close(probabilities, np.array([[1 / 8, 2 / 8, 5 / 8], [1 / 4, 1 / 4, 2 / 4]]))
    close(gradient(np.full(2, 0.5), probabilities, labels), np.array([[1 / 16, 2 / 16, -3 / 16], [-3 / 8, 1 / 8, 2 / 8]]))


def test_an_ignorant_network_loses_log_of_the_classes():
    per_image, _ = loss(np.zeros((1, 10)), np.array([3]))
    close(per_image, np.array([np.log(10)]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_logits(dtype):
    """The probability of the right class underflows to 0, but its logarithm is known."""
    per_image, probabilities = loss(np.array([[1000.0, 0.0], [0.0, -1000.0]], dtype), np.array([1, 0]))
    assert per_image.tolist() == [1000, 0]
    assert probabilities.tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    @generated
    @given(N=st.integers(1, 5), K=st.integers(1, 7), scale=st.sampled_from([0.1, 1.0, 8.0]), seed=st.integers(0, 2**32 - 1))
    def compare(N, K, scale, seed):
        logits = (uniform(seed, (N, K)) * scale).astype(dtype)
        labels = np.random.default_rng(seed).integers(0, K, N)
        leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
        mean = torch.nn.functional.cross_entropy(leaf, torch.tensor(labels))
        mean.backward()
        per_image, probabilities = loss(logits, labels)
        close(per_image.mean(), mean.item(), 16 * K)  # a loss reaches 16
        close(gradient(np.full(N, 1.0 / N, dtype), probabilities, labels), leaf.grad.numpy(), K)

    compare()


def test_numeric_gradient():
    logits, labels, dloss = uniform(0, (4, 5)) * 3.0, np.array([0, 4, 2, 2]), uniform(1, 4)
    _, probabilities = loss(logits, labels)
    close_to_numeric(gradient(dloss, probabilities, labels), numeric_gradient(lambda v: loss(v, labels)[0], logits, dloss))
