"""More and less contrast."""

from __future__ import annotations

from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change


class Contrast(Change):
    """Distances from the mean of the image, in each channel, times a factor between 1 - share and 1 + share.

    Howard, "Some improvements on deep convolutional neural network based image classification", 2013, section 2.
    """

    share: float = 0.2

    chances = 1
    draw = textbook.around_zero_draw_forward
    loop = textbook.contrast_forward
