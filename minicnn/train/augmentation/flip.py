"""Mirror images."""

from __future__ import annotations

from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change


class Flip(Change):
    """Every other image mirrored left to right.

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 4.1.
    """

    stage = "places"
    chances = 1
    draw = textbook.flip_draw_forward
    loop = textbook.flip_places_forward
