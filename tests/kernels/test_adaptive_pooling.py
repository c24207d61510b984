"""Adaptive pooling as functions: float32 against float64, PyTorch, more regions than pixels."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.cpu.pooling import reads

from .comparing import (  # noqa: F401
    AXES,
    LAYOUTS,
    both,
    close,
    generated,
    laid_out,
    peculiar,
    poison,
    same,
    seeds,
    torch,
    uniform,
    whole,
)


@st.composite
def cases(draw, axes):
    large = {1: 40, 2: 15, 3: 8}[axes]
    sizes, out = (tuple(draw(st.integers(1, large)) for _ in range(axes)) for _ in range(2))
    return {
        "shape": (draw(st.integers(1, 5)), draw(st.integers(1, 9)), *sizes),
        "out": out,
        "seed": draw(seeds),
        "layout": draw(st.sampled_from(LAYOUTS)),
    }


@pytest.mark.parametrize("axes", AXES)
def test_fast_same_as_textbook(axes):
    @generated
    @given(case=cases(axes))
    def compare(case):
        x = laid_out(peculiar(case["seed"], case["shape"]), case["layout"])
        (y, indices), (y64, indices64) = both(f"adaptive_max_pool{axes}d", x, case["out"], return_indices=True)
        same(y, y64)
        same(indices, indices64)
        same(getattr(kernels, f"adaptive_max_pool{axes}d")(x, case["out"]), y64)
        same(*both(f"adaptive_max_pool{axes}d_backward", laid_out(whole(case["seed"], y.shape), case["layout"]), indices, x.shape))

        x = laid_out(uniform(case["seed"], case["shape"]), case["layout"])
        y, y64 = both(f"adaptive_avg_pool{axes}d", x, case["out"])
        terms = sum(size // out + 2 for size, out in zip(x.shape[2:], y.shape[2:], strict=True)) + axes
        close(y, y64, terms)
        dy = laid_out(uniform(case["seed"] + 1, y.shape), case["layout"])
        dx, dx64 = both(f"adaptive_avg_pool{axes}d_backward", dy, x.shape)
        readers = [out // size + 2 for size, out in zip(x.shape[2:], y.shape[2:], strict=True)]
        close(dx, dx64, (sum(readers) + axes) * np.prod(readers))
        left, right = np.vdot(dy.astype(np.float64), y.astype(np.float64)), np.vdot(dx.astype(np.float64), x.astype(np.float64))
        assert abs(left - right) <= 1e-6 * terms * (np.abs(dy).sum() + np.abs(x).sum() + 1)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):  # noqa: F811
    @generated
    @given(case=cases(axes))
    def compare(case):
        x = uniform(case["seed"], case["shape"])
        functional, wanted = torch.nn.functional, torch.tensor(x, dtype=torch.float64, requires_grad=True)
        y_torch, indices_torch = getattr(functional, f"adaptive_max_pool{axes}d")(wanted, case["out"], return_indices=True)
        y, indices = getattr(kernels, f"adaptive_max_pool{axes}d")(x, case["out"], return_indices=True)
        same(y, y_torch.detach().numpy())
        same(indices, indices_torch.numpy())
        mean = getattr(functional, f"adaptive_avg_pool{axes}d")(wanted, case["out"])
        close(getattr(kernels, f"adaptive_avg_pool{axes}d")(x, case["out"]), mean.detach().numpy(), sum(x.shape[2:]) + 6)
        dy = whole(case["seed"], y.shape)
        mean.backward(torch.tensor(dy, dtype=torch.float64))
        dx = getattr(kernels, f"adaptive_avg_pool{axes}d_backward")(dy, x.shape)
        close(dx, wanted.grad.numpy(), 8 * 8 * max(1.0, float(wanted.grad.abs().max())) * axes * 4)

    compare()


def test_corners():
    x = np.arange(5, dtype=np.float32).reshape(1, 1, 5)
    assert kernels.adaptive_max_pool1d(x, 2).tolist() == [[[2, 4]]]
    assert kernels.adaptive_avg_pool1d(x, 2).tolist() == [[[1, 3]]]
    assert kernels.adaptive_avg_pool1d(x, 1).tolist() == [[[2]]]
    y, indices = kernels.adaptive_max_pool1d(x[..., :2], 5, return_indices=True)  # more regions than pixels
    assert (y.tolist(), indices.tolist()) == ([[[0, 0, 1, 1, 1]]], [[[0, 0, 1, 1, 1]]])
    assert kernels.adaptive_max_pool1d_backward(np.ones_like(y), indices, (1, 1, 2)).tolist() == [[[2, 3]]]
    assert kernels.adaptive_avg_pool3d(np.full((1, 1, 1, 1, 1), 7, np.float32), 1).item() == 7
    assert kernels.adaptive_avg_pool2d(np.empty((0, 3, 4, 4), np.float32), 2).shape == (0, 3, 2, 2)
    assert kernels.adaptive_avg_pool2d_backward(np.empty((0, 3, 2, 2), np.float32), (0, 3, 4, 4)).shape == (0, 3, 4, 4)


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.adaptive_avg_pool2d(X.astype(np.uint8), 2),
            SettingError,
            r"^adaptive_avg_pool2d: x is uint8, but must be float32",
        ),
        (
            lambda: kernels.adaptive_avg_pool2d(X[..., :0], 2),
            ShapeError,
            r"^adaptive_avg_pool2d: x has no pixels\n  x  \(2, 3, 6, 0\)  N C H W$",
        ),
        (lambda: kernels.adaptive_max_pool2d(X, 0), SettingError, r"^adaptive_max_pool2d: output_size is 0, but must be at least 1$"),
        (lambda: kernels.adaptive_max_pool2d(X, (1, 2, 3)), SettingError, r"^adaptive_max_pool2d: output_size \(1, 2, 3\) has 3 entries"),
        (
            lambda: kernels.adaptive_avg_pool2d_backward(X, (2, 4, 6, 6)),
            ShapeError,
            r"^adaptive_avg_pool2d_backward: dy has the shape \(2, 3, 6, 6\), which no pooling of \(2, 4, 6, 6\) gives",
        ),
        (
            lambda: kernels.adaptive_max_pool1d_backward(X[0], np.full((3, 6, 6), 9), (3, 6, 9)),
            SettingError,
            r"^adaptive_max_pool1d_backward: indices run from 9 to 9, but a plane of 9 has the positions 0 to 8",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("function", [kernels.adaptive_max_pool2d, kernels.adaptive_avg_pool2d])
def test_a_huge_output_is_refused_before_anything_is_allocated(function):
    x = np.zeros((1, 1, 4, 4), np.float32)
    tracemalloc.start()
    try:
        with pytest.raises(ShapeError, match=r"^adaptive_.*_pool2d: along one axis all windows together read 2147483650 pixels"):
            function(x, (2**31 - 1, 1))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("size", "out"), [(1, 1), (5, 3), (6, 4), (3, 7), (12, 18), (10, 5)])
def test_reads_of_regions_are_counted_without_listing_them(monkeypatch, size, out):
    counts = []
    monkeypatch.setattr(reads, "check_count", lambda where, count: counts.append(count))
    assert [len(reads.of_regions("test", size, out).sources)] == counts
