"""Data sets in single files of arrays: .npz as of Keras, .npy with the labels beside it, .csv as of Kaggle.

    mnist.npz                     x_train, y_train, x_test, y_test; or images, labels
    images.npy, labels.npy        or x_train.npy, y_train.npy, with x_test.npy, y_test.npy: mapped, not read whole
    train.csv                     a line an image: the label, then the pixels; with test.csv or without

Where nothing is said to be for testing, a fifth of every class is.  Nothing is unpickled.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.datasets import csv_files, npy_files
from minicnn.datasets.arrays import MOST_CLASSES, as_images
from minicnn.datasets.catalog import SPLITS, Split
from minicnn.datasets.dataset import Dataset, channel_statistics
from minicnn.datasets.splitting import TEST_FRACTION, held_out_rows, natural_order
from minicnn.errors import DataError, one_line

MAPPED_BYTES = 1 << 30  # of a mapped array: from here on, images for testing are the last ones, because choosing others would read all
STATISTICS_IMAGES = 1 << 16  # of a mapped array: mean and std are those of so many, evenly spread

Arrays = npt.NDArray[Any]


class Part(NamedTuple):
    """Images and labels as a file holds them."""

    images: Arrays
    labels: Arrays


Parts = tuple[Part, Part | None]  # for training, and for testing if the files say so


def from_file(path: str | Path, split: Split = "train", test_fraction: float = TEST_FRACTION, seed: int = 0) -> Dataset:
    """A data set in a file of arrays.

    Parameters
    ----------
    path : a file .npz, .npy or .csv
        Images (N, rows, columns), (N, channels, rows, columns), (N, rows, columns, 1 or 3), or (N, length) for signals; lines of
        a CSV with a square number of pixels are square images.  Integers from 0 to 255 or booleans become uint8, other numbers float32.
        Labels: integers, whole floats, a row with a single 1 for each image, or words.
    split : "train" or "test"
    test_fraction, seed : where nothing is for testing, the share of every class that is, and which

    Returns
    -------
    Dataset
        `mean` and `std` of both splits are those of the training images.

    Raises
    ------
    DataError
        If the file is missing, broken, or does not hold images and labels.
    """
    path = Path(path).expanduser()
    name = one_line(path.name)
    if split not in SPLITS:
        raise DataError(f"{name}: there is no split {split!r}, only {' and '.join(SPLITS)}")
    reader = FILES.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{name} is not a file of images and labels that can be read: {', '.join(FILES)}, or a folder of pictures")
    try:
        if not path.is_file():
            raise DataError(f"there is no file {one_line(str(path))}")
        train, test = reader(path)
        return _dataset(path, name, train, test, split, test_fraction, seed)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from error
    except MemoryError:
        raise DataError(f"{name} holds more numbers than there is memory for") from None


def _dataset(path: Path, name: str, train: Part, test: Part | None, split: Split, test_fraction: float, seed: int) -> Dataset:
    images = _images(name, train.images)
    labels = [_labels(name, part.labels) for part in (train, test) if part is not None]
    for part, each in zip((train, test), labels, strict=False):
        if part is not None and len(part.images) != len(each):
            raise DataError(f"{name}: {len(part.images):,} images, but {len(each):,} labels")
    if not len(labels[0]):
        raise DataError(f"{name} holds no images")
    classes, numbers = _classes(name, labels)
    if test is not None:
        parts = {"train": (images, numbers[0]), "test": (_images(name, test.images), numbers[1])}
        if parts["test"][0].shape[1:] != images.shape[1:]:
            raise DataError(f"{name}: images for testing are {parts['test'][0].shape[1:]}, those for training {images.shape[1:]}")
    elif _mapped(images):
        border = len(images) - max(1, round(len(images) * test_fraction))
        missing = set(numbers[0].tolist()) - set(numbers[0][:border].tolist())
        if missing:
            raise DataError(
                f"{name}: class {classes[min(missing)]} is only among the last images, which are for testing"
                f"\n  put images for testing into files of their own, as in x_train.npy, y_train.npy, x_test.npy, y_test.npy"
            )
        parts = {"train": (images[:border], numbers[0][:border]), "test": (images[border:], numbers[0][border:])}
    else:
        out = held_out_rows(name, numbers[0], test_fraction, seed)
        parts = {"train": (images[~out], numbers[0][~out]), "test": (images[out], numbers[0][out])}
    known = parts["train"][0]
    step = -(-len(known) // STATISTICS_IMAGES) if _mapped(known) else 1
    mean, std = channel_statistics(known[::step])
    return Dataset(*parts[split], classes, name, split, mean, std, str(path.parent))


def _mapped(images: Arrays) -> bool:
    """Whether images are mapped from a file that is too large to be read whole."""
    root = images
    while isinstance(root.base, np.ndarray):
        root = root.base
    return images.nbytes >= MAPPED_BYTES and isinstance(root.base, mmap.mmap)


def _images(name: str, given: Arrays) -> Arrays:
    """(N, C, *space) uint8 or float32."""
    if not 2 <= given.ndim <= 5 or not given.size:
        raise DataError(f"{name}: images have the shape {given.shape}, expected (N, rows, columns), with channels or without")
    if given.dtype.kind not in "biuf":
        raise DataError(f"{name}: images are {one_line(str(given.dtype))[:40]}, expected numbers")
    array = given.astype(np.uint8) * np.uint8(255) if given.dtype.kind == "b" else given
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        least, most = int(array.min()), int(array.max())
        if least < 0 or most > 255:
            array = array.astype(np.float32)
    array = as_images(name, array)
    if array.dtype == np.float32 and not _mapped(array) and not np.isfinite(array).all():
        raise DataError(f"{name}: images hold values that are infinite or NaN")
    if array.ndim == 4 and array.shape[3] in (1, 3) and array.shape[1] not in (1, 3):  # channels last
        return array[:, None, :, :, 0] if array.shape[3] == 1 else np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    return array[:, None] if array.ndim < 4 else array


def _labels(name: str, given: Arrays) -> Arrays:
    """(N,) integers or words."""
    array = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
    kind = array.dtype.kind
    if array.ndim == 2 and kind in "biuf" and array.size and ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all():
        array = array.argmax(axis=1)
        kind = "i"
    if array.ndim != 1 or kind not in "biufUS":
        raise DataError(f"{name}: labels are {one_line(str(array.dtype))[:40]} {array.shape}, expected the class of each image, (N,)")
    if kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    if kind == "f":
        with np.errstate(invalid="ignore"):
            whole = array.astype(np.int64)
        if not np.array_equal(whole, array):
            raise DataError(f"{name}: labels are {array.dtype}, and not whole numbers: expected the class of each image")
        return whole
    return array.astype(np.int64) if kind == "b" else array


def _classes(name: str, labels: list[Arrays]) -> tuple[tuple[str, ...], list[npt.NDArray[np.int64]]]:
    """The names of the classes and the labels as indices: numbers keep their value, words are put in natural order."""
    if any(each.dtype.kind == "U" for each in labels):
        words = [each.astype(str) for each in labels]
        unique, places = np.unique(np.concatenate(words), return_inverse=True)
        if len(unique) > MOST_CLASSES:
            raise DataError(f"{name}: labels are {len(unique):,} different words, more than {MOST_CLASSES:,} classes")
        classes = natural_order(map(str, unique))
        ranks = {word: n for n, word in enumerate(classes)}
        numbers = np.array([ranks[str(word)] for word in unique], np.int64)[places.ravel()]
        return tuple(map(one_line, classes)), np.split(numbers, np.cumsum([len(each) for each in labels])[:-1])
    filled = [each for each in labels if each.size]
    least, most = min(int(each.min()) for each in filled), max(int(each.max()) for each in filled)
    if least < 0 or most >= MOST_CLASSES:
        raise DataError(f"{name}: labels run from {least} to {most}, expected 0 to {MOST_CLASSES - 1:,} at most: the class of each image")
    return tuple(map(str, range(most + 1))), [each.astype(np.int64) for each in labels]


def _read(parts: Callable[[Path], tuple[tuple[Arrays, Arrays], tuple[Arrays, Arrays] | None]]) -> Callable[[Path], Parts]:
    def read(path: Path) -> Parts:
        train, test = parts(path)
        return Part(*train), None if test is None else Part(*test)

    return read


FILES: dict[str, Callable[[Path], Parts]] = {
    ".npz": _read(npy_files.read_npz),
    ".npy": _read(npy_files.read_npy_pair),
    ".csv": _read(csv_files.read_csv),
}
