"""From a data set to what a network takes: the right size, numbers around zero; the same again at evaluation and prediction."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import schema
from minicnn.errors import CheckpointError, ShapeError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from minicnn.datasets import Dataset


UNITS = (255.0, 1.0)
LARGEST_FLOAT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Preparation:
    """How images become a network's input: scaled to its rows and columns, then (pixel / unit - mean) / std per channel.

    unit : 255 for uint8 images, 1 for float32
    """

    input_shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: float

    @classmethod
    def of(cls, data: Dataset, input_shape: tuple[int, ...]) -> Preparation:
        """For a network with this input, with the statistics of `data` (the training set)."""
        unit = UNITS[0] if data.images.dtype == np.uint8 else UNITS[1]
        return cls(tuple(input_shape), tuple(map(float, data.mean)), tuple(map(float, data.std)), unit)

    @property
    def scale(self) -> list[float]:
        """Factor per channel."""
        return [1 / (self.unit * max(std, 1e-8)) for std in self.std]

    @property
    def shift(self) -> list[float]:
        """Summand per channel."""
        return [-mean / max(std, 1e-8) for mean, std in zip(self.mean, self.std, strict=True)]

    def images(self, images: np.ndarray, where: str = "the data") -> np.ndarray:
        """Images in the network's size, type as it was (uint8 or float32), C-contiguous; normalisation happens in the engine."""
        if images.shape[1:] == self.input_shape:
            return np.ascontiguousarray(images)
        fault = f"{where}: images are {shape_text(images.shape[1:])}, but the network takes {shape_text(self.input_shape)}"
        if images.ndim != 4 or len(self.input_shape) != 3:
            raise ShapeError(f"{fault}\n  only images with rows and columns can be scaled to a network with rows and columns")
        if images.shape[1] != self.input_shape[0]:
            raise ShapeError(f"{fault}\n  build the network for {images.shape[1]} channels, or use other data")
        from minicnn.datasets import scale_to

        return np.ascontiguousarray(scale_to(images, *self.input_shape[1:]))

    def to_json(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any, where: str = "the preparation of the images") -> Preparation:
        """The inverse of `to_json`; a CheckpointError that starts with `where` if something is missing or out of range."""
        found = schema.record(where, values, [field.name for field in fields(cls)])
        input_shape = schema.image_shape(where, "input_shape", found["input_shape"])
        mean, std = (schema.items(where, name, found[name], schema.real, least=least, most=LARGEST_FLOAT)
                     for name, least in (("mean", -LARGEST_FLOAT), ("std", 0.0)))
        if len(mean) != input_shape[0] or len(std) != input_shape[0]:
            raise CheckpointError(f"{where}: there are {len(mean)} means and {len(std)} deviations for {input_shape[0]} channels")
        unit = schema.real(where, "unit", found["unit"])
        if unit not in UNITS:
            raise CheckpointError(f"{where}: unit is {unit:g}, but must be 255 or 1")
        return cls(input_shape, mean, std, unit)
