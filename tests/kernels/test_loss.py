"""Softmax cross-entropy as functions: float32 against float64, PyTorch, labels that name no class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import EPSILON, both, close, generated, poison, seeds, torch, uniform  # noqa: F401


@generated
@given(
    images=st.integers(1, 70),
    classes=st.integers(1, 30),
    scale=st.sampled_from([1, 30, 1000]),
    dloss=st.sampled_from([1, 0.5, -2, 0]),
    seed=seeds,
)
def test_fast_same_as_textbook(images, classes, scale, dloss, seed):
    logits = uniform(seed, (images, classes)) * np.float32(scale)
    labels = np.random.default_rng(seed).integers(0, classes, images)
    loss, exact = both("softmax_cross_entropy", logits, labels)
    assert abs(loss - exact) <= EPSILON * (8 + classes + 4 * scale)
    close(*both("softmax_cross_entropy_backward", dloss, logits, labels), (8 + classes) * abs(dloss) / images)


def test_same_as_torch(torch):  # noqa: F811
    logits, labels = uniform(0, (19, 11)) * 5, np.arange(19) % 11
    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    wanted = torch.nn.functional.cross_entropy(leaf, torch.tensor(labels))
    wanted.backward()
    assert abs(kernels.softmax_cross_entropy(logits, labels) - wanted.item()) < 1e-6
    close(kernels.softmax_cross_entropy_backward(1, logits, labels), leaf.grad.numpy(), 2)


def test_by_hand():
    logits = np.zeros((2, 4), np.float32)
    assert kernels.softmax_cross_entropy(logits, [0, 3]) == pytest.approx(np.log(4))
    assert kernels.softmax_cross_entropy_backward(1, logits, [0, 3]).tolist() == [
        [-0.375, 0.125, 0.125, 0.125],
        [0.125, 0.125, 0.125, -0.375],
    ]
    assert kernels.softmax_cross_entropy(np.array([[0, -1e4]], np.float32), np.array([1], np.uint8)) == 1e4
    assert type(kernels.softmax_cross_entropy(logits, [0, 3])) is float


def test_empty_batch():
    assert kernels.softmax_cross_entropy_backward(1, np.empty((0, 3), np.float32), []).shape == (0, 3)
    with pytest.raises(ShapeError, match=r"^softmax_cross_entropy: logits hold no images, and the mean of nothing is undefined"):
        kernels.softmax_cross_entropy(np.empty((0, 3)), [])


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.softmax_cross_entropy(X, [0, 3]),
            SettingError,
            r"^softmax_cross_entropy: labels run from 0 to 3, but the classes are 0 to 2$",
        ),
        (lambda: kernels.softmax_cross_entropy(X, [-1, 0]), SettingError, r"^softmax_cross_entropy: labels run from -1 to 0"),
        (
            lambda: kernels.softmax_cross_entropy(X, np.array([2**63, 0], np.uint64)),
            SettingError,
            r"^softmax_cross_entropy: labels run from 0 to 9",
        ),
        (
            lambda: kernels.softmax_cross_entropy(X, [0.0, 1.0]),
            SettingError,
            r"^softmax_cross_entropy: labels are float64, but must be integers\n  use labels.astype\('int64'\)$",
        ),
        (lambda: kernels.softmax_cross_entropy(X, [True, False]), SettingError, r"^softmax_cross_entropy: labels are bool"),
        (
            lambda: kernels.softmax_cross_entropy(X, [0]),
            ShapeError,
            r"^softmax_cross_entropy: labels have the shape \(1,\), but there are 2 images",
        ),
        (lambda: kernels.softmax_cross_entropy(X[:, :0], [0, 0]), ShapeError, r"^softmax_cross_entropy: logits has no classes"),
        (
            lambda: kernels.softmax_cross_entropy_backward(None, X, [0, 0]),
            SettingError,
            r"^softmax_cross_entropy_backward: dloss is None, but must be a number$",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
