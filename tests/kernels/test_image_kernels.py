"""The kernels of image processing: as the lectures print them, and what they answer."""

import numpy as np
import pytest

from minicnn import kernels

NAMES = ["identity", "box", "gaussian", "emboss", "outline", "sharpen", "sobel-top", "sobel-bottom", "sobel-left", "sobel-right"]

# Lecture 000: the picture over which a filter slides.
PICTURE = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]], np.float32)


def filtered(name, picture=PICTURE):
    return kernels.conv2d(picture[None, None], kernels.image_kernels[name][None, None])[0, 0]


def test_names():
    assert list(kernels.image_kernels) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_small_and_protected(name):
    kernel = kernels.image_kernels[name]
    assert kernel.shape == (3, 3)
    assert kernel.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        kernel[0, 0] = 1


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("emboss", [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
        ("outline", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
        ("sobel-top", [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
        ("sobel-left", [[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
    ],
)
def test_as_lecture_004_prints_it(name, rows):
    assert kernels.image_kernels[name].tolist() == rows


def test_box_of_lecture_004():
    """A ninth of ones: the mean of nine pixels."""
    assert np.array_equal(kernels.image_kernels["box"], np.full((3, 3), np.float32(1 / 9)))


def test_gaussian_of_lecture_001():
    """1/4 (1 2 1) down, times 1/4 (1 2 1) along."""
    quarter = np.array([1, 2, 1]) / 4
    assert np.array_equal(kernels.image_kernels["gaussian"], np.outer(quarter, quarter))
    column, row = kernels.separable(kernels.image_kernels["gaussian"])
    assert np.allclose(column, quarter, rtol=1e-6, atol=0)
    assert np.allclose(row, quarter, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_plain_area(name):
    """Blurring and sharpening keep a plain area, edge filters answer 0."""
    want = 0 if name == "outline" or name.startswith("sobel") else 1
    assert abs(filtered(name, np.full((4, 4), 1, np.float32)) - want).max() <= 1e-6


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("identity", [[0, 1, 3], [1, 2, 2], [0, 0, 2]]),
        ("outline", [[-15, -6, 12], [0, 7, 2], [-10, -7, 6]]),
        ("sharpen", [[-5, -2, 10], [0, 6, 0], [-3, -4, 6]]),
        ("sobel-top", [[4, 1, -5], [-1, 3, 2], [5, 7, 8]]),
        ("sobel-left", [[0, -5, 1], [3, -7, -4], [7, -5, -6]]),
    ],
)
def test_on_the_picture_of_lecture_000(name, rows):
    """Worked out by hand."""
    assert filtered(name).tolist() == rows


def test_blurred_picture_of_lecture_000():
    """Sums of nine, and of sixteen with the weights 1 2 1, 2 4 2, 1 2 1."""
    assert abs(filtered("box") * 9 - [[15, 15, 15], [9, 11, 16], [10, 7, 12]]).max() <= 1e-5
    assert filtered("gaussian").tolist() == [[20 / 16, 25 / 16, 29 / 16], [17 / 16, 21 / 16, 32 / 16], [13 / 16, 11 / 16, 22 / 16]]


def test_opposite_edges():
    for one, other in (("sobel-top", "sobel-bottom"), ("sobel-left", "sobel-right")):
        assert np.array_equal(kernels.image_kernels[one], -kernels.image_kernels[other])
    assert np.array_equal(kernels.image_kernels["sobel-top"].T, kernels.image_kernels["sobel-left"])


def test_bright_above_and_dark_below():
    picture = np.repeat(np.array([1, 1, 0, 0], np.float32), 5).reshape(4, 5)
    assert (filtered("sobel-top", picture) == 4).all()
    assert (filtered("sobel-bottom", picture) == -4).all()
    assert (filtered("sobel-left", picture) == 0).all()
