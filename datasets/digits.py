"""The embedded data set: 1,797 real handwritten digits of 8 x 8 pixels, part of the package.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998, CC BY
4.0; see data/LICENSE-digits.txt.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import numpy.typing as npt

from minicnn.datasets.catalog import Split
from minicnn.datasets.idx import check_pair, read_idx_stream

IMAGES_NAME, LABELS_NAME = "digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz"
LARGEST_VALUE = 16  # a pixel counts the ink dots in a 4 x 4 block of the scanned bitmap


def read_digits(split: Split) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (N, 1, 8, 8) uint8 and labels (N,) int64; N is 1,438 for "train" and 359 for "test".

    The stored values 0..16 become 0..255: value * 255 / 16, rounded to the nearest.  The third of every five images of each
    digit, in the original order, is held out for testing.  The 13 writers thus appear in both parts.
    """
    images, labels = read_stored()
    chosen = held_out(labels) if split == "test" else ~held_out(labels)
    scaled = (images[chosen].astype(np.uint16) * 255 + LARGEST_VALUE // 2) // LARGEST_VALUE
    return scaled.astype(np.uint8)[:, None], labels[chosen]


def read_stored() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """All images (1797, 8, 8) uint8 with their original values 0..16, and labels (1797,) int64, in the original order."""
    folder = resources.files("minicnn.datasets") / "data"
    with (folder / IMAGES_NAME).open("rb") as stream:
        images = read_idx_stream(stream, IMAGES_NAME, axes=3, dtype=np.uint8)
    with (folder / LABELS_NAME).open("rb") as stream:
        labels = read_idx_stream(stream, LABELS_NAME, axes=1, dtype=np.uint8)
    return images, check_pair(images, labels, IMAGES_NAME, LABELS_NAME, range(10))


def held_out(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The test images: a mask (N,) that is true for the third of every five images of each class."""
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rank[rows] = np.arange(len(rows))
    return rank % 5 == 2
