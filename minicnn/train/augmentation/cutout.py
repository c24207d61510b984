"""A hole somewhere in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing


class Cutout(Change):
    """A square of so many pixels, its middle anywhere in the image, set to 0 after normalisation, the mean of the training set.

    DeVries, Taylor, "Improved regularization of convolutional neural networks with cutout", 2017: 16 pixels on CIFAR-10, 8 on CIFAR-100.
    """

    side: int = 8

    stage = "inputs"
    whole = True
    draw = textbook.cutout_draw_forward
    loop = textbook.cutout_forward

    def check(self, input_shape: tuple[int, ...]) -> None:
        super().check(input_shape)
        room = max(input_shape[1:], default=1)
        if self.side >= 2 * room:
            raise SettingError(f"augment {self.text} leaves nothing of the images: they have {room} pixels")

    def counts(self, own: Changing) -> tuple[int, int]:
        return len(own.sizes), len(own.sizes)
