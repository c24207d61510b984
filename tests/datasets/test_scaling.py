"""Bilinear scaling against one pixel at a time."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.datasets import scale_to, scaling
from minicnn.errors import ShapeError


def naive(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """One plane, one output pixel at a time, in float64."""
    H, W = image.shape
    y = np.empty((rows, columns))
    for p in range(rows):
        for q in range(columns):
            h = min(max((p + 0.5) * H / rows - 0.5, 0), H - 1)
            w = min(max((q + 0.5) * W / columns - 0.5, 0), W - 1)
            h0, w0 = int(h), int(w)
            h1, w1 = min(h0 + 1, H - 1), min(w0 + 1, W - 1)
            upper = image[h0, w0] * (1 - (w - w0)) + image[h0, w1] * (w - w0)
            lower = image[h1, w0] * (1 - (w - w0)) + image[h1, w1] * (w - w0)
            y[p, q] = upper * (1 - (h - h0)) + lower * (h - h0)
    return y


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((8, 8), (28, 28)),
        ((28, 28), (32, 32)),
        ((28, 28), (8, 8)),
        ((5, 7), (6, 3)),
        ((1, 1), (4, 3)),
        ((1, 6), (2, 1)),
        ((3, 2), (1, 1)),
        ((8, 8), (227, 5)),
    ],
    ids=["digits to MNIST", "MNIST to CIFAR", "smaller", "one axis each way", "one pixel", "one row", "to one pixel", "far"],
)
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_every_pixel_is_the_weighted_mean_of_its_four_neighbours(shape, size, kind):
    x = np.random.default_rng(5).integers(0, 256, (2, 3, *shape)).astype(kind)
    y = scale_to(x, *size)
    assert y.shape == (2, 3, *size)
    assert y.dtype == kind
    expected = np.array([[naive(plane.astype(float), *size) for plane in image] for image in x])
    # uint8: half a level, and float32 rounding of sums near a half; float32: a few roundings of values up to 255
    tolerance = {np.uint8: 0.5 + 1e-4, np.float32: 1e-4, np.float64: 1e-11}[kind]
    assert np.abs(y - expected).max() <= tolerance


def test_by_hand_two_pixels_become_four():
    x = np.array([[[[0, 100]]]], np.uint8)
    assert scale_to(x, 1, 4).tolist() == [[[[0, 25, 75, 100]]]]


def test_the_same_size_is_the_same_array():
    x = np.zeros((2, 1, 3, 4), np.uint8)
    assert scale_to(x, 3, 4) is x


def test_chunks_do_not_show(monkeypatch):
    x = np.random.default_rng(6).integers(0, 256, (11, 1, 8, 8), dtype=np.uint8)
    whole = scale_to(x, 20, 20)
    monkeypatch.setattr(scaling, "CHUNK_VALUES", 3 * 400)
    np.testing.assert_array_equal(scale_to(x, 20, 20), whole)


def test_extremes_keep_their_value():
    assert (scale_to(np.full((1, 1, 8, 8), 255, np.uint8), 29, 31) == 255).all()


@pytest.mark.parametrize(
    ("images", "size", "message"),
    [
        (np.zeros((3, 4, 5), np.uint8), (2, 2), r"images have shape \(3, 4, 5\), expected \(N, C, H, W\)"),
        (np.zeros((1, 1, 4, 5), np.int64), (2, 2), "images are int64, expected uint8, float32 or float64"),
        (np.zeros((1, 1, 4, 5), np.uint8), (0, 2), "from 4 x 5 to 0 x 2 pixels: each must be at least 1"),
    ],
)
def test_what_cannot_be_scaled(images, size, message):
    with pytest.raises(ShapeError, match=message):
        scale_to(images, *size)
