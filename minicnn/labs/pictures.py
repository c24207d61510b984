"""The embedded digits as larger pictures, for labs that move them about."""

from __future__ import annotations

import numpy as np

from minicnn import datasets


def framed(split: str, pixels: int = 14, canvas: int = 28, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
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
