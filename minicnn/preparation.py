"""From a data set to a network's input: the right size, numbers around zero; the same for training, evaluation and prediction."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import schema
from minicnn.errors import CheckpointError, DataError, SettingError, ShapeError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from minicnn.datasets import Dataset

BYTES, FLOATS = 255.0, 1.0  # the unit of uint8 images, and of float32
LARGEST_FLOAT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Preparation:
    """How images become a network's input: scaled to its rows and columns, then (pixel / unit - mean) / std per channel.

    unit : 255 for uint8 images, 1 for float32

    A SettingError unless there is one finite number for each channel.
    """

    input_shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: float

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise the SettingError; compiled code reads a number for each channel, so this is checked again before use."""
        channels = self.input_shape[0] if self.input_shape else 0
        if not channels or not len(self.mean) == len(self.std) == channels:
            raise SettingError(
                f"Preparation: {len(self.mean)} means and {len(self.std)} deviations, but the network takes {channels} channels"
            )
        if not np.isfinite((*self.mean, *self.std)).all() or min(self.std) < 0 or self.unit not in (BYTES, FLOATS):
            raise SettingError(
                f"Preparation: mean {self.mean}, std {self.std} and unit {self.unit} must be finite, std not below 0, unit"
                f" {BYTES:g} or {FLOATS:g}"
            )

    @classmethod
    def none(cls, input_shape: tuple[int, ...]) -> Preparation:
        """The preparation that changes nothing: float32 images of the network's size, already scaled."""
        channels = input_shape[0]
        return cls(tuple(input_shape), (0.0,) * channels, (1.0,) * channels, FLOATS)

    @classmethod
    def of(cls, data: Dataset, input_shape: tuple[int, ...]) -> Preparation:
        """For a network with this input, with the statistics of `data` (the training set)."""
        unit = BYTES if data.images.dtype == np.uint8 else FLOATS
        if len(data.mean) != input_shape[0]:
            raise ShapeError(_misfit(data.images, tuple(input_shape), data.name))
        return cls(tuple(input_shape), tuple(map(float, data.mean)), tuple(map(float, data.std)), unit)

    @property
    def scale(self) -> list[float]:
        """Factor per channel."""
        self.check()
        return [1 / (self.unit * max(std, 1e-8)) for std in self.std]

    @property
    def shift(self) -> list[float]:
        """Summand per channel."""
        self.check()
        return [-mean / max(std, 1e-8) for mean, std in zip(self.mean, self.std, strict=True)]

    def images(self, images: np.ndarray, where: str = "the data") -> np.ndarray:
        """Images in the network's size, same type (uint8 or float32), C-contiguous; normalisation happens in the engine.

        Raises
        ------
        DataError
            If they are neither uint8 nor float32.
        ShapeError
            If they cannot be brought to that size.
        """
        if images.dtype not in (np.uint8, np.float32):
            raise DataError(f"{where}: images are {images.dtype}, expected uint8 or float32\n  use images.astype('float32')")
        if images.shape[1:] == self.input_shape:
            return np.ascontiguousarray(images)
        if images.ndim != 4 or len(self.input_shape) != 3 or images.shape[1] != self.input_shape[0]:
            raise ShapeError(_misfit(images, self.input_shape, where))
        from minicnn.datasets import scale_to

        return np.ascontiguousarray(scale_to(images, *self.input_shape[1:]))

    def on_scale(self, images: np.ndarray, where: str, whom: str) -> np.ndarray:
        """Values as in training: uint8 unchanged and floats from 0 to 1 times 255; or, after training on floats, any floats.

        where, whom : what errors call the images, and the network with its data, as in "lenet was trained on digits"

        Raises
        ------
        DataError
            If the values are on another scale, or not finite.
        """
        if images.dtype == np.uint8:
            if self.unit == FLOATS:
                raise DataError(
                    f"{where} holds uint8, but {whom}, whose values are floats of any size\n  scale it like the training images, in float32"
                )
            return images
        if images.dtype.kind != "f":
            raise DataError(f"{where} holds {images.dtype}, expected uint8 or float32")
        if not images.size:
            return images
        least, most = float(images.min()), float(images.max())  # NaN if there is any
        if not np.isfinite((least, most)).all():
            raise DataError(f"{where} holds values that are infinite or NaN")
        if self.unit == FLOATS:
            return images
        if least < 0 or most > 1:
            raise DataError(f"{where} holds floats from {least:g} to {most:g}, expected 0 to 1, or integers from 0 to 255")
        return images * np.float32(self.unit)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object, where: str = "the preparation of the images") -> Preparation:
        """The inverse of `to_json`; a CheckpointError that starts with `where` if something is missing or out of range."""
        found = schema.record(where, values, [field.name for field in fields(cls)])
        input_shape = schema.image_shape(where, "input_shape", found["input_shape"])
        mean, std = (
            schema.items(where, name, found[name], schema.real, least=least, most=LARGEST_FLOAT)
            for name, least in (("mean", -LARGEST_FLOAT), ("std", 0.0))
        )
        if len(mean) != input_shape[0] or len(std) != input_shape[0]:
            raise CheckpointError(f"{where}: there are {len(mean)} means and {len(std)} deviations for {input_shape[0]} channels")
        unit = schema.real(where, "unit", found["unit"])
        if unit not in (BYTES, FLOATS):
            raise CheckpointError(f"{where}: unit is {unit:g}, but must be 255 or 1")
        return cls(input_shape, mean, std, unit)


def with_channels(images: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
    """(N, *space) as (N, 1, *space), where the network has one channel and the images lack its axis."""
    return images[:, None] if input_shape[0] == 1 and images.ndim == len(input_shape) > 1 else images


def _misfit(images: np.ndarray, input_shape: tuple[int, ...], where: str) -> str:
    """Why images cannot be brought to a network's size, and what would help."""
    if images.ndim < len(input_shape) or images.shape == input_shape:  # one picture without its batch, perhaps without channels
        single = images.shape in (input_shape, input_shape[1:])
        hint = f"\n  use images{'[None]' * (1 + len(input_shape) - images.ndim)} for a single image" if single else ""
        return f"{where}: images have the shape {images.shape}, but the network takes (N, {', '.join(map(str, input_shape))}){hint}"
    shape = images.shape[1:]
    fault = f"{where}: images are {shape_text(shape)}, but the network takes {shape_text(input_shape)}"
    if len(shape) == len(input_shape) and shape[0] != input_shape[0]:
        if len(shape) == 3 and shape[-1] == input_shape[0]:
            return f"{fault}\n  channels come first: use images.transpose(0, 3, 1, 2)"
        return f"{fault}\n  build the network for {shape[0]} channels, or use other data"
    if len(shape) == len(input_shape) - 1 and input_shape[0] == 1 != shape[0]:
        return f"{fault}\n  use images[:, None] to add a channel axis"
    return f"{fault}\n  only images with rows and columns can be resized, and only for a network that takes such images"
