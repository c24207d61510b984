"""Binary cross-entropy of scores: by hand, scores that would overflow, as PyTorch, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .checks import close, close_to_numeric, generated, numeric_gradient, uniform
from .test_cross_entropy import of


def loss(y, target, weights=None, dloss=None):
    """y and target (N, K, L), which the loop takes as (N, F)."""
    weights, target = np.array([1] if weights is None else weights, y.dtype), np.array(target)
    losses, dy = of("binary_cross_entropy", y.reshape(len(y), -1), target.reshape(len(y), -1), weights, dloss=dloss)
    return losses, dy.reshape(y.shape)


Y = np.array([[[0.0, np.log(3)]]])  # yes with probability 1/2 and 3/4


def test_by_hand():
    losses, dy = loss(Y, [[[1, 1]]])
    close(losses, np.array([np.log(2) + np.log(4 / 3)]))
    close(dy, np.array([[[-1 / 2, -1 / 4]]]))
    losses, dy = loss(Y, [[[0.25, 0]]], [5])
    close(losses, np.array([(5 * 0.25 + 0.75) * np.log(2) + np.log(4)]))
    close(dy, np.array([[[0.75 / 2 - 5 * 0.25 / 2, 3 / 4]]]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_scores(dtype):
    y = np.array([[[1e4, -1e4, 1e4, -1e4]]], dtype)
    losses, dy = loss(y, [[[0, 1, 1, 0]]])
    assert losses.tolist() == [2e4]
    assert dy.tolist() == [[[1, -1, 0, 0]]]


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_numbers_show(score):
    losses, _ = loss(np.array([[[score, 0.0]]]), [[[0.5, 1]]])
    assert not np.isfinite(losses).any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    @generated
    @given(
        sizes=st.tuples(*(st.integers(1, most) for most in (4, 4, 5))),
        scale=st.sampled_from([0.1, 1.0, 30.0]),
        weighted=st.booleans(),
        soft=st.booleans(),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(sizes, scale, weighted, soft, seed):
        rng = np.random.default_rng(seed)
        y, target = rng.uniform(-scale, scale, sizes).astype(dtype), rng.random(sizes).astype(dtype)
        target = target if soft else np.round(target).astype(np.int64)
        weights = rng.uniform(0.1, 3, sizes[1]).astype(dtype) if weighted else None
        leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        given = {} if weights is None else {"pos_weight": torch.tensor(weights, dtype=torch.float64)[:, None]}
        wanted = torch.nn.functional.binary_cross_entropy_with_logits(leaf, torch.tensor(target, dtype=torch.float64), **given)
        wanted.backward()
        losses, dy = loss(y, target, weights, np.full(len(y), 1 / y.size, dtype))
        close(losses.sum(dtype=np.float64).astype(dtype) / dtype(y.size), wanted.item(), 120 * y[0].size)  # a loss reaches 90
        close(dy, leaf.grad.numpy(), 8)

    compare()


def test_numeric_gradient():
    y, target, dloss = uniform(0, (3, 2, 4)) * 3, abs(uniform(1, (3, 2, 4))), uniform(2, 3)
    close_to_numeric(loss(y, target, [1, 2.5], dloss)[1], numeric_gradient(lambda v: loss(v, target, [1, 2.5])[0], y, dloss))
