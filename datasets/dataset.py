"""What every loader returns: images, labels and the names of the classes, checked once."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError, float_advice

CHUNK_IMAGES = 4096
SHOWN_IMAGES = 12  # in a notebook


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images with their labels.

    Parameters
    ----------
    images : (N, C, *space) uint8 or float32
        uint8 means 0 (background) to 255; float32 is used unchanged.  (N, F) for numbers without spatial order.
    labels : (N,) integers, or what else is to be learnt, one row an image
        Indices into `classes`; kept as a copy, int64 and read-only.  See `target`.
    classes : tuple of str
        Names; none for numbers.
    name, split : str
        What was loaded; arbitrary for custom data.
    mean, std : one float per channel
        Normalisation: (images / 255 - mean) / std for uint8, (images - mean) / std for float32.  From the training split if the
        catalog has them; otherwise, and if left out, from these images.  Normalise test images by those of the training images.
    origin : str
        Where the data came from: a folder, "embedded", "generated" or "".
    target : str
        What labels are; integers are "class" or "mask", floats "numbers", unless said otherwise.

            "class"      (N,) int64: the class of each image
            "mask"       (N, *space) int32: the class of each pixel; negative numbers stand for none
            "numbers"    (N, ...) float32: what the network's output should be
            "boxes"      (N, M, 5) float32: up to M objects an image, x, y of the left upper corner, w, h in pixels (x along columns),
                         and the class; rows beyond an image's objects are all -1

    Raises
    ------
    DataError
        If types, shapes or label values do not fit.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    classes: tuple[str, ...]
    name: str = "custom"
    split: str = "train"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    origin: str = ""
    target: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.labels, np.ndarray):
            object.__setattr__(self, "target", self.target or usual_target(self.labels))
            object.__setattr__(self, "labels", frozen_labels(self.labels))
        try:
            if isinstance(self.classes, str):
                raise TypeError("one word")
            object.__setattr__(self, "classes", tuple(self.classes))
            object.__setattr__(self, "mean", tuple(map(float, self.mean)))
            object.__setattr__(self, "std", tuple(map(float, self.std)))
        except (TypeError, ValueError) as error:
            raise DataError(f"{self.name}: classes must be a list of names, mean and std one number for each channel: {error}") from error
        check_arrays(self.name, self.images, self.labels, len(self.classes), self.target)
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
        what = "numbers to learn" if self.target == "numbers" else f"{len(self.classes)} classes"
        what += {"mask": " of pixels", "boxes": " in boxes"}.get(self.target, "")
        return f"Dataset({self.name!r} {self.split}: {len(self):,} images {shape} {self.images.dtype}, {what})"

    def _repr_html_(self) -> str:
        """A few images with their labels, for a notebook."""
        from minicnn.charts import gallery
        from minicnn.charts.samples import labelled
        from minicnn.markup import shown

        first = slice(SHOWN_IMAGES)
        return f"<div>{shown(repr(self))}</div>{gallery(labelled(self.images[first], self.labels[first], self.classes, self.target))}"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image, (C, *space)."""
        return self.images.shape[1:]

    @property
    def class_counts(self) -> npt.NDArray[np.int64]:
        """Images per class; pixels of a mask, objects in boxes; (classes,) int64."""
        labels = self.labels[..., 4] if self.target == "boxes" else self.labels
        named = () if self.target == "numbers" else labels[labels >= 0].astype(np.int64)
        return np.bincount(named, minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over classes, shapes, types and all values, in hexadecimal: equal on every machine for equal content."""
        running = hashlib.sha256(repr(self.classes).encode())
        for array in (self.images, self.labels):
            little = array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("<"))
            running.update(f"{array.dtype.name} {array.shape}".encode())
            running.update(np.ascontiguousarray(little).data.cast("B"))
        return running.hexdigest()

    def subset(self, rows: npt.NDArray[Any] | Sequence[int] | slice, split: str | None = None) -> Dataset:
        """The images at `rows` (indices, a mask or a slice), with the same classes and normalisation."""
        return replace(self, images=self.images[rows], labels=self.labels[rows], split=split or self.split)


def usual_target(labels: npt.NDArray[Any]) -> str:
    """What labels are unless it is said."""
    if labels.dtype.kind == "f":
        return "numbers"
    return "class" if labels.ndim < 2 else "mask"


def frozen_labels(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only copy: int64 (N,), int32 for masks, float32; larger numbers become the largest, which is no label either."""
    if labels.dtype.kind not in "iuf":
        return labels
    whole = np.int64 if labels.ndim < 2 else np.int32
    if labels.dtype.kind in "iu":
        kept, given = np.iinfo(whole), np.iinfo(labels.dtype)
        labels = np.clip(labels, labels.dtype.type(max(kept.min, given.min)), labels.dtype.type(min(kept.max, given.max)))
    own = np.array(labels, np.float32 if labels.dtype.kind == "f" else whole, order="C")
    own.setflags(write=False)
    return own


def check_arrays(name: str, images: npt.NDArray[Any], labels: npt.NDArray[Any], class_count: int, target: str = "class") -> None:
    """Raise DataError if images and labels do not fit each other, the required types, or the number of classes."""
    if not isinstance(images, np.ndarray) or not isinstance(labels, np.ndarray):
        raise DataError(f"{name}: images and labels are {type(images).__name__} and {type(labels).__name__}, expected NumPy arrays")
    if images.dtype not in (np.uint8, np.float32):
        raise DataError(
            f"{name}: images are {images.dtype.name}, expected uint8 or float32\n  use {float_advice('images', images.dtype.kind)}"
        )
    if images.ndim < 2:
        raise DataError(f"{name}: images have shape {images.shape}, expected (N, C, *space)")
    expected = {
        "class": ("integers (N,)", "iu", labels.ndim == 1),
        "mask": ("integers (N, *space), the pixels of the images", "iu", labels.shape[1:] == images.shape[2:]),
        "numbers": ("floats (N, ...)", "f", labels.ndim >= 1),
        "boxes": ("floats (N, boxes, 5): x, y, w, h, class", "f", labels.ndim == 3 and labels.shape[2] == 5),
    }
    if target not in expected:
        raise DataError(f"{name}: target is {target!r}, expected {', '.join(expected)}")
    words, kinds, fits = expected[target]
    if labels.dtype.kind not in kinds or not fits:
        raise DataError(f"{name}: labels are {labels.dtype.name} {labels.shape}, expected {words}")
    if len(images) != len(labels):
        raise DataError(f"{name}: {len(images):,} images, but {len(labels):,} labels")
    if images.size == 0:
        raise DataError(f"{name}: no pixels, the images have shape {images.shape}")
    if target == "numbers" or not labels.size:
        return
    there = labels[..., 4][labels[..., 4] >= 0] if target == "boxes" else labels if target == "class" else labels[labels >= 0]
    least, most = (int(there.min()), int(there.max())) if there.size else (0, 0)
    if least < 0 or most >= class_count:
        raise DataError(f"{name}: labels run from {least} to {most}, but there are {class_count} classes, 0 to {class_count - 1}")


def channel_statistics(images: npt.NDArray[Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
