"""What every loader returns: images, labels and the names of the classes, checked once."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError, float_advice

CHUNK_IMAGES = 4096


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images with their labels.

    Parameters
    ----------
    images : (N, C, *space) uint8 or float32
        uint8 means 0 (background) to 255; float32 is used unchanged.  (N, F) for numbers without spatial order.
    labels : (N,) integers
        Indices into `classes`; kept as a copy, int64 and read-only.
    classes : tuple of str
    name, split : str
        What was loaded; arbitrary for custom data.
    mean, std : one float per channel
        Normalisation: (images / 255 - mean) / std for uint8, (images - mean) / std for float32.  From the training split if the
        catalog has them; otherwise, and if left out, from these images.  Normalise test images by those of the training images.
    origin : str
        Where the data came from: a folder, "embedded", "generated" or "".

    Raises
    ------
    DataError
        If types, shapes or label values do not fit.
    """

    images: npt.NDArray
    labels: npt.NDArray
    classes: tuple[str, ...]
    name: str = "custom"
    split: str = "train"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    origin: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.labels, np.ndarray) and self.labels.dtype.kind in "iu":
            object.__setattr__(self, "labels", frozen_labels(self.labels))
        try:
            if isinstance(self.classes, str):
                raise TypeError("one word")
            object.__setattr__(self, "classes", tuple(self.classes))
            object.__setattr__(self, "mean", tuple(map(float, self.mean)))
            object.__setattr__(self, "std", tuple(map(float, self.std)))
        except (TypeError, ValueError) as error:
            raise DataError(f"{self.name}: classes must be a list of names, mean and std one number for each channel: {error}") from error
        check_arrays(self.name, self.images, self.labels, len(self.classes))
        if not self.mean or not self.std:
            mean, std = channel_statistics(self.images)
            object.__setattr__(self, "mean", self.mean or mean)
            object.__setattr__(self, "std", self.std or std)
        C = self.images.shape[1]
        if len(self.mean) != C or len(self.std) != C:
            raise DataError(f"{self.name}: {len(self.mean)} means and {len(self.std)} deviations, but the images have {C} channels")

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        return f"Dataset({self.name!r} {self.split}: {len(self):,} images {shape} {self.images.dtype}, {len(self.classes)} classes)"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image, (C, *space)."""
        return self.images.shape[1:]

    @property
    def class_counts(self) -> npt.NDArray[np.int64]:
        """Images per class, (classes,) int64."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over classes, shapes, types and all values, in hexadecimal: equal on every machine for equal content."""
        running = hashlib.sha256(repr(self.classes).encode())
        for array in (self.images, self.labels):
            little = array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("<"))
            running.update(f"{array.dtype.name} {array.shape}".encode())
            running.update(np.ascontiguousarray(little).data.cast("B"))
        return running.hexdigest()

    def subset(self, rows: npt.NDArray | Sequence[int] | slice, split: str | None = None) -> Dataset:
        """The images at `rows` (indices, a mask or a slice), with the same classes and normalisation."""
        return replace(self, images=self.images[rows], labels=self.labels[rows], split=split or self.split)


def frozen_labels(labels: npt.NDArray) -> npt.NDArray[np.int64]:
    """A read-only copy as int64; larger numbers become the largest int64, which is not a label either."""
    if labels.dtype.kind == "u":
        labels = np.minimum(labels.astype(np.uint64), np.uint64(np.iinfo(np.int64).max))
    own = labels.astype(np.int64)
    own.setflags(write=False)
    return own


def check_arrays(name: str, images: npt.NDArray, labels: npt.NDArray, class_count: int) -> None:
    """Raise DataError if images and labels do not fit each other, the required types, or the number of classes."""
    if not isinstance(images, np.ndarray) or not isinstance(labels, np.ndarray):
        raise DataError(f"{name}: images and labels are {type(images).__name__} and {type(labels).__name__}, expected NumPy arrays")
    if images.dtype not in (np.uint8, np.float32):
        raise DataError(
            f"{name}: images are {images.dtype.name}, expected uint8 or float32\n  use {float_advice('images', images.dtype.kind)}"
        )
    if images.ndim < 2:
        raise DataError(f"{name}: images have shape {images.shape}, expected (N, C, *space)")
    if labels.dtype != np.int64 or labels.ndim != 1:
        raise DataError(f"{name}: labels are {labels.dtype.name} {labels.shape}, expected integers (N,)")
    if len(images) != len(labels):
        raise DataError(f"{name}: {len(images):,} images, but {len(labels):,} labels")
    if images.size == 0:
        raise DataError(f"{name}: no pixels, the images have shape {images.shape}")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= class_count:
        raise DataError(f"{name}: labels run from {least} to {most}, but there are {class_count} classes, 0 to {class_count - 1}")


def channel_statistics(images: npt.NDArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and population standard deviation of each channel, on the scale 0..1 for uint8.

    Parameters
    ----------
    images : (N, C, *space) uint8 or float32

    Returns
    -------
    mean, std : one float per channel; a std of 0 becomes 1, so that it can be divided by
    """
    means, deviations = [], []
    for c in range(images.shape[1]):
        channel = images[:, c]
        if images.dtype == np.uint8:
            counts = np.zeros(256, np.int64)
            for start in range(0, len(channel), CHUNK_IMAGES):
                counts += np.bincount(channel[start : start + CHUNK_IMAGES].ravel(), minlength=256)
            values, weights = np.arange(256) / 255, counts / counts.sum()
            mean = float(weights @ values)
            variance = float(weights @ (values - mean) ** 2)
        else:
            with np.errstate(invalid="ignore"):  # NaN for images that hold infinity, which training reports
                mean, variance = float(channel.mean(dtype=np.float64)), float(channel.var(dtype=np.float64))
        means.append(mean)
        deviations.append(variance**0.5 or 1.0)
    return tuple(means), tuple(deviations)
