"""Cut out of a padded image."""

from __future__ import annotations

from minicnn.train.augmentation.shift import Shift


class Crop(Shift):
    """Padded with so many pixels of background on each side, and cut to its size anywhere: what `shift` does, by the name papers have for it.

    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015, section 4.2: 4 pixels for images of 32x32.
    """

    pixels: int = 4
