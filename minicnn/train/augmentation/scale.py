"""Larger and smaller images."""

from __future__ import annotations

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change


class Scale(Change):
    """Enlarged about its centre by a factor between 1 - share and 1 + share, the same along all axes.

    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document analysis", 2003, section 2.
    """

    share: float = 0.1

    stage = "places"
    chances = 1
    draw = textbook.scale_draw_forward
    loop = textbook.scale_places_forward

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share > 0.9:
            raise SettingError(
                f"augment {self.word}: share is {self.share}, but must be at most 0.9: factors lie between 1 - share and 1 + share"
            )
