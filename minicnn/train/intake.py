"""What enters training: checked on entry, and kept as checked.

Compiled code reads images and labels by their addresses and trusts every number, so nothing that a user can still change may reach
it: labels are copied; few images are copied, many stay where they are and are checked again before each run.
"""

from __future__ import annotations

import mmap
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from minicnn.datasets import Dataset, as_images, from_arrays
from minicnn.errors import DataError, SettingError, ShapeError
from minicnn.losses.base import BOXES, NUMBERS, Loss
from minicnn.losses.targets import checked_targets
from minicnn.preparation import BYTES, Preparation, with_channels

if TYPE_CHECKING:
    from minicnn.network import Graph

PAIR = "arrays"  # the origin of a Dataset made from a pair
COPY_BYTES = 1 << 24  # images up to this size are copied, which takes some milliseconds; the 47 MB of MNIST would take 2 % of four epochs


Data = Dataset | tuple[ArrayLike, ArrayLike]  # images and labels


def as_dataset(where: str, data: Data, net: Graph, loss: Loss) -> Dataset:
    """A checked Dataset with a copy of the labels, from a Dataset or a pair (images, labels).

    A pair may hold any array, list or tensor, labels that the loss can compare outputs with (integer classes of any width, masks,
    numbers), and images (N, *space) for a network of one channel; its classes are called "0", "1", ...

    Raises
    ------
    DataError
        If it is neither, if types, shapes or label values do not fit, or if the network has fewer classes.
    """
    if isinstance(data, Dataset):  # perhaps changed since it was made: every attribute is read once
        try:  # views, whose shape and type no one else can change
            images, labels = np.asarray(data.images)[...], np.asarray(data.labels)[...]
        except (ValueError, TypeError) as error:
            raise DataError(f"{data.name}: images or labels are not an array: {error}") from error
        check_file(data.name, images)
        check_file(data.name, labels)
        checked = Dataset(images, labels, data.classes, data.name, data.split, data.mean, data.std, data.origin, data.target)
    elif isinstance(data, (tuple, list)) and len(data) == 2:
        images, given = as_images(where, data[0])[...], data[1]
        check_file(where, images)
        if isinstance(given, np.ndarray):
            check_file(where, given)
        target = BOXES if BOXES in loss.targets else ""
        checked = replace(from_arrays(with_channels(images, net.input_shape), given, name=where, target=target), origin=PAIR)
    else:
        raise DataError(
            f"{where} is {type(data).__name__}, but must be a Dataset, or a pair of images and labels"
            f"\n  as in datasets.load('digits'), or (images, labels)"
        )
    known = loss.classes(net.output_shape)
    named = checked.class_counts.nonzero()[0]
    if checked.target != NUMBERS and len(checked.classes) > known and int(named[named != loss.ignored].max(initial=0)) >= known:
        if known != net.output_shape[0]:
            raise DataError(
                f"{checked.name} has {len(checked.classes)} classes, but {loss.kind()} compares with {known}: labels 0 to {known - 1}"
                f"\n  use SoftmaxCrossEntropy, which takes any number of classes"
            )
        raise DataError(
            f"{checked.name} has {len(checked.classes)} classes, but {net.name} has {known} outputs"
            f"\n  build it with classes={len(checked.classes)}"
        )
    try:
        labels = checked_targets(checked.name, checked.labels, len(checked), loss, net.name, net.output_shape)
    except (SettingError, ShapeError) as error:
        raise DataError(str(error)) from error
    labels.setflags(write=False)
    object.__setattr__(checked, "labels", labels)
    return checked


def class_names(data: Dataset, count: int) -> tuple[str, ...]:
    """The names of `count` classes: those of the data, then numbers."""
    return (*map(str, data.classes), *(str(k) for k in range(len(data.classes), count)))[:count]


class Held:
    """Images ready for the engine, in memory that stays valid, with their labels.

    name : of the data set
    labels : (N,) int64, or another target of the loss, read-only
    weights : (N,) float64
        What a mean of the loss over images divides by.
    answers : (N,) int64
        How many answers each image asks for.
    """

    def __init__(self, data: Dataset, preparation: Preparation, loss: Loss) -> None:
        self.name, self.labels = data.name, data.labels
        self.weights, self.answers = loss.weights(data.labels), loss.answers(data.labels)
        images = data.images
        if (images.dtype == np.uint8) != (preparation.unit == BYTES):
            images = preparation.on_scale(images, f"{data.name}: the array of images", "the network was trained on other data")
        self._images = preparation.images(images, data.name)
        self._root: np.ndarray | None = None
        if not np.may_share_memory(self._images, data.images):
            return
        root = _root(self._images)
        if self._images.nbytes <= COPY_BYTES or root is None:
            self._images = self._images.copy()
        else:
            self._images = self._images[:]  # a view, so that its shape and type stay
            self._root, self._place = root, (root.ctypes.data, root.nbytes)
            self._pin = weakref.ref(root)  # NumPy refuses to resize an array that has a weak reference

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images(self) -> np.ndarray:
        """(N, C, *space) uint8 or float32, C-contiguous; a DataError if their memory was replaced."""
        if self._root is not None:
            if (self._root.ctypes.data, self._root.nbytes) != self._place:
                raise DataError(f"{self.name}: the array of images was given other memory while in use")
            check_file(self.name, self._root)
        return self._images


def check_file(where: str, array: np.ndarray) -> None:
    """A DataError if an array is mapped from a file that is now too short for it: reading it would kill the process."""
    root = _root(array)
    if root is None or not isinstance(root.base, mmap.mmap):
        return
    wanted = root.offset + root.nbytes if isinstance(root, np.memmap) else len(root.base)
    try:
        there = root.base.size()
    except (OSError, ValueError):  # memory without a file
        return
    if there < wanted:
        raise DataError(f"{where}: the file behind the array was cut short: {there:,} of {wanted:,} bytes are left")


def _root(array: np.ndarray) -> np.ndarray | None:
    """The NumPy array that owns the memory or maps it from a file; None if something else owns it."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None or isinstance(array.base, mmap.mmap) else None
