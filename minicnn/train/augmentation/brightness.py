"""Lighter and darker images."""

from __future__ import annotations

from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change


class Brightness(Change):
    """Every value raised or lowered by up to this share of the range from black to white (of 1, for floats).

    Howard, "Some improvements on deep convolutional neural network based image classification", 2013, section 2.
    """

    share: float = 0.2

    chances = 1
    draw = textbook.around_zero_draw_forward
    loop = textbook.brightness_forward
