"""Max unpooling as functions: float32 against float64, PyTorch, places handed in twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, LAYOUTS, both, generated, laid_out, poison, same, seeds, torch, uniform  # noqa: F401


@pytest.mark.parametrize("axes", AXES)
def test_fast_same_as_textbook(axes):
    """Numbers are moved, not computed; of several for one place the last stays."""
    sizes = st.tuples(*(st.integers(1, {1: 40, 2: 9, 3: 5}[axes]) for _ in range(axes)))

    @generated
    @given(planes=st.tuples(st.integers(1, 4), st.integers(1, 12)), small=sizes, large=sizes, seed=seeds, layout=st.sampled_from(LAYOUTS))
    def compare(planes, small, large, seed, layout):
        y = laid_out(uniform(seed, (*planes, *small)), layout)
        indices = laid_out(np.random.default_rng(seed).integers(-1, np.prod(large), y.shape), layout)
        x, x64 = both(f"max_unpool{axes}d", y, indices, large)
        same(x, x64)
        same(*both(f"max_unpool{axes}d_backward", laid_out(uniform(seed + 1, x.shape), layout), indices))

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):  # noqa: F811
    x = uniform(axes, (2, 3, *(6, 8, 4)[:axes]))
    y, indices = getattr(kernels, f"max_pool{axes}d")(x, 2, return_indices=True)
    wanted = torch.tensor(y, requires_grad=True)
    back = getattr(torch.nn.functional, f"max_unpool{axes}d")(wanted, torch.tensor(indices), 2)
    same(getattr(kernels, f"max_unpool{axes}d")(y, indices, x.shape[2:]), back.detach().numpy())
    dx = uniform(1, x.shape)
    back.backward(torch.tensor(dx))
    same(getattr(kernels, f"max_unpool{axes}d_backward")(dx, indices), wanted.grad.numpy())


def test_corners():
    y, indices = np.array([[[1, 2, 3]]], np.float32), np.array([[[4, 4, -1]]])
    assert kernels.max_unpool1d(y, indices, (5,)).tolist() == [[[0, 0, 0, 0, 2]]]
    assert kernels.max_unpool1d_backward(np.array([[[5, 6, 7, 8, 9]]], np.float32), indices).tolist() == [[[9, 9, 0]]]
    assert kernels.max_unpool1d(y[:, :0], indices[:, :0], (5,)).shape == (1, 0, 5)
    assert kernels.max_unpool2d(np.empty((0, 1, 2, 2), np.float32), np.empty((0, 1, 2, 2), np.int64), (4, 4)).shape == (0, 1, 4, 4)
    assert kernels.max_unpool1d(y[..., :0], indices[..., :0], (2,)).tolist() == [[[0, 0]]]


Y, INDICES = np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.int64)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.max_unpool1d(Y, INDICES + 5, (5,)),
            SettingError,
            r"^max_unpool1d: indices run from 5 to 5, but a plane of 5 has the positions 0 to 4 \(and -1 for none\)",
        ),
        (lambda: kernels.max_unpool1d(Y, INDICES, "5"), SettingError, r"^max_unpool1d: output_shape is '5', but must be a whole number$"),
        (
            lambda: kernels.max_unpool1d(Y, INDICES, (5, 5)),
            SettingError,
            r"^max_unpool1d: output_shape \(5, 5\) has 2 entries, but there is 1 axis\n  use one number$",
        ),
        (
            lambda: kernels.max_unpool1d(Y, INDICES.astype(np.float32), (5,)),
            SettingError,
            r"^max_unpool1d: indices are float32, but must be int64",
        ),
        (
            lambda: kernels.max_unpool1d(Y, INDICES[:1], (5,)),
            ShapeError,
            r"^max_unpool1d: indices have the shape \(1, 3, 4\), but y has \(2, 3, 4\)",
        ),
        (lambda: kernels.max_unpool2d(Y, INDICES, (5, 5)), ShapeError, r"^max_unpool2d: y has 3 axes, but needs 4"),
        (
            lambda: kernels.max_unpool1d_backward(Y, INDICES[:1]),
            ShapeError,
            r"^max_unpool1d_backward: indices has the shape \(1, 3, 4\), but needs \(2, 3, 4\)",
        ),
        (
            lambda: kernels.max_unpool1d_backward(Y, [[1, 2], [3]]),
            SettingError,
            r"^max_unpool1d_backward: indices cannot be read as an array",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
