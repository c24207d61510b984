"""Other ways to the same sum: each as near to the textbook as its docstring says, or a SettingError where it cannot serve."""

from math import log2, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import extent
from minicnn.kernels.algorithms import winograd
from minicnn.kernels.algorithms.fft import good_length
from minicnn.kernels.checks.cases import resolve

from .comparing import AXES, EPSILON, close, fewer, generated, poison, seeds, uniform, wide  # noqa: F401
from .convolving import convolutions

UNIT = 6e-8  # the last rounding to float32


def by(case, algorithm, x, weight, bias, **changes):
    return case.function()(x, weight, bias, algorithm=algorithm, **case.settings | changes)


def textbook_and_sizes(case, x, weight, bias):
    """The textbook's result in float64, and the same of absolute values: no partial sum is larger."""
    arrays = [wide(each) for each in (x, weight, bias)]
    return by(case, "textbook", *arrays), by(case, "textbook", *map(abs, arrays))


@pytest.mark.parametrize("axes", AXES)
def test_im2col(axes):
    """As the direct loops in float32: 2e-7 * sqrt(terms) of the largest partial sum; 5e-16 * sqrt(terms) in float64."""

    @fewer(2)
    @given(case=convolutions("conv", axes))
    def compare(case):
        arrays = case.arrays()
        want, sizes = textbook_and_sizes(case, *arrays)
        terms = np.sqrt(case.terms(want.shape)[0])
        close(by(case, "im2col", *arrays), want, 2e-7 / EPSILON * terms * sizes)
        got = by(case, "im2col", *map(wide, arrays))
        assert got.dtype == np.float64
        assert (abs(got - want) <= 5e-16 * terms * sizes).all()

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_fft(axes):
    """6e-8 of the result, beside 1e-15 * log2(L) of the largest partial sum: of all positions, for every frequency belongs to all."""

    @fewer(2)
    @given(case=convolutions("conv", axes))
    def compare(case):
        arrays = case.arrays()
        want, _ = textbook_and_sizes(case, *arrays)
        largest = by(case, "textbook", *(abs(wide(each)) for each in arrays), padding="full", stride=1).max()
        spans = [extent(*each) for each in zip(case.weight_shape[2:], case.settings["dilation"], strict=True)]
        length = prod(good_length(size + span - 1) for size, span in zip(case.x_shape[2:], spans, strict=True))
        rest = 1e-15 * max(1, log2(length)) * largest
        close(by(case, "fft", *arrays), want, (UNIT * abs(want) + rest) / EPSILON)
        got = by(case, "fft", *map(wide, arrays))
        assert got.dtype == np.float64
        assert (abs(got - want) <= 2e-16 * abs(want) + rest).all()

    compare()


def test_fft_of_filters_as_large_as_images():
    x, weight = uniform(0, (2, 3, 40, 37)), uniform(1, (4, 3, 31, 33))
    want = kernels.conv2d(wide(x), wide(weight), padding="same")
    close(kernels.conv2d(x, weight, padding="same", algorithm="fft"), want, (UNIT * abs(want) + 1e-13) / EPSILON)


@st.composite
def small_filters(draw):
    """3x3 with stride 1: shapes, groups, flip, padding."""
    groups = draw(st.integers(1, 3))
    pads = tuple((draw(st.integers(0, 4)), draw(st.integers(0, 4))) for _ in range(2))
    sizes = tuple(max(1, 3 - sum(pad)) + draw(st.integers(0, 9)) for pad in pads)
    x_shape = (draw(st.sampled_from([1, 2, 5, 16, 33])), groups * draw(st.integers(1, 5)), *sizes)
    padding = draw(st.sampled_from([pads, "same", "full"]))
    return x_shape, (groups * draw(st.integers(1, 5)), x_shape[1] // groups, 3, 3), padding, groups, draw(st.booleans())


@pytest.mark.parametrize("m", [2, 4, None])
def test_winograd(m):
    """5e-7 (m = 2) or 5e-6 (m = 4) of the largest |x| times the sum of |weight| of a filter."""

    @generated
    @given(case=small_filters(), seed=seeds)
    def compare(case, seed):
        x_shape, weight_shape, padding, groups, flip = case
        x, weight, bias = (uniform(seed + n, shape) for n, shape in enumerate((x_shape, weight_shape, weight_shape[:1])))
        settings = {"padding": padding, "groups": groups, "flip": flip}
        want = kernels.conv2d(wide(x), wide(weight), wide(bias), **settings)
        if m is None:
            got = kernels.conv2d(x, weight, bias, algorithm="winograd", **settings)
        else:
            got = np.full(want.shape, np.nan, np.float32)
            winograd.forward(got, x, weight, bias, resolve("test", "conv", 2, x_shape, weight_shape, 1, padding, 1, groups, flip), m)
        share = 5e-7 if m == 2 else 5e-6
        largest = abs(x).max() * abs(weight).sum((1, 2, 3)) + abs(bias)
        close(got, want, np.broadcast_to(share / EPSILON * largest[:, None, None], want.shape))

    compare()


X, W = np.ones((2, 3, 6, 6), np.float32), np.ones((4, 3, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: kernels.conv2d(X, W[..., :2], algorithm="winograd"),
            r"^conv2d: algorithm 'winograd' is for 3x3 filters with stride 1 and dilation 1, but taps is 3 x 2"
            r"\n  use 'auto', 'textbook', 'direct', 'im2col', 'fft'$",
        ),
        (
            lambda: kernels.conv2d(X, W, stride=2, algorithm="winograd"),
            r"^conv2d: algorithm 'winograd' is for 3x3 .*, but stride is 2 x 2\n",
        ),
        (lambda: kernels.conv2d(X, W, dilation=(1, 2), algorithm="winograd"), r"but dilation is 1 x 2\n  use 'auto', "),
        (
            lambda: kernels.conv2d(wide(X), wide(W), algorithm="winograd"),
            r"^conv2d: algorithm 'winograd' computes in float32, but the arrays are float64\n  use 'auto', 'textbook', 'im2col', 'fft'$",
        ),
        (
            lambda: kernels.conv1d(X[:, :, 0], W[:, :, 0], algorithm="winograd"),
            r"^conv1d: algorithm 'winograd' is for two axes, not for 1\n",
        ),
        (lambda: kernels.conv3d(X[:, :, None], W[:, :, None], algorithm="winograd"), r"^conv3d: algorithm 'winograd' is for two axes"),
        (
            lambda: kernels.conv2d(wide(X), wide(W), algorithm="direct"),
            r"^conv2d: algorithm 'direct' computes in float32, but the arrays are float64\n  use algorithm='textbook', or arrays of float32$",
        ),
        (
            lambda: kernels.conv2d(X, W, algorithm="strassen"),
            r"^conv2d: algorithm 'strassen' is not one of auto, textbook, direct, im2col, fft, winograd$",
        ),
        (lambda: kernels.conv2d(X, W, algorithm="winogard"), r"is not one of .*: did you mean winograd\?$"),
        (lambda: kernels.conv2d(X, W, algorithm=None), r"^conv2d: algorithm None is not one of auto"),
        (lambda: kernels.conv2d(X, W, algorithm=["fft"]), r"^conv2d: algorithm \['fft'\] is not one of auto"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(SettingError, match=words):
        call()


@pytest.mark.parametrize("algorithm", ["textbook", "direct", "im2col", "fft", "winograd"])
def test_nothing_to_do(algorithm):
    """No image, and a position that reads nothing but padding."""
    assert kernels.conv2d(X[:0], W, algorithm=algorithm).shape == (0, 4, 4, 4)
    y = kernels.conv2d(X, W, np.arange(4, dtype=np.float32), padding=3, algorithm=algorithm)
    assert np.abs(y[:, :, 0, 0] - [0, 1, 2, 3]).max() < 1e-4
    assert np.abs(y[:, :, 5, 5] - [27, 28, 29, 30]).max() < 1e-4


class TestSeparable:
    @pytest.mark.parametrize("axes", [2, 3])
    def test_as_one_filter(self, axes):
        """Passes of one axis each differ from the whole filter by as many times the direct loops' bound."""

        @fewer(2)
        @given(case=convolutions("conv", axes))
        def compare(case):
            x, _, _ = case.arrays()
            taps = case.weight_shape[2:]
            factors = [uniform(case.seed + n, tap) for n, tap in enumerate(taps)]
            kernel = wide(factors[0])
            for factor in factors[1:]:
                kernel = np.multiply.outer(kernel, wide(factor))
            settings = {name: value for name, value in case.settings.items() if name != "groups"}
            weight = np.broadcast_to(kernel, (x.shape[1], 1, *taps))
            conv = getattr(kernels, f"conv{axes}d")
            want = conv(wide(x), weight, groups=x.shape[1], **settings)
            sizes = conv(abs(wide(x)), abs(weight), groups=x.shape[1], **settings)
            got = getattr(kernels, f"separable_conv{axes}d")(x, factors, **settings)
            close(got, want, axes * 2e-7 / EPSILON * np.sqrt(prod(taps)) * sizes)

        compare()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("axes", AXES)
    def test_factors_of_a_product(self, axes, dtype):
        kernel = np.ones((), dtype)
        for n in range(axes):
            kernel = np.multiply.outer(kernel, np.random.default_rng(n).uniform(-1, 1, n + 2).astype(dtype))
        factors = kernels.separable(kernel)
        assert [factor.shape for factor in factors] == [(n + 2,) for n in range(axes)]
        assert {factor.dtype for factor in factors} == {np.dtype(dtype)}
        product = np.ones(())
        for factor in factors:
            product = np.multiply.outer(product, wide(factor))
        assert abs(product - kernel).max() <= 8 * np.finfo(dtype).eps
        lengths = [np.linalg.norm(factor) for factor in factors]
        assert max(lengths) <= min(lengths) * (1 + 1e-6)

    def test_what_is_no_product(self):
        assert kernels.separable(np.eye(3)) is None
        assert kernels.separable(kernels.image_kernels["outline"]) is None
        assert kernels.separable(np.full((2, 2), np.nan)) is None
        nearly = np.array([[1.0, 3.0], [2.0, 6.001]])
        assert kernels.separable(nearly) is None
        assert [factor.shape for factor in kernels.separable(nearly, tolerance=1e-2)] == [(2,), (2,)]
        assert not np.any(kernels.separable(np.zeros((3, 3)))[0])

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: kernels.separable(W), ShapeError, r"^separable: weight has the shape \(4, 3, 3, 3\), but must be one kernel"),
            (lambda: kernels.separable(np.zeros((0, 3))), ShapeError, r"^separable: weight has the shape \(0, 3\)"),
            (lambda: kernels.separable(np.eye(3, dtype=int)), SettingError, r"^separable: weight is int64"),
            (lambda: kernels.separable(np.eye(3), tolerance=-1), SettingError, r"^separable: tolerance is -1.0, but must be at least 0$"),
            (lambda: kernels.separable(np.eye(3), tolerance="0"), SettingError, r"^separable: tolerance is '0', but must be a number$"),
            (lambda: kernels.separable(np.eye(3), tolerance=10**400), SettingError, r"^separable: tolerance is inf, but must be finite$"),
            (lambda: kernels.separable_conv2d(X, [np.ones(3, np.float32)]), ShapeError, r"^separable_conv2d: factors must be 2 vectors"),
            (lambda: kernels.separable_conv2d(X, [np.ones(3), np.ones(3)]), SettingError, r"^separable_conv2d: x is float32, factors"),
            (
                lambda: kernels.separable_conv2d(X, [W[0, 0], W[0, 0]]),
                ShapeError,
                r"^separable_conv2d: factors\[0\] has the shape \(3, 3\)",
            ),
            (lambda: kernels.separable_conv3d(X, W[:3, 0, 0]), ShapeError, r"^separable_conv3d: factors must be 3 vectors"),
        ],
    )
    def test_wrong_calls(self, call, error, words):
        with pytest.raises(error, match=words):
            call()
