"""Max and average pooling as functions: float32 against float64, gradients, PyTorch, corners, wrong calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

from .comparing import AXES, both, close, generated, laid_out, peculiar, poison, poolings, same, torch, uniform, whole  # noqa: F401


def taps_of(case):
    window, axes = case["settings"]["window"], len(case["shape"]) - 2
    return (window,) * axes if isinstance(window, int) else window


@pytest.mark.parametrize("axes", AXES)
def test_max(axes):
    """The winner is chosen, not computed: the very same numbers and positions, NaN and ties included; whole gradients add up exactly."""

    @generated
    @given(case=poolings(axes, dilated=True))
    def compare(case):
        x = laid_out(peculiar(case["seed"], case["shape"]), case["layout"])
        (y, indices), (y64, indices64) = both(f"max_pool{axes}d", x, **case["settings"], return_indices=True)
        same(y, y64)
        same(indices, indices64)
        same(getattr(kernels, f"max_pool{axes}d")(x, **case["settings"]), y64)
        dy = laid_out(whole(case["seed"], y.shape), case["layout"])
        same(*both(f"max_pool{axes}d_backward", dy, indices, x.shape))

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_average(axes):
    """A mean of n numbers below 1 rounds once a number and axis; a gradient adds at most as many shares as taps."""

    @generated
    @given(case=poolings(axes, dilated=True), count_padding=st.booleans())
    def compare(case, count_padding):
        settings = case["settings"] | {"count_padding": count_padding}
        x = laid_out(uniform(case["seed"], case["shape"]), case["layout"])
        y, y64 = both(f"avg_pool{axes}d", x, **settings)
        terms = sum(taps_of(case)) + axes
        close(y, y64, terms)
        dy = laid_out(uniform(case["seed"] + 1, y.shape), case["layout"])
        dx, dx64 = both(f"avg_pool{axes}d_backward", dy, x.shape, **settings)
        close(dx, dx64, terms * max(1.0, np.abs(dx64).max()) * (1 if count_padding else np.prod(taps_of(case))))
        # adjoint: <dy, avg(x)> = <avg_backward(dy), x>
        left, right = np.vdot(dy.astype(np.float64), y.astype(np.float64)), np.vdot(dx.astype(np.float64), x.astype(np.float64))
        assert abs(left - right) <= 1e-6 * terms * (np.abs(dy).sum() + np.abs(x).sum() + 1)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):  # noqa: F811
    @generated
    @given(
        window=st.integers(2, 3),
        stride=st.integers(1, 3),
        padding=st.integers(0, 1),
        ceil_mode=st.booleans(),
        size=st.integers(4, 9),
        count_padding=st.booleans(),
    )
    def compare(window, stride, padding, ceil_mode, size, count_padding):
        x = uniform(size, (2, 5, *(size + n for n in range(axes))))
        functional, wanted = torch.nn.functional, torch.tensor(x, requires_grad=True)
        pool = getattr(functional, f"max_pool{axes}d")
        y_torch, indices_torch = pool(wanted, window, stride, padding, ceil_mode=ceil_mode, return_indices=True)
        settings = {"window": window, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        y, indices = getattr(kernels, f"max_pool{axes}d")(x, **settings, return_indices=True)
        same(y, y_torch.detach().numpy())
        same(indices, indices_torch.numpy())
        dy = whole(size, y.shape)
        y_torch.backward(torch.tensor(dy))
        same(getattr(kernels, f"max_pool{axes}d_backward")(dy, indices, x.shape), wanted.grad.numpy())

        wanted = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        mean = getattr(functional, f"avg_pool{axes}d")(wanted, window, stride, padding, ceil_mode, count_padding)
        settings["count_padding"] = count_padding
        close(getattr(kernels, f"avg_pool{axes}d")(x, **settings), mean.detach().numpy(), 4 * window)
        mean.backward(torch.tensor(dy, dtype=torch.float64))
        close(getattr(kernels, f"avg_pool{axes}d_backward")(dy, x.shape, **settings), wanted.grad.numpy(), 8 * 4 * window ** (axes + 1))

    compare()


def image(rows, dtype=np.float32):
    return np.array(rows, dtype)[None, None]


class TestCorners:
    def test_one_pixel(self):
        y, indices = kernels.max_pool3d(np.full((1, 1, 1, 1, 1), 4, np.float32), 1, return_indices=True)
        assert (y.item(), indices.item()) == (4, 0)
        assert kernels.avg_pool1d(np.full((1, 1, 1), 4, np.float32), 1).item() == 4

    def test_stride_leaves_a_rest(self):
        x = image([[1, 2, 3, 4, 5]])
        assert kernels.max_pool2d(x, (1, 2)).tolist() == [[[[2, 4]]]]
        assert kernels.max_pool2d(x, (1, 2), ceil_mode=True).tolist() == [[[[2, 4, 5]]]]
        assert kernels.avg_pool2d(x, (1, 2), ceil_mode=True).tolist() == [[[[1.5, 3.5, 5]]]]
        assert kernels.avg_pool2d_backward(np.ones((1, 1, 1, 2), np.float32), x.shape, (1, 2)).tolist() == [[[[0.5, 0.5, 0.5, 0.5, 0]]]]

    def test_all_padding(self):
        y, indices = kernels.max_pool1d(np.ones((1, 1, 1), np.float32), 2, stride=1, padding=3, return_indices=True)
        assert y.tolist() == [[[-np.inf, -np.inf, 1, 1, -np.inf, -np.inf]]]
        assert indices.tolist() == [[[-1, -1, 0, 0, -1, -1]]]
        dy = np.array([[[8, 8, 2, 3, 8, 8]]], np.float32)
        assert kernels.max_pool1d_backward(dy, indices, (1, 1, 1)).tolist() == [[[5]]]
        x = np.ones((1, 1, 1), np.float32)
        assert kernels.avg_pool1d(x, 2, stride=1, padding=3, count_padding=False).tolist() == [[[0, 0, 1, 1, 0, 0]]]
        assert kernels.avg_pool1d(x, 2, stride=1, padding=3).tolist() == [[[0, 0, 0.5, 0.5, 0, 0]]]

    def test_ties_go_to_the_first_in_scan_order(self):
        y, indices = kernels.max_pool2d(image([[7, 7, 7], [7, 7, 7]]), 2, stride=1, return_indices=True)
        assert indices.tolist() == [[[[0, 1]]]]
        assert kernels.max_pool2d_backward(np.ones_like(y), indices, (1, 1, 2, 3)).tolist() == [[[[1, 1, 0], [0, 0, 0]]]]

    def test_nan_in_a_window(self):
        nan = np.nan
        y, indices = kernels.max_pool2d(image([[9, 1, nan], [nan, 2, 3], [1, 2, 3]]), 2, stride=1, return_indices=True)
        np.testing.assert_array_equal(y[0, 0], [[nan, nan], [nan, 3]])
        assert indices.tolist() == [[[[3, 2], [3, 5]]]]
        assert np.isnan(kernels.avg_pool2d(image([[1, nan], [2, 3]]), 2)).all()

    def test_minus_infinity_beats_padding(self):
        y, indices = kernels.max_pool1d(np.full((1, 1, 1), -np.inf, np.float32), 3, stride=1, padding=1, return_indices=True)
        assert np.isneginf(y).all()
        assert indices.tolist() == [[[0]]]

    @pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 0, 4, 4)], ids=["empty batch", "no channels"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_empty(self, shape, dtype):
        x = np.empty(shape, dtype)
        y, indices = kernels.max_pool2d(x, 2, return_indices=True)
        assert y.shape == indices.shape == (*shape[:2], 2, 2)
        assert y.dtype == dtype
        assert kernels.max_pool2d_backward(y, indices, shape).shape == shape
        assert kernels.avg_pool2d(x, 2).shape == y.shape
        assert kernels.avg_pool2d_backward(y, shape, 2).shape == shape

    def test_no_pixels_but_padding(self):
        assert np.isneginf(kernels.max_pool1d(np.empty((2, 3, 0), np.float32), 2, padding=1)).all()
        assert (kernels.avg_pool1d(np.empty((2, 3, 0), np.float32), 2, padding=1) == 0).all()

    def test_one_large_plane_among_few_and_many_small_ones(self):
        """Bands of one plane, shards of many."""
        for shape in ((1, 1, 150, 40), (40, 20, 2, 3)):
            x = uniform(0, shape)
            same(*both("max_pool2d", x, 2))
            close(*both("avg_pool2d", x, 2), 8)

    def test_positions_beyond_what_a_float_counts(self):
        x = np.zeros((1, 1, 4104, 4096), np.float32)
        x[0, 0, -1, -1] = 1
        _, indices = kernels.max_pool2d(x, 8, return_indices=True)
        assert indices[0, 0, -1, -1] == x.size - 1 > 2**24

    def test_lists_and_tensors(self, torch):  # noqa: F811
        assert kernels.avg_pool1d([[[1.0, 3.0]]], 2).tolist() == [[[2.0]]]
        assert kernels.max_pool1d(torch.tensor([[[1.0, 3.0]]]), 2).tolist() == [[[3.0]]]


X = np.zeros((2, 3, 6, 6), np.float32)
Y = np.zeros((2, 3, 3, 3), np.float32)
INDICES = np.zeros((2, 3, 3, 3), np.int64)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.max_pool2d(X.astype(np.float16), 2),
            SettingError,
            r"^max_pool2d: x is float16, but must be float32 or float64\n  use x.astype\('float32'\)$",
        ),
        (lambda: kernels.max_pool2d(X.astype(np.int64), 2), SettingError, r"^max_pool2d: x is int64, but must be float32 or float64"),
        (
            lambda: kernels.max_pool2d(X[0], 2),
            ShapeError,
            r"^max_pool2d: x has 3 axes, but needs 4\n  x  \(3, 6, 6\)\n  wanted  \(N, C, H, W\)$",
        ),
        (lambda: kernels.max_pool3d(X, 2), ShapeError, r"^max_pool3d: x has 4 axes, but needs 5"),
        (
            lambda: kernels.max_pool2d(X, 7),
            ShapeError,
            r"^max_pool2d: a window that spans 7 rows does not fit into 6 with padding 0 and 0\n  x  \(2, 3, 6, 6\)  N C H W"
            r"\n  use more padding, or an input of at least 7 rows$",
        ),
        (
            lambda: kernels.max_pool2d(X, (2, 3), dilation=(1, 4)),
            ShapeError,
            r"^max_pool2d: a window that spans 9 columns does not fit into 6",
        ),
        (lambda: kernels.max_pool2d(X, 0), SettingError, r"^max_pool2d: window is 0, but must be at least 1$"),
        (lambda: kernels.max_pool2d(X, 2.0), SettingError, r"^max_pool2d: window is 2.0, but must be a whole number$"),
        (lambda: kernels.max_pool2d(X, (2, 2, 2)), SettingError, r"^max_pool2d: window \(2, 2, 2\) has 3 entries, but there are 2 axes"),
        (lambda: kernels.max_pool2d(X, 2, stride=-1), SettingError, r"^max_pool2d: stride is -1, but must be at least 1$"),
        (
            lambda: kernels.max_pool2d(X, 2, padding="wide"),
            SettingError,
            r"^max_pool2d: padding 'wide' is not one of valid, same, same_lower, full",
        ),
        (lambda: kernels.max_pool2d(X, 2, ceil_mode=1), SettingError, r"^max_pool2d: ceil_mode is 1, but must be True or False$"),
        (lambda: kernels.max_pool2d(X, 2, return_indices="yes"), SettingError, r"^max_pool2d: return_indices is 'yes'"),
        (
            lambda: kernels.avg_pool2d(X, 2, count_padding=None),
            SettingError,
            r"^avg_pool2d: count_padding is None, but must be True or False$",
        ),
        (
            lambda: kernels.max_pool2d(X, 1, padding=2**31 - 1),
            ShapeError,
            r"^max_pool2d: a result of the shape .* needs .* GiB of memory, but .* GiB are free$",
        ),
        (
            lambda: kernels.max_pool1d(np.zeros((1, 1, 2**16), np.float32), 2**15, stride=1),
            ShapeError,
            r"^max_pool1d: along one axis all windows together read 1073774592 pixels, but at most 16777216 can be listed\n  use a smaller",
        ),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES.astype(np.int32), X.shape),
            SettingError,
            r"^max_pool2d_backward: indices are int32, but must be int64\n  use indices.astype\('int64'\)$",
        ),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES[:1], X.shape),
            ShapeError,
            r"^max_pool2d_backward: indices have the shape \(1, 3, 3, 3\), but dy has \(2, 3, 3, 3\)",
        ),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES + 36, X.shape),
            SettingError,
            r"^max_pool2d_backward: indices run from 36 to 36, but a plane of 6 x 6 has the positions 0 to 35 \(and -1 for none\)",
        ),
        (lambda: kernels.max_pool2d_backward(Y, INDICES - 2, X.shape), SettingError, r"^max_pool2d_backward: indices run from -2 to -2"),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES, (2, 4, 6, 6)),
            ShapeError,
            r"^max_pool2d_backward: dy has the shape \(2, 3, 3, 3\), but needs \(2, 4, 3, 3\)\n  dy  \(2, 3, 3, 3\)\n  wanted  ",
        ),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES, 5),
            ShapeError,
            r"^max_pool2d_backward: x_shape is 5, but must be a shape \(N, C, H, W\)$",
        ),
        (
            lambda: kernels.max_pool2d_backward(Y, INDICES, (2, 3, 6)),
            ShapeError,
            r"^max_pool2d_backward: x_shape \(2, 3, 6\) has 3 sizes, but needs 4",
        ),
        (
            lambda: kernels.avg_pool2d_backward(Y, X.shape, 3),
            ShapeError,
            r"^avg_pool2d_backward: dy has the shape \(2, 3, 3, 3\), but needs \(2, 3, 2, 2\)",
        ),
        (lambda: kernels.avg_pool2d_backward(Y.astype(int), X.shape, 2), SettingError, r"^avg_pool2d_backward: dy is int64"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
