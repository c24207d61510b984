"""Translations by whole pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing


class Shift(Change):
    """Moved by up to so many pixels along each axis, the gap filled with background.

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 4.1.
    """

    pixels: int = 2

    stage = "places"
    whole = True
    draw = textbook.shift_draw_forward
    loop = textbook.shift_places_forward

    def check(self, input_shape: tuple[int, ...]) -> None:
        super().check(input_shape)
        room = max(input_shape[1:], default=1)
        if self.pixels >= room:
            raise SettingError(f"augment {self.text} moves the images out of sight: they have {room} pixels")

    def counts(self, own: Changing) -> tuple[int, int]:
        return len(own.sizes), len(own.sizes)
