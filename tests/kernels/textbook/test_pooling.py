"""Max and average pooling: values worked by hand in the lectures, corners by name, PyTorch, numeric gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.geometry import extent, output_size
from minicnn.kernels import textbook

from .checks import close, close_to_numeric, distinct, generated, numeric_gradient, poisoned, uniform

AXES = (1, 2, 3)


def max_pool(x, out, window, stride, pad, dilation):
    """y and indices; settings are tuples with one entry per axis."""
    shape = (*x.shape[:2], *out)
    y, indices = poisoned(shape, x.dtype), poisoned(shape, np.int64)
    getattr(textbook, f"max_pool{len(out)}d_forward")(y, indices, x, *window, *stride, *pad, *dilation)
    return y, indices


def max_pool_backward(x_shape, dy, indices):
    dx = poisoned(x_shape, dy.dtype)
    getattr(textbook, f"max_pool{dy.ndim - 2}d_backward")(dx, dy, indices)
    return dx


def avg_pool(x, out, window, stride, pad, pad_after, count_padding, dilation=None):
    y = poisoned((*x.shape[:2], *out), x.dtype)
    dilation = dilation or (1,) * len(out)
    getattr(textbook, f"avg_pool{len(out)}d_forward")(y, x, *window, *stride, *pad, *pad_after, *dilation, count_padding)
    return y


def avg_pool_backward(x_shape, dy, window, stride, pad, pad_after, count_padding, dilation=None):
    dx = poisoned(x_shape, dy.dtype)
    dilation = dilation or (1,) * (dy.ndim - 2)
    getattr(textbook, f"avg_pool{dy.ndim - 2}d_backward")(dx, dy, *window, *stride, *pad, *pad_after, *dilation, count_padding)
    return dx


def image(rows):
    return np.array(rows, np.float64)[None, None]


class TestLectures:
    def test_overlapping_windows_of_lecture_000(self):
        y, indices = max_pool(image([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), (2, 2), (2, 2), (1, 1), (0, 0), (1, 1))
        assert y[0, 0].tolist() == [[4, 5], [7, 8]]
        assert indices[0, 0].tolist() == [[4, 5], [7, 8]]

    def test_stride_2_of_lecture_001(self):
        x = image([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
        y, indices = max_pool(x, (2, 2), (2, 2), (2, 2), (0, 0), (1, 1))
        assert y[0, 0].tolist() == [[6, 8], [3, 4]]
        assert indices[0, 0].tolist() == [[5, 7], [8, 15]]

    def test_mean_of_lecture_003(self):
        """Figure 10.12: max pooling retains the maximum of the 2x2 inputs, average pooling averages them."""
        x = image([[1, 3, 5, 7], [9, 11, 13, 15], [2, 4, 6, 8], [10, 12, 14, 16]])
        y = avg_pool(x, (2, 2), (2, 2), (2, 2), (0, 0), (0, 0), True)
        assert y[0, 0].tolist() == [[6, 10], [7, 11]]


class TestMaxCorners:
    def test_ties_go_to_the_first_in_scan_order(self):
        y, indices = max_pool(image([[7, 7, 7], [7, 7, 7]]), (1, 2), (2, 2), (1, 1), (0, 0), (1, 1))
        assert indices[0, 0].tolist() == [[0, 1]]
        assert max_pool_backward((1, 1, 2, 3), np.ones_like(y), indices)[0, 0].tolist() == [[1, 1, 0], [0, 0, 0]]

    def test_first_nan_wins(self):
        nan = np.nan
        y, indices = max_pool(image([[9, 1, nan], [nan, 2, 3]]), (1, 2), (2, 2), (1, 1), (0, 0), (1, 1))
        assert np.isnan(y).all()
        assert indices[0, 0].tolist() == [[3, 2]]

    def test_padding_never_wins_over_minus_infinity(self):
        y, indices = max_pool(np.full((1, 1, 1), -np.inf), (3,), (3,), (1,), (2,), (1,))
        assert np.isneginf(y).all()
        assert indices[0, 0].tolist() == [0, 0, 0]

    def test_padding_never_wins_over_negative_numbers(self):
        y, indices = max_pool(-np.ones((1, 1, 2)), (3,), (2,), (1,), (1,), (1,))
        assert y[0, 0].tolist() == [-1, -1, -1]
        assert indices[0, 0].tolist() == [0, 0, 1]

    def test_window_wholly_in_padding(self):
        y, indices = max_pool(np.ones((1, 1, 1)), (5,), (2,), (1,), (3,), (1,))
        assert y[0, 0].tolist() == [-np.inf, -np.inf, 1, 1, -np.inf]
        assert indices[0, 0].tolist() == [-1, -1, 0, 0, -1]
        dy = np.array([[[8.0, 8.0, 2.0, 3.0, 8.0]]])
        assert max_pool_backward((1, 1, 1), dy, indices).tolist() == [[[5.0]]]

    def test_one_pixel(self):
        y, indices = max_pool(np.full((1, 1, 1, 1, 1), 4.0), (1, 1, 1), (1, 1, 1), (1, 1, 1), (0, 0, 0), (1, 1, 1))
        assert (y.item(), indices.item()) == (4.0, 0)


class TestAverageCorners:
    def test_padding_counts_or_not(self):
        x = np.array([[[6.0, 12.0]]])
        assert avg_pool(x, (3,), (2,), (1,), (1,), (1,), True)[0, 0].tolist() == [3, 9, 6]
        assert avg_pool(x, (3,), (2,), (1,), (1,), (1,), False)[0, 0].tolist() == [6, 9, 12]

    def test_overhang_of_ceil_mode_is_never_counted(self):
        x = np.array([[[6.0, 12.0, 24.0]]])
        assert avg_pool(x, (2,), (2,), (2,), (0,), (0,), True)[0, 0].tolist() == [9, 24]

    def test_window_wholly_in_padding_gives_zero(self):
        x = np.ones((1, 1, 1))
        assert avg_pool(x, (5,), (2,), (1,), (3,), (2,), False)[0, 0].tolist() == [0, 0, 1, 1, 0]
        assert avg_pool(x, (5,), (2,), (1,), (3,), (2,), True)[0, 0].tolist() == [0, 0, 0.5, 0.5, 0]


@st.composite
def cases(draw, axes, torch_padding=False):
    """Settings; with `torch_padding` those that PyTorch's own pooling takes: padding the same at both ends and at most half
    the window, the window not larger than the input."""
    most = 4 if axes < 3 else 3
    case = {name: [] for name in ("window", "stride", "dilation", "pad", "pad_after", "size", "out")}
    ceil_mode = draw(st.booleans())
    for _ in range(axes):
        window, stride, dilation = draw(st.integers(1, most)), draw(st.integers(1, 4)), 1 if torch_padding else draw(st.integers(1, 3))
        pad = draw(st.integers(0, window // 2 if torch_padding else most + 2))
        pad_after = pad if torch_padding else draw(st.integers(0, most + 2))
        spans = extent(window, dilation)
        least = spans if torch_padding else spans - pad - pad_after
        size = draw(st.integers(max(1, least), spans + most))
        out = output_size(size, window, stride, dilation, pad, pad_after, ceil_mode)
        for name, value in zip(case, (window, stride, dilation, pad, pad_after, size, out), strict=True):
            case[name].append(value)
    case = {name: tuple(values) for name, values in case.items()}
    dtype = draw(st.sampled_from([np.float64, np.float32])) if axes == 2 else np.float64
    return case | {
        "shape": (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *case["size"]),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "ceil_mode": ceil_mode,
        "dtype": dtype,
    }


@pytest.mark.parametrize("axes", AXES)
def test_max_same_as_torch(torch, axes):
    """Padding is put around the input as minus infinity, so that both ends may differ and exceed the window."""

    @generated
    @given(case=cases(axes))
    def compare(case):
        x = distinct(case["seed"], case["shape"], case["dtype"])
        y, indices = max_pool(x, case["out"], case["window"], case["stride"], case["pad"], case["dilation"])
        dy = uniform(case["seed"], y.shape, case["dtype"])
        spans = [extent(*each) for each in zip(case["window"], case["dilation"], strict=True)]
        pairs = [
            (before, max(0, (out - 1) * stride + span - before - size))
            for before, out, stride, span, size in zip(case["pad"], case["out"], case["stride"], spans, case["size"], strict=True)
        ]
        leaf = torch.tensor(x, requires_grad=True)
        wide = torch.nn.functional.pad(leaf, [edge for pair in reversed(pairs) for edge in pair], value=-np.inf)
        want = getattr(torch.nn.functional, f"max_pool{axes}d")(wide, case["window"], case["stride"], 0, case["dilation"])
        assert np.array_equal(y, want.detach().numpy())
        real = torch.isfinite(want)
        want[real].backward(torch.tensor(dy)[real])
        close(max_pool_backward(x.shape, dy, indices), leaf.grad.numpy(), int(np.prod(case["window"])))
        planes = x.reshape(*x.shape[:2], -1)
        winners = np.take_along_axis(planes, np.maximum(indices, 0).reshape(*x.shape[:2], -1), 2).reshape(y.shape)
        assert np.array_equal(np.where(indices < 0, -np.inf, winners), y)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_average_same_as_torch(torch, axes):
    @generated
    @given(case=cases(axes, torch_padding=True), count_padding=st.booleans())
    def compare(case, count_padding):
        settings = (case["window"], case["stride"], case["pad"], case["pad_after"], count_padding)
        x = uniform(case["seed"], case["shape"], case["dtype"])
        y = avg_pool(x, case["out"], *settings)
        leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        pool = getattr(torch.nn.functional, f"avg_pool{axes}d")
        want = pool(leaf, case["window"], case["stride"], case["pad"], case["ceil_mode"], count_padding)
        assert y.shape == want.shape
        dy = uniform(case["seed"] + 1, y.shape, case["dtype"])
        want.backward(torch.tensor(dy, dtype=torch.float64))
        terms = int(np.prod(case["window"]))
        close(y, want.detach().numpy(), terms)
        close(avg_pool_backward(x.shape, dy, *settings), leaf.grad.numpy(), terms)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_average_adjoint_identity(axes):
    """<dy, avg_pool(x)> = <avg_pool_backward(dy), x>, also for padding that PyTorch refuses."""

    @generated
    @given(case=cases(axes), count_padding=st.booleans())
    def compare(case, count_padding):
        out = tuple(
            output_size(*each, case["ceil_mode"])
            for each in zip(case["size"], case["window"], case["stride"], (1,) * axes, case["pad"], case["pad_after"], strict=True)
        )
        settings = (case["window"], case["stride"], case["pad"], case["pad_after"], count_padding)
        x = uniform(case["seed"], case["shape"])
        y = avg_pool(x, out, *settings)
        dy = uniform(case["seed"] + 1, y.shape)
        close(np.vdot(dy, y), np.vdot(avg_pool_backward(x.shape, dy, *settings), x), x.size * int(np.prod(case["window"])))

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes):
    """All values of x differ by more than the step of the difference, so that no maximum changes hands."""
    sizes, window, stride, pad, dilation = (4, 5, 6)[:axes], (2, 3, 2)[:axes], (2, 1, 3)[:axes], (1, 1, 0)[:axes], (1, 1, 2)[:axes]
    x = distinct(0, (2, 2, *sizes))
    out = tuple(output_size(*each) for each in zip(sizes, window, stride, dilation, pad, pad, strict=True))
    y, indices = max_pool(x, out, window, stride, pad, dilation)
    dy = uniform(1, y.shape)
    close_to_numeric(
        max_pool_backward(x.shape, dy, indices), numeric_gradient(lambda v: max_pool(v, out, window, stride, pad, dilation)[0], x, dy)
    )
    out = tuple(output_size(*each) for each in zip(sizes, window, stride, (1,) * axes, pad, pad, strict=True))
    dy = uniform(2, (2, 2, *out))
    for count_padding in (True, False):
        settings = (window, stride, pad, pad, count_padding)
        close_to_numeric(
            avg_pool_backward(x.shape, dy, *settings), numeric_gradient(lambda v, settings=settings: avg_pool(v, out, *settings), x, dy)
        )
