"""The linear layer as functions: float32 against float64, gradients, PyTorch, weights that outweigh the images and the other way round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import both, close, generated, laid_out, poison, seeds, torch, uniform  # noqa: F401

layouts = st.sampled_from(["rows", "channels last", "every other", "reversed"])
images = st.one_of(st.integers(1, 20), st.integers(17, 150))
widths = st.one_of(st.integers(1, 20), st.integers(1, 120))


def check(images, features, outputs, seed, layout="rows", with_bias=True):
    """A sum of n products below 1 rounds n times a partial sum of about sqrt(n)."""
    x, weight = laid_out(uniform(seed, (images, features)), layout), laid_out(uniform(seed + 1, (outputs, features)), layout)
    dy, bias = laid_out(uniform(seed + 2, (images, outputs)), layout), [uniform(seed + 3, (outputs,))] if with_bias else []
    close(*both("linear", x, weight, *bias), 4 + 4 * features)
    close(*both("linear_backward_input", dy, weight), 4 + 4 * outputs)
    close(*both("linear_backward_weight", dy, x), 4 + 4 * images)
    close(*both("linear_backward_bias", dy), 4 + 4 * images)


@generated
@given(images=images, features=widths, outputs=widths, seed=seeds, layout=layouts, with_bias=st.booleans())
def test_fast_same_as_textbook(images, features, outputs, seed, layout, with_bias):
    check(images, features, outputs, seed, layout, with_bias)


@pytest.mark.parametrize(
    ("images", "features", "outputs"),
    [(1, 700, 200), (300, 300, 301), (1100, 260, 260), (2500, 3, 5)],
    ids=["one image", "large weights", "more images than a shard of all", "many images"],
)
def test_sizes_that_go_other_ways(images, features, outputs):
    check(images, features, outputs, 0)


def test_same_as_torch(torch):  # noqa: F811
    x, weight, bias, dy = uniform(0, (9, 21)), uniform(1, (13, 21)), uniform(2, (13,)), uniform(3, (9, 13))
    leaves = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, weight, bias)]
    y = torch.nn.functional.linear(*leaves)
    y.backward(torch.tensor(dy, dtype=torch.float64))
    close(kernels.linear(x, weight, bias), y.detach().numpy(), 40)
    found = kernels.linear_backward_input(dy, weight), kernels.linear_backward_weight(dy, x), kernels.linear_backward_bias(dy)
    for got, leaf in zip(found, leaves, strict=True):
        close(got, leaf.grad.numpy(), 40)


def test_corners():
    one = np.full((1, 1), 3, np.float32)
    assert kernels.linear(one, one, one[0]).tolist() == [[12]]
    x, weight = np.empty((0, 4), np.float32), np.ones((5, 4), np.float32)
    assert kernels.linear(x, weight).shape == (0, 5)
    assert kernels.linear_backward_input(np.empty((0, 5), np.float32), weight).shape == (0, 4)
    assert (kernels.linear_backward_weight(np.empty((0, 5), np.float32), x) == 0).all()
    assert kernels.linear_backward_bias(np.empty((0, 5), np.float32)).tolist() == [0] * 5
    no_features = kernels.linear(np.empty((2, 0), np.float32), np.empty((3, 0), np.float32), np.array([1, 2, 3], np.float32))
    assert no_features.tolist() == [[1, 2, 3]] * 2
    assert kernels.linear_backward_input(np.empty((2, 0), np.float32), np.empty((0, 3), np.float32)).tolist() == [[0] * 3] * 2
    assert np.isnan(kernels.linear(np.full((20, 3), np.nan, np.float32), np.ones((2, 3), np.float32))).all()


X, W = np.zeros((2, 3), np.float32), np.zeros((4, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.linear(X, W.T),
            ShapeError,
            r"^linear: x has 3 features, but weight was made for 4\n  x       \(2, 3\)  N F\n  weight  \(3, 4\)  K F$",
        ),
        (lambda: kernels.linear(X, W, X[0]), ShapeError, r"^linear: bias has the shape \(3,\), but needs \(4,\)"),
        (lambda: kernels.linear(X[0], W), ShapeError, r"^linear: x has 1 axes, but needs 2\n  x  \(3,\)\n  wanted  \(N, F\)$"),
        (lambda: kernels.linear(np.float32(1), W), ShapeError, r"^linear: x has 0 axes, but needs 2"),
        (
            lambda: kernels.linear(X, W.astype(np.float64)),
            SettingError,
            r"^linear: x is float32, weight is float64, but all must be of one type",
        ),
        (lambda: kernels.linear(X.astype(np.float16), W), SettingError, r"^linear: x is float16"),
        (lambda: kernels.linear_backward_input(X, W), ShapeError, r"^linear_backward_input: dy has 3 outputs, but weight was made for 4"),
        (
            lambda: kernels.linear_backward_weight(X, W),
            ShapeError,
            r"^linear_backward_weight: dy has 2 images, but x has 4\n  dy  \(2, 3\)  N K\n  x   \(4, 3\)  N F$",
        ),
        (lambda: kernels.linear_backward_bias(X[0]), ShapeError, r"^linear_backward_bias: dy has 1 axes, but needs 2"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
