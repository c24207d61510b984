"""Elastic distortion: every pixel moved by a smooth field of noise, as hands tremble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing

REACH = 3  # deviations of the bell curve that are summed


class Elastic(Change):
    """Displaced by strength * noise, noise between -1 and 1 at each pixel smoothed with a bell curve of deviation sigma, in pixels.

    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document analysis", 2003, section 2:
    strength 34 and sigma 4 for digits of 29x29, which move by 1.4 pixels (one deviation) along each axis.
    """

    strength: float = 34.0
    sigma: float = 4.0

    stage = "places"
    axes = (2,)
    refusal = "an elastic distortion is a field over rows and columns"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.sigma <= 100:
            raise SettingError(f"augment {self.word}: sigma is {self.sigma}, but must be between 0.1 and 100 pixels")

    def append(self, own: Changing) -> None:
        shape = (len(own.sizes), *own.sizes)
        field = own.new(shape)
        own.loop(textbook.noise_forward, y=field, chance=own.chance(self.word, shape))
        for smooth, size in zip((textbook.smooth_down_forward, textbook.smooth_across_forward), own.sizes, strict=True):
            smoothed = own.new(shape)
            bell = {"sigma": float(self.sigma), "reach": min(int(REACH * self.sigma + 0.5), size - 1)}
            own.loop(smooth, y=smoothed, x=field, **bell)
            field = smoothed
        own.move(textbook.elastic_places_forward, field=field, strength=float(self.strength))
