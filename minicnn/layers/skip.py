"""Skip: a body that leads down and up again, and its input laid beside what comes back.

    y = [crop(x), body(x)]          channels of x first

A U-Net is a skip whose body holds a smaller U-Net:

    Skip(Sequential(MaxPool2D(2), smaller, ConvTranspose2D(64, 2, stride=2)))

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, figure 1.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.layers.base import Block, Element, Value, Wiring
from minicnn.layers.crop import Crop
from minicnn.layers.join import ConcatChannels
from minicnn.layers.setting import elements, flag


@dataclass(frozen=True, repr=False)
class Skip(Block):
    """Join the input and what `body` makes of it by channel; with `crop` the input is first cut to the body's size."""

    body: Element
    _: KW_ONLY
    crop: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        elements(self.where(), "body", (self.body,))
        flag(self.where(), "crop", self.crop)

    def wire(self, wiring: Wiring[Value], *values: Value) -> tuple[Value, ...]:
        back = wiring.place(self.body, *values)
        beside = wiring.place(Crop(), *values, *back) if self.crop else values
        return wiring.place(ConcatChannels(), *beside, *back)
