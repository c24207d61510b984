"""Images that are changed at random while they are loaded: the loops of each change as steps, on any machine.

An image is fetched with its values from 0 to 1, black being 0 (floats as they are).  Changes of places are composed into one map from
the pixels of the result to positions in the image, through which it is read once; changes of values follow, then the values are
normalised, then what works on those, and at last images are mixed with each other.  What an image draws depends on the batch's key, the image's number in the batch, and the
name of the change.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import DeviceError, SettingError
from minicnn.geometry import shape_text
from minicnn.kernels import textbook
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.derive import read
from minicnn.kernels.derive.lanes.lowering import Integers, Table
from minicnn.losses import BOXES, MASK

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner

LEAST_SHARE = 0.25  # of a box that is left inside the image, or it is dropped
BYTE = 1 / 255  # one step of uint8 on the scale from 0 to 1


class Changing:
    """A shard's images on their way from the data set to the network; the changes of an augmentation append their loops here.

    shape : of an image, (C, *space)
    sizes : layers if there are any, rows and columns; a signal has one row
    place : where each pixel is read, (axes, *space) an image; None before anything has moved
    image : the images as they are so far
    share : of itself that each image keeps, where it was mixed with another one, (1,) an image; else None
    """

    def __init__(self, planner: Planner, loading: Loading) -> None:
        self.planner, self.loading = planner, loading
        self.shape = planner.topology.input_shape
        self.channels, *space = self.shape
        self.sizes = (1,) * (2 - len(space)) + tuple(space)
        self.place: Activation | None = None
        self.image = self.new(self.shape)
        self.share: Activation | None = None
        self._partner = 0  # number by which the other one is drawn
        self.settings: dict[str, Any] = {
            "sizes": np.array(self.sizes),
            "steps": np.array([prod(self.sizes[axis + 1 :]) for axis in range(len(self.sizes))]),
            "rows": self.sizes[-2],
            "columns": self.sizes[-1],
            "layers": self.sizes[0],
        }

    @property
    def pixels(self) -> int:
        """Of one channel."""
        return prod(self.sizes)

    def new(self, shape: tuple[int, ...]) -> Activation:
        """Memory for so many numbers an image."""
        return self.planner.new(shape)

    def chance(self, name: str, shape: tuple[int, ...]) -> Activation:
        """Numbers from 0 to below 1 for each image, drawn for the change of this name."""
        drawn = self.new(shape)
        self.planner.machine.draw(self.planner.program, drawn, zlib.crc32(name.encode()))
        return drawn

    def loop(self, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
        """Append a loop: its arrays by name, and, where it asks for them, the settings of all loops.

        owner : whose own loop it is, where it is not one of ours
        """
        known = {**self.settings, **arguments}
        names = signature(read(function).python).parameters
        if unknown := [name for name in names if name not in known]:
            raise SettingError(f"{owner or function.__name__}: its loop takes {unknown[0]}, which is none of {', '.join(sorted(known))}")
        own = {name: Table(known[name]) if isinstance(known[name], np.ndarray) else known[name] for name in names}
        self.planner.machine.loop(self.planner.program, function, owner, **own)

    def move(self, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
        """A loop that takes positions `place` to positions `moved`."""
        if self.place is None:
            self.place = self.new((len(self.sizes), *self.sizes))
            self.loop(textbook.places_forward, place=self.place)
        moved = self.new((len(self.sizes), *self.sizes))
        self.loop(function, owner, moved=moved, place=self.place, **arguments)
        self.place = moved

    def change(self, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
        """A loop that makes images `y` of images `x`."""
        y = self.new(self.shape)
        self.loop(function, owner, y=y, x=self.image, **arguments)
        self.image = y

    def mix(self, name: str, share: Activation) -> None:
        """Mix every image with its partner, another one of its shard, drawn for the change of this name."""
        self._partner, self.share = zlib.crc32(f"{name} partner".encode()), share
        y = self.new(self.shape)
        self.loop(textbook.mix_forward, y=y, x=self.image, partner=self.partner(self.image, self.shape), numbers=share)
        self.image = y

    def partner(self, value: Any, shape: tuple[int, ...]) -> Any:
        """A value of this shape of every image's partner."""
        other = self.new(shape)
        self.planner.machine.partner(self.planner, other, value, self._partner)
        return other

    def read(self) -> None:
        """Read the images at their places, if anything has moved."""
        if self.place is not None:
            y = self.new(self.shape)
            self.planner.machine.read(self.planner.program, y, self.image, self.place, self.sizes)
            self.image = y

    def moved_target(self, target: Any, shape: tuple[int, ...], kind: str, ignored: int | None = None) -> Any:
        """What a loss compares an image's output with, moved as the image was: masks and boxes; classes and numbers stay.

        target : as it was loaded: a mask of whole numbers, or boxes
        shape : of one image's, (*space) or (M, 5)
        ignored : the class of pixels that come from outside of the image; 0, the background, if there is none

        Raises
        ------
        SettingError
            If a mask has not the size of the images, or boxes are not on pictures.
        """
        if self.place is None or kind not in (MASK, BOXES):
            return target
        space = self.shape[1:]
        if kind == BOXES:
            if len(space) != 2 or min(space) < 2:
                raise SettingError(f"augment: boxes move with pictures, but the images are {shape_text(self.shape)}")
            moved = self.new(shape)
            self.loop(textbook.move_boxes_forward, moved=moved, boxes=target.shaped(shape), place=self.place, least=LEAST_SHARE)
            return moved
        if shape != space:
            raise SettingError(
                f"augment: masks move with images of their size, but have {shape_text(shape)} pixels, and the images {shape_text(space)}"
            )
        moved, own = self.new((1, *space)), target.shaped((1, *space))
        outside = 0 if ignored is None else ignored
        self.loop(textbook.read_nearest_forward, y=Integers(moved), x=Integers(own), place=self.place, outside=outside)
        return moved.shaped(space)

    def normalize(self) -> None:
        """From 0 to 1 to what the network takes, a channel at a time."""
        unit = unit_of(self.loading)
        y = self.new(self.shape)
        for c, (scale, shift) in enumerate(zip(self.loading.scale, self.loading.shift, strict=True)):
            given = {"y": y.channels(c, 1), "x": self.image.channels(c, 1)}
            self.loop(textbook.normalize_forward, **given, scale=scale / unit, shift=float(shift))
        self.image = y


def unit_of(loading: Loading) -> float:
    """What brings the data set's values to the scale from 0 to 1, on which uint8 is changed; floats are changed as they are."""
    return BYTE if loading.uint8 else 1.0


def append_changes(planner: Planner, loading: Loading) -> Changing:
    """Load a batch's images and change them; the result has the images, and the places that targets move along with."""
    own = Changing(planner, loading)
    unit, channels = unit_of(loading), own.channels
    planner.machine.load(planner.program, own.image, Loading(loading.uint8, (unit,) * channels, (0.0,) * channels))
    for stage in ("places", "pixels", "inputs", "pairs"):
        some = [each for each in loading.changes if each.stage == stage]
        for each in reversed(some) if stage == "places" else some:  # places are followed back, from the last change to the first
            try:
                each.append(own)
            except DeviceError as error:
                raise DeviceError(f"augment {each.word}: {error}") from error
        if stage == "places":
            own.read()
        if stage == "pixels":
            own.normalize()
    return own
