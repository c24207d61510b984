"""The embedded digits as larger pictures, for labs that move them about."""

from __future__ import annotations

import numpy as np

from minicnn import datasets
from minicnn.datasets.catalog import Split


def framed(split: Split, pixels: int = 14, canvas: int = 28, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Digits of `pixels` x `pixels` in the middle of a larger black picture, and their classes.

    Returns
    -------
    images : (N, 1, canvas, canvas) uint8
    labels : (N,) int64
    """
    data = datasets.load("digits", split)
    digits = datasets.scale_to(data.images[:count], pixels, pixels)
    before = (canvas - pixels) // 2
    around = (before, canvas - pixels - before)
    return np.pad(digits, ((0, 0), (0, 0), around, around)), data.labels[:count]


def scattered(split: Split, count: int | None = None, pixels: int = 14, canvas: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """The same, each digit anywhere on its canvas; always at the same place."""
    images, labels = framed(split, pixels, canvas, count)
    most = (canvas - pixels) // 2
    shifts = np.random.default_rng(len(images)).integers(-most, most + 1, (len(images), 2))
    return np.stack([np.roll(image, shift, (1, 2)) for image, shift in zip(images, shifts, strict=True)]), labels
