"""Upsampling as functions: float32 against float64, PyTorch, the adjoint."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, LAYOUTS, both, close, generated, laid_out, poison, same, seeds, torch, uniform  # noqa: F401


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("axes", AXES)
def test_fast_same_as_textbook(axes, mode):
    """Copies are exact; a mixture of 2 numbers an axis rounds twice an axis; a gradient adds up to 2*scale numbers an axis."""
    sizes = st.tuples(*(st.integers(1, {1: 30, 2: 9, 3: 5}[axes]) for _ in range(axes)))
    scales = st.one_of(st.integers(1, 4), st.tuples(*(st.integers(1, 4) for _ in range(axes))))

    @generated
    @given(planes=st.tuples(st.integers(1, 4), st.integers(1, 12)), size=sizes, scale=scales, seed=seeds, layout=st.sampled_from(LAYOUTS))
    def compare(planes, size, scale, seed, layout):
        x = laid_out(uniform(seed, (*planes, *size)), layout)
        y, y64 = both(f"upsample{axes}d", x, scale, mode=mode)
        if mode == "nearest":
            same(y, y64)
        else:
            close(y, y64, 4 * axes)
        dy = laid_out(uniform(seed + 1, y.shape), layout)
        dx, dx64 = both(f"upsample{axes}d_backward", dy, scale, mode=mode)
        most = np.prod([4 if isinstance(scale, int) else each for each in (scale if not isinstance(scale, int) else (scale,) * axes)])
        close(dx, dx64, 8 * axes * most)
        left, right = np.vdot(dy.astype(np.float64), y.astype(np.float64)), np.vdot(dx.astype(np.float64), x.astype(np.float64))
        assert abs(left - right) <= 4e-6 * axes * (np.abs(dy).sum() + 1)

    compare()


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_same_as_torch(torch, axes, mode):  # noqa: F811
    for scale in (1, 2, 3):
        x = uniform(scale, (2, 3, *(5, 4, 3)[:axes]))
        wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        name = "nearest" if mode == "nearest" else ("linear", "bilinear", "trilinear")[axes - 1]
        y_torch = torch.nn.functional.interpolate(wanted, scale_factor=scale, mode=name)
        y = getattr(kernels, f"upsample{axes}d")(x, scale, mode=mode)
        close(y, y_torch.detach().numpy(), 12)
        dy = uniform(9, y.shape)
        y_torch.backward(torch.tensor(dy, dtype=torch.float64))
        close(getattr(kernels, f"upsample{axes}d_backward")(dy, scale, mode=mode), wanted.grad.numpy(), 24 * scale**axes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(("mode", "align"), [("nearest", None), ("linear", False), ("linear", True)])
def test_any_size(torch, axes, mode, align, dtype):  # noqa: F811
    rng = np.random.default_rng(axes)
    for _ in range(4):
        size, out = ([int(n) for n in rng.integers(1, 9, axes)] for _ in range(2))
        x, dy = rng.standard_normal((2, 3, *size)).astype(dtype), rng.standard_normal((2, 3, *out)).astype(dtype)
        settings = {"mode": mode} if align is None else {"mode": mode, "align_corners": align}
        y = getattr(kernels, f"upsample{axes}d")(x, size=out, **settings)
        dx = getattr(kernels, f"upsample{axes}d_backward")(dy, x_shape=x.shape, **settings)
        assert (y.dtype, y.shape, dx.shape) == (dtype, dy.shape, x.shape)
        if mode == "nearest":
            assert np.array_equal(y, x[(..., *np.ix_(*(np.arange(o) * s // o for o, s in zip(out, size, strict=True))))])
        else:
            leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            name = ("linear", "bilinear", "trilinear")[axes - 1]
            wanted = torch.nn.functional.interpolate(leaf, size=out, mode=name, align_corners=align)
            wanted.backward(torch.tensor(dy, dtype=torch.float64))
            np.testing.assert_allclose(y, wanted.detach(), atol=2e-6)
            np.testing.assert_allclose(dx, leaf.grad, atol=2e-5)
        np.testing.assert_allclose(np.vdot(dy, y), np.vdot(dx, x), atol=1e-3)


def test_corners():
    x = np.array([[[0, 4]]], np.float32)
    assert kernels.upsample1d(x, 2).tolist() == [[[0, 0, 4, 4]]]
    assert kernels.upsample1d(x, 2, mode="linear").tolist() == [[[0, 1, 3, 4]]]
    assert kernels.upsample1d_backward(np.array([[[1, 2, 3, 4]]], np.float32), 2).tolist() == [[[3, 7]]]
    assert kernels.upsample1d_backward(np.array([[[1, 1, 1, 1]]], np.float32), 2, mode="linear").tolist() == [[[2, 2]]]
    assert kernels.upsample3d(np.full((1, 1, 1, 1, 1), 5, np.float32), 2, mode="linear").tolist() == [[[[[5, 5]] * 2] * 2]]
    for shape in ((0, 2, 3, 3), (2, 2, 0, 3)):
        assert kernels.upsample2d(np.empty(shape, np.float32), 2, mode="linear").shape == (*shape[:2], 2 * shape[2], 6)
        assert kernels.upsample2d_backward(np.empty(shape, np.float32), (1, 3)).shape == (*shape[:3], 1)


X = np.zeros((2, 3, 6, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.upsample2d(X, 2, mode="cubic"), SettingError, r"^upsample2d: mode 'cubic' is not one of nearest, linear$"),
        (lambda: kernels.upsample2d(X, 2, mode="linaer"), SettingError, r": did you mean linear\?$"),
        (lambda: kernels.upsample2d(X, 2, mode=["linear"]), SettingError, r"^upsample2d: mode \['linear'\] is not one of"),
        (lambda: kernels.upsample2d(X), SettingError, r"^upsample2d needs scale or size, but gets neither$"),
        (lambda: kernels.upsample2d(X, 2, size=4), SettingError, r"^upsample2d needs scale or size, but gets both$"),
        (lambda: kernels.upsample2d(X, 2, align_corners=True), SettingError, r"^upsample2d: align_corners is for mode 'linear'"),
        (lambda: kernels.upsample2d(X[:, :, :0], size=4), ShapeError, r"^upsample2d: x has the shape .*at least one pixel$"),
        (lambda: kernels.upsample2d(X, 1.5), SettingError, r"^upsample2d: scale is 1.5, but must be a whole number$"),
        (lambda: kernels.upsample2d(X, (2, 0)), SettingError, r"^upsample2d: scale is 0, but must be at least 1$"),
        (lambda: kernels.upsample2d(X, 2**31 - 1), ShapeError, r"^upsample2d: a result of the shape .* GiB are free$"),
        (
            lambda: kernels.upsample2d_backward(X, 4),
            ShapeError,
            r"^upsample2d_backward: dy has the sizes \(6, 6\), which are not multiples of the scale \(4, 4\)\n  dy  \(2, 3, 6, 6\)  N C P Q$",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
