"""Arrays, lists and tensors of the user's own as data sets."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.datasets import from_arrays
from minicnn.errors import DataError

IMAGES = np.arange(4 * 3 * 2 * 2, dtype=np.uint8).reshape(4, 3, 2, 2)


def test_bytes_and_float32_are_used_where_they_lie():
    for images in (IMAGES, IMAGES.astype(np.float32)):
        assert from_arrays(images, [0, 1, 2, 1]).images is images


def test_classes_are_numbers_unless_named():
    assert from_arrays(IMAGES, [0, 4, 2, 1]).classes == ("0", "1", "2", "3", "4")
    assert from_arrays(IMAGES, [0, 1, 1, 0], ["cat", "dog"], name="pets").classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        (IMAGES.tolist(), "uint8"),
        (IMAGES.astype(np.int64), "uint8"),
        (IMAGES.astype(">i2"), "uint8"),
        (IMAGES / 255, "float32"),
        (IMAGES.astype(np.float16), "float32"),
        (IMAGES.astype(">f4"), "float32"),
        ((IMAGES / 255).tolist(), "float32"),
    ],
)
def test_other_numbers_are_brought_to_one_of_the_two(images, kind):
    data = from_arrays(images, np.array([[0], [1], [2], [1]]))  # labels in a column, as Keras hands out some
    assert data.images.dtype == kind
    np.testing.assert_allclose(data.images, np.asarray(images), rtol=1e-6)
    assert data.labels.tolist() == [0, 1, 2, 1]


def test_a_wild_label_does_not_become_millions_of_names():
    with pytest.raises(DataError, match=r"^custom: labels go up to 4611686018427387904, but without names there are at most 65,536"):
        from_arrays(IMAGES, [0, 1, 2, 2**62])


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES.astype(int) + 300, [0, 1, 2, 1], r"^custom: images are integers from 300 to 347, expected 0 to 255\n  use images.astype"),
        (IMAGES.astype(complex), [0, 1, 2, 1], r"^custom: images are complex128, expected uint8 or float32$"),
        (IMAGES > 3, [0, 1, 2, 1], r"^custom: images are bool, expected"),
        ([[1], [1, 2]], [0, 1], r"^custom: images are not an array: "),
        (IMAGES, ["a", "b", "a", "b"], r"^custom: labels are <U1, expected integers\n  use classes, labels = numpy.unique\("),
        (IMAGES, np.eye(4, dtype=int), r"^custom: labels have the shape \(4, 4\), .*\n  use labels.argmax\(axis=1\)"),
        (IMAGES, [0, 1, 2], r"^custom: 4 images, but 3 labels$"),
        (IMAGES, [0, -1, 2, 1], r"^custom: labels run from -1 to 2"),
        (IMAGES, [], r"^custom: 4 images, but 0 labels$"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(images, labels, words):
    with pytest.raises(DataError, match=words):
        from_arrays(images, labels)
