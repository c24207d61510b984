"""Cross-entropy at every position: by hand, scores that would overflow, as PyTorch with every setting, by numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform

NOTHING = -1  # an ignore_index that no label has


def of(name, y, target, *settings, dloss=None):
    """Losses (N,), and the gradient of their sum or of another combination."""
    losses, dy = poisoned(len(y), y.dtype), poisoned(y.shape, y.dtype)
    dloss = np.ones(len(y), y.dtype) if dloss is None else dloss
    getattr(textbook, f"{name}_forward")(losses, y, target, *settings)
    getattr(textbook, f"{name}_backward")(dy, dloss, y, target, *settings)
    return losses, dy


def labelled(y, labels, weights=None, smoothing=0.0, ignored=NOTHING, dloss=None):
    weights = np.ones(y.shape[1], y.dtype) if weights is None else np.array(weights, y.dtype)
    return of("cross_entropy", y, np.array(labels), weights, smoothing, ignored, dloss=dloss)


def shared(y, shares, weights=None, smoothing=0.0, dloss=None):
    weights = np.ones(y.shape[1], y.dtype) if weights is None else np.array(weights, y.dtype)
    return of("soft_cross_entropy", y, np.array(shares, y.dtype), weights, smoothing, dloss=dloss)


Y = np.log(np.array([[[1.0, 1.0], [2.0, 1.0], [5.0, 2.0]]]))  # probabilities 1/8 2/8 5/8 at the first position, 1/4 1/4 1/2 at the second


def test_by_hand():
    losses, dy = labelled(Y, [[2, 0]])
    close(losses, np.array([np.log(8 / 5) + np.log(4)]))
    close(dy, np.array([[[1 / 8, -3 / 4], [2 / 8, 1 / 4], [-3 / 8, 1 / 2]]]))


def test_weights_by_hand():
    losses, dy = labelled(Y, [[2, 0]], [3, 1, 2])
    close(losses, np.array([2 * np.log(8 / 5) + 3 * np.log(4)]))
    close(dy, np.array([[[2 / 8, -9 / 4], [4 / 8, 3 / 4], [-6 / 8, 3 / 2]]]))


def test_smoothing_by_hand():
    """Each of 3 classes gets 0.1 of the truth, the label 0.7 more."""
    losses, dy = labelled(Y[..., :1], [[2]], smoothing=0.3)
    close(losses, np.array([0.1 * np.log(8) + 0.1 * np.log(4) + 0.8 * np.log(8 / 5)]))
    close(dy, np.array([[[1 / 8 - 0.1], [2 / 8 - 0.1], [5 / 8 - 0.8]]]))


def test_an_ignored_position_counts_for_nothing():
    for ignored in (2, 255):
        labels = [[2 if ignored == 2 else 255, 0]]
        losses, dy = labelled(Y, labels, smoothing=0.3, ignored=ignored)
        alone, dalone = labelled(Y[..., 1:], [[0]], smoothing=0.3)
        close(losses, alone)
        close(dy, np.concatenate([np.zeros((1, 3, 1)), dalone], axis=2))


def test_shares_by_hand():
    losses, dy = shared(Y[..., 1:], [[[0.5], [0.0], [0.5]]])
    close(losses, np.array([0.5 * np.log(4) + 0.5 * np.log(2)]))
    close(dy, np.array([[[-1 / 4], [1 / 4], [0]]]))


def test_shares_of_one_class_are_its_label():
    y = uniform(0, (3, 4, 5))
    labels = np.random.default_rng(0).integers(0, 4, (3, 5))
    one = np.moveaxis(np.eye(4)[labels], 2, 1)
    for left, right in zip(
        labelled(y, labels, [1, 2, 3, 0.5], 0.2),
        shared(y, one * np.array([1, 1, 1, 1.0])[:, None], [1, 2, 3, 0.5], 0.2),
        strict=True,
    ):
        close(left, right, 20)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_scores(dtype):
    """The probability of the right class underflows to 0, but its logarithm is known; -infinity says that a class is out of the question."""
    y = np.array([[[1e4], [0.0]], [[0.0], [-1e4]], [[0.0], [-np.inf]]], dtype)
    losses, dy = labelled(y, [[1], [0], [0]])
    assert losses.tolist() == [1e4, 0, 0]
    assert dy[..., 0].tolist() == [[1, -1], [0, 0], [0, 0]]
    assert shared(y[2:], [[[1.0], [0.0]]])[0].tolist() == [0]
    assert labelled(y[2:], [[1]])[0].tolist() == [np.inf]


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_scores_that_are_not_numbers_show(score):
    y = np.array([[[0.0], [score], [1.0]]])
    for losses, dy in (labelled(y, [[0]]), shared(y, [[[1.0], [0.0], [0.0]]])):
        assert np.isnan(losses).all()
        assert np.isnan(dy).any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_same_as_torch(torch, dtype):
    """Weights, smoothing, ignored positions and shares; the mean divides by the weights of the labels, or by the number of positions."""

    @generated
    @given(
        sizes=st.tuples(*(st.integers(1, most) for most in (4, 6, 5))),
        scale=st.sampled_from([0.1, 1.0, 8.0]),
        weighted=st.booleans(),
        smoothing=st.sampled_from([0.0, 0.1, 0.9]),
        ignored=st.sampled_from([NOTHING, 0, 255]),
        soft=st.booleans(),
        seed=st.integers(0, 2**32 - 1),
    )
    def compare(sizes, scale, weighted, smoothing, ignored, soft, seed):
        (N, K, L), rng = sizes, np.random.default_rng(seed)
        y, weights = (rng.uniform(-scale, scale, sizes)).astype(dtype), rng.uniform(0.1, 2, K).astype(dtype) if weighted else None
        labels = np.where(rng.random((N, L)) < 0.3, max(ignored, 0) if ignored != 255 else 255, rng.integers(0, K, (N, L)))
        target = rng.dirichlet(np.ones(K), (N, L)).transpose(0, 2, 1).astype(dtype) if soft else labels
        leaf = torch.tensor(y, dtype=torch.float64, requires_grad=True)
        given = {"weight": None if weights is None else torch.tensor(weights, dtype=torch.float64), "label_smoothing": smoothing}
        given |= {} if soft else {"ignore_index": ignored}
        wanted = torch.nn.functional.cross_entropy(leaf, torch.tensor(target, dtype=torch.float64 if soft else None), **given)
        counted = np.where(labels == ignored, 0, (np.ones(K) if weights is None else weights)[np.minimum(labels, K - 1)])
        divisor = N * L if soft else counted.sum(dtype=np.float64)
        if not divisor:
            return  # the mean of nothing
        wanted.backward()
        dloss = np.full(N, 1 / divisor, dtype)
        losses, dy = shared(y, target, weights, smoothing, dloss) if soft else labelled(y, target, weights, smoothing, ignored, dloss)
        close(losses.sum(dtype=np.float64).astype(dtype) / dtype(divisor), wanted.item(), 32 * K * L * N)  # a loss reaches 32
        close(dy, leaf.grad.numpy(), 4 * K)

    compare()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_numeric_gradient(smoothing):
    y, dloss, weights = uniform(0, (3, 4, 2)) * 3, uniform(1, 3), [1, 2, 0, 0.5]
    labels, shares = np.array([[0, 3], [2, 1], [1, 1]]), abs(uniform(2, (3, 4, 2)))
    found = labelled(y, labels, weights, smoothing, 3, dloss)[1]
    close_to_numeric(found, numeric_gradient(lambda v: labelled(v, labels, weights, smoothing, 3)[0], y, dloss))
    found = shared(y, shares, weights, smoothing, dloss)[1]
    close_to_numeric(found, numeric_gradient(lambda v: shared(v, shares, weights, smoothing)[0], y, dloss))


def test_no_images():
    losses, dy = labelled(np.empty((0, 3, 2)), np.empty((0, 2), np.int64))
    assert (losses.shape, dy.shape) == ((0,), (0, 3, 2))
