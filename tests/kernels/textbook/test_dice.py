"""Soft Dice: by hand, as a formula of arrays and its gradient by PyTorch, one channel as a sigmoid, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .checks import close, close_to_numeric, generated, numeric_gradient, uniform
from .test_cross_entropy import of


def loss(y, labels, smooth=1.0, dloss=None):
    return of("dice", y, np.array(labels), smooth, dloss=dloss)


def test_by_hand():
    """Probabilities of class 1: 3/4, 1/2, 1/4; it is true of the first two."""
    y = np.array([[np.zeros(3), np.log([3, 1, 1 / 3])]])
    one, zero = (2 * 1.25 + 0.5) / (1.5 + 2 + 0.5), (2 * 0.75 + 0.5) / (1.5 + 1 + 0.5)
    close(loss(y, [[1, 1, 0]], 0.5)[0], np.array([1 - (one + zero) / 2]))
    losses, dy = loss(y[:, 1:], [[1, 1, 0]], 0.5)
    close(losses, np.array([1 - one]))
    slope = np.array([one - 2, one - 2, one]) / 4  # of the loss, by each probability
    close(dy, (slope * [3 / 16, 1 / 4, 3 / 16])[None, None])


def test_a_class_that_is_nowhere_and_not_predicted_is_right():
    y = np.array([[[1e4] * 3, [0.0] * 3, [0.0] * 3]])
    losses, dy = loss(y, [[0, 0, 0]])
    assert losses.tolist() == [0]
    assert not dy.any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("classes", [1, 2])
def test_large_scores(dtype, classes):
    y = np.array([[[0.0, 0.0], [1e4, -1e4]]], dtype)[:, 2 - classes :]
    assert loss(y, [[1, 0]], 1e-3)[0].tolist() == [0]
    worst, dy = loss(y, [[0, 1]], 1e-3)
    assert 0.999 < worst[0] < 1
    assert not dy.any()  # a sigmoid that is sure learns nothing


def test_scores_that_are_not_numbers_show():
    for y in ([[[np.nan, 0.0], [0.0, 0.0]]], [[[np.nan, 0.0]]]):
        losses, dy = loss(np.array(y), [[0, 1]])
        assert np.isnan(losses).all()
        assert np.isnan(dy).any()


def formula(torch, y, labels, smooth):
    """The same of whole tensors: 1 - mean of (2 |P and T| + smooth) / (|P| + |T| + smooth)."""
    K = y.shape[1]
    p = torch.sigmoid(y) if K == 1 else torch.softmax(y, 1)
    t = (labels[:, None] == 1) * 1.0 if K == 1 else torch.nn.functional.one_hot(labels, K).movedim(2, 1)
    return 1 - ((2 * (p * t).sum(2) + smooth) / (p.sum(2) + t.sum(2) + smooth)).mean(1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    @generated
    @given(
        sizes=st.tuples(*(st.integers(1, most) for most in (3, 4, 6))),
        scale=st.sampled_from([0.1, 1.0, 8.0]),
        smooth=st.sampled_from([0.1, 1.0]),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(sizes, scale, smooth, seed):
        (N, K, L), rng = sizes, np.random.default_rng(seed)
        y, labels, dloss = (rng.uniform(-scale, scale, sizes)).astype(dtype), rng.integers(0, max(2, K), (N, L)), uniform(seed, N, dtype)
        leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        wanted = formula(torch, leaf, torch.tensor(labels), smooth)
        (wanted * torch.tensor(dloss, dtype=torch.float64)).sum().backward()
        losses, dy = loss(y, labels, smooth, dloss)
        close(losses, wanted.detach().numpy(), 8 * L)
        close(dy, leaf.grad.numpy(), 40 * K)  # quotients by at least 0.1

    compare()


@pytest.mark.parametrize("classes", [1, 3])
def test_numeric_gradient(classes):
    y, labels, dloss = uniform(0, (3, classes, 5)) * 2, np.random.default_rng(1).integers(0, max(2, classes), (3, 5)), uniform(2, 3)
    close_to_numeric(loss(y, labels, 0.3, dloss)[1], numeric_gradient(lambda v: loss(v, labels, 0.3)[0], y, dloss))
