"""Turned images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing


class Rotate(Change):
    """Turned about its centre by up to so many degrees, in the plane of rows and columns.

    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document analysis", 2003, section 2.
    """

    degrees: float = 10.0

    stage = "places"
    chances = 1
    axes = (2, 3)
    refusal = "a rotation needs rows and columns"
    draw = textbook.rotate_draw_forward
    loop = textbook.rotate_places_forward

    def counts(self, own: Changing) -> tuple[int, int]:
        return 1, 2
