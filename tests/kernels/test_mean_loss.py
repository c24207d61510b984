"""Losses as functions of arrays: those of the records, gradients of their values, and what does not fit."""

import numpy as np
import pytest

from minicnn import kernels, losses
from minicnn.errors import DataError, MinicnnError, SettingError, ShapeError

RNG = np.random.default_rng(0)
Y = RNG.normal(size=(3, 4, 2, 5))
LABELS, NUMBERS = RNG.integers(0, 4, (3, 2, 5)), RNG.random(Y.shape)
WEIGHTS = (1.0, 2.0, 0.5, 3.0)
CASES = {
    "labels": (
        "softmax_cross_entropy",
        LABELS,
        {"class_weights": WEIGHTS, "label_smoothing": 0.1, "ignore_index": 2},
        losses.SoftmaxCrossEntropy,
    ),
    "plain labels": ("softmax_cross_entropy", LABELS, {}, losses.SoftmaxCrossEntropy),
    "shares": ("softmax_cross_entropy", NUMBERS, {"class_weights": WEIGHTS, "label_smoothing": 0.1}, losses.SoftmaxCrossEntropy),
    "yes or no": ("binary_cross_entropy", NUMBERS, {"pos_weight": WEIGHTS}, losses.BinaryCrossEntropy),
    "squared": ("mean_squared_error", NUMBERS, {}, losses.MeanSquaredError),
    "absolute": ("mean_absolute_error", NUMBERS, {}, losses.MeanAbsoluteError),
    "huber": ("huber", NUMBERS, {"delta": 0.3}, losses.Huber),
    "dice": ("dice", LABELS, {"smooth": 0.5}, losses.Dice),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_same_as_the_record(name, dtype):
    function, target, settings, record = CASES[name]
    y, target = Y.astype(dtype), target.astype(dtype) if target.dtype.kind == "f" else target
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    assert getattr(kernels, function)(y, target, **settings) == pytest.approx(record(**settings).value(y, target), rel=tolerance)
    dy = getattr(kernels, f"{function}_backward")(2, y, target, **settings)
    assert (dy.dtype, dy.shape) == (dtype, y.shape)
    np.testing.assert_allclose(dy, 2 * record(**settings).gradient(y, target), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS[:, 0]),
            ShapeError,
            "softmax_cross_entropy: labels have the shape (3, 5), but need (3, 2, 5)",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, NUMBERS[:, :2]),
            ShapeError,
            "softmax_cross_entropy: labels have the shape (3, 2, 2, 5), but shares",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, NUMBERS, ignore_index=1),
            SettingError,
            "softmax_cross_entropy: ignore_index is 1, but labels hold",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS, label_smoothing=1),
            SettingError,
            "softmax_cross_entropy: label_smoothing is 1, but must be",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS, class_weights=[1, 2]),
            ShapeError,
            "softmax_cross_entropy: class_weights has the shape (2,)",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS, class_weights=[1, 2, -3, 4]),
            SettingError,
            "softmax_cross_entropy: class_weights holds -3",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS * 0, ignore_index=0),
            DataError,
            "softmax_cross_entropy: all labels are ignored, 0, and the mean",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS * 0, class_weights=[0, 1, 1, 1]),
            DataError,
            "softmax_cross_entropy: all labels count for 0",
        ),
        (
            lambda: kernels.softmax_cross_entropy(Y, LABELS + 9, ignore_index=9),
            SettingError,
            "softmax_cross_entropy: labels run from 10 to 12, but",
        ),
        (lambda: kernels.binary_cross_entropy(Y, NUMBERS * 255), SettingError, "binary_cross_entropy: target runs from"),
        (
            lambda: kernels.binary_cross_entropy(Y, NUMBERS[:1]),
            ShapeError,
            "binary_cross_entropy: target has the shape (1, 4, 2, 5), but needs that of",
        ),
        (lambda: kernels.huber(Y, NUMBERS, delta=0), SettingError, "huber: delta is 0, but must be above 0"),
        (
            lambda: kernels.mean_squared_error(Y[:0], NUMBERS[:0]),
            ShapeError,
            "mean_squared_error: y hold no images, and the mean of nothing",
        ),
        (lambda: kernels.dice(Y, LABELS, smooth=0), SettingError, "dice: smooth is 0, but must be above 0"),
        (lambda: kernels.dice(Y, LABELS + 1), SettingError, "dice: labels run from 1 to 4, but the classes are 0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(MinicnnError) as caught:
        call()
    assert isinstance(caught.value, error)
    assert caught.value.headline.startswith(words)
