"""Transposed convolutions whose output is cut to a multiple of the input, or unevenly: values and gradients as those of the whole, cut."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

AXES = (1, 2, 3)


def function(axes, name=""):
    return getattr(kernels, f"conv_transpose{axes}d{name}")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axes", AXES)
def test_uneven_cuts_and_same(axes, dtype):
    rng = np.random.default_rng(axes)
    for same in (False, True) * 4:
        sizes, strides, taps = (tuple(int(n) for n in rng.integers(low, 5, axes)) for low in (2, 1, 1))
        x, weight = rng.standard_normal((2, 4, *sizes)).astype(dtype), rng.standard_normal((4, 3, *taps)).astype(dtype)
        settings = {"stride": strides, "groups": 2}
        whole = function(axes)(x, weight, **settings)
        cuts = [(int(a), int(b)) for a, b in rng.integers(0, 2, (axes, 2))]
        cuts = [(min(a, size - 1), min(b, size - 1 - min(a, size - 1))) for (a, b), size in zip(cuts, whole.shape[2:], strict=True)]
        if same:
            spans = [tap - stride for tap, stride in zip(taps, strides, strict=True)]
            cuts = [(max(0, span) // 2, span - max(0, span) // 2) for span in spans]
        after = [max(0, -b) for _, b in cuts]
        kept = np.pad(whole, [(0, 0), (0, 0), *((0, n) for n in after)])
        inside = (..., *(slice(a, kept.shape[2 + n] - max(0, b)) for n, (a, b) in enumerate(cuts)))
        settings["padding"] = "same" if same else cuts
        y = function(axes)(x, weight, **settings)
        if same:
            assert y.shape[2:] == tuple(size * stride for size, stride in zip(sizes, strides, strict=True))
        np.testing.assert_allclose(y, kept[inside], atol=1e-5)
        dy = rng.standard_normal(y.shape).astype(dtype)
        dx = function(axes, "_backward_input")(dy, weight, x.shape, **settings)
        dweight = function(axes, "_backward_weight")(dy, x, weight.shape, **settings)
        product = np.vdot(dy, y)
        np.testing.assert_allclose([np.vdot(dx, x), np.vdot(dweight, weight)], [product] * 2, atol=1e-3)


X, WEIGHT = np.zeros((1, 2, 4, 4)), np.zeros((2, 3, 3, 3))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"padding": "full"}, SettingError, r"^conv_transpose2d: padding 'full' is not one of valid, same, a number of pixels"),
        (
            {"padding": "same", "stride": 2, "output_padding": 1},
            SettingError,
            r"output_padding adds to a size that padding 'same' has fixed",
        ),
        ({"padding": ((4, 2), (0, 0))}, ShapeError, r"^conv_transpose2d: padding \(4, 2\) crops all rows of an output of 6"),
    ],
)
def test_words_of_errors(settings, error, words):
    with pytest.raises(error, match=words):
        kernels.conv_transpose2d(X, WEIGHT, **settings)


def test_an_odd_pixel_is_cut_off_after():
    x = np.array([[[1.0, 10.0]]])
    whole = kernels.conv_transpose1d(x, np.array([[[1.0, 2.0, 3.0]]]), stride=2)[0, 0].tolist()
    assert whole == [1, 2, 13, 20, 30]
    assert kernels.conv_transpose1d(x, np.array([[[1.0, 2.0, 3.0]]]), stride=2, padding="same")[0, 0].tolist() == whole[:4]
