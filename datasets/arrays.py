"""Custom data: arrays, lists and tensors become what a Dataset holds, or the error says what they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.datasets.dataset import Dataset
from minicnn.errors import DataError

MOST_CLASSES = 1 << 16  # that are counted from the labels, so that a wild label does not become millions of names


def from_arrays(
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    classes: Sequence[str] | None = None,
    name: str = "custom",
    split: str = "train",
    target: str = "",
) -> Dataset:
    """A data set of images and labels in memory.

    Parameters
    ----------
    images : (N, C, *space)
        uint8 or float32, used in place; other floats become float32, other integers from 0 to 255 become uint8.  Anything
        `numpy.asarray` takes: lists, CPU tensors.
    labels : (N,) or (N, 1) integers of any width, or another target
        The class of each image, from 0.  Integers (N, *space) are masks, floats numbers to learn; `target` says "boxes".
    classes : names, optional
        By default "0", "1", ... up to the highest label.

    Raises
    ------
    DataError
        If types, shapes or label values do not fit.
    """
    pixels = as_images(name, images)
    numbers = as_labels(name, labels, pixels.shape)
    if classes is None and numbers.dtype.kind == "f" and target != "boxes":
        classes = ()
    if classes is None:
        named = numbers[..., 4] if target == "boxes" and numbers.ndim == 3 and numbers.shape[2] == 5 else numbers
        highest = int(named.max()) if named.size else -1
        if highest >= MOST_CLASSES:
            raise DataError(
                f"{name}: labels go up to {highest}, but without names there are at most {MOST_CLASSES:,} classes"
                f"\n  number them from 0 without gaps: classes, labels = numpy.unique(labels, return_inverse=True)"
            )
        classes = [str(k) for k in range(highest + 1)]
    return Dataset(pixels, numbers, tuple(str(each) for each in classes), name, split, target=target)


def as_images(where: str, images: npt.ArrayLike) -> npt.NDArray[Any]:
    """Images as uint8 or float32, the same array if it is one of them; a DataError that starts with `where` otherwise."""
    array = _as_array(where, "images", images)
    kind = array.dtype.kind
    if array.dtype in (np.uint8, np.float32):
        return array
    if kind == "f":
        with np.errstate(over="ignore"):  # values beyond float32 become infinity, which training refuses
            return array.astype(np.float32)
    if kind in "iu":
        least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if least < 0 or most > 255:
            raise DataError(
                f"{where}: images are integers from {least} to {most}, expected 0 to 255"
                f"\n  use images.astype('float32') for values on another scale"
            )
        return array.astype(np.uint8)
    if not array.ndim:  # a single object, such as a Dataset
        its = "\n  use its images" if hasattr(images, "images") else ""
        raise DataError(f"{where}: images must be an array (N, C, *space), but are {type(images).__name__}{its}")
    raise DataError(f"{where}: images are {array.dtype}, expected uint8 or float32")


def as_labels(where: str, labels: npt.ArrayLike, images: tuple[int, ...] = ()) -> npt.NDArray[Any]:
    """Labels as an array: integers (N,), or (N, *space) like images of this shape; floats (N, ...); else a DataError with `where`."""
    array = _as_array(where, "labels", labels)
    kind = array.dtype.kind
    if kind == "f" and array.size:
        return array
    if array.ndim == 2 and array.shape[1] == 1:  # as in some sets of Keras
        array = array[:, 0]
    if array.ndim >= 2 and array.shape[1:] != images[2:]:
        raise DataError(
            f"{where}: labels have the shape {array.shape}, expected the number of the class of each image, (N,)"
            f"\n  use labels.argmax(axis=1) if a row holds a 1 for its class"
        )
    if kind in "USO":
        raise DataError(
            f"{where}: labels are {array.dtype}, expected integers\n  use classes, labels = numpy.unique(labels, return_inverse=True)"
        )
    if kind not in "iu" and array.size:
        raise DataError(f"{where}: labels are {array.dtype}, expected integers\n  use labels.astype(int)")
    return array if kind in "iu" else np.zeros(array.shape, np.int64)  # an empty list becomes floats


def _as_array(where: str, name: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # rows of different length; a tensor of another device, or with gradient
        raise DataError(f"{where}: {name} are not an array: {error}") from error
