"""One call for every data set: find its files, read them, check them, name their classes."""

from __future__ import annotations

from pathlib import Path

import numpy.typing as npt

from minicnn.datasets import catalog, cells, cifar, digit_scenes, digits, emnist, idx, mnist1d, places
from minicnn.datasets.catalog import SPLITS, Split
from minicnn.datasets.dataset import Dataset
from minicnn.datasets.files import FILES, from_file
from minicnn.datasets.folders import from_folder
from minicnn.errors import DataError, one_line


def load(name: str | Path, split: Split = "train", folder: str | Path | None = None, size: tuple[int, int] | None = None) -> Dataset:
    """Load one split of a data set; never touches the network.

    Parameters
    ----------
    name : str or path
        One of `datasets.names()`: "digits" is part of the package, "mnist1d" is generated, the others are read from files.  Or a
        folder of pictures by class (`from_folder`), or a file: .npz, .npy or .csv (`from_file`).
    split : "train" or "test"
    folder : path, optional
        Searched first, for folder/NAME/FILE and folder/FILE, raw or gzip; then the data store, which
        `minicnn data get DATA` fills: MINICNN_DATA_HOME or the user's cache folder.
    size : rows and columns of the images of a folder of pictures, optional

    Returns
    -------
    Dataset
        images (N, C, *space) uint8, or float32 for "mnist1d"; labels (N,) int64; classes.

    Raises
    ------
    DataError
        If there is no such data set, split or folder, if files are missing or damaged.
    """
    if (path := path_of(name)) is not None:
        return from_folder(path, split, size) if path.is_dir() else from_file(path, split)
    name = str(name)
    record = catalog.record(name)
    if split not in SPLITS:
        raise DataError(f"{name}: there is no split {split!r}, only {' and '.join(SPLITS)}")
    if folder is not None:
        places.check_folder(folder)
    origin: str = record.origin
    images: npt.NDArray
    labels: npt.NDArray
    if record.origin == "embedded":
        images, labels = digits.read_digits(split)
    elif name == "cells":
        images, labels = cells.read_cells(split)
    elif name == "digit-scenes":
        images, labels, origin = digit_scenes.read_digit_scenes(split, folder)
    elif record.origin == "generated":
        images, labels = mnist1d.read_mnist1d(split)
    else:
        paths = places.find(record, split, folder)
        origin = str(paths[0].parent)
        if record.origin == "idx":
            images_path, labels_path = paths
            images, labels = idx.read_images_and_labels(images_path, labels_path, class_count=len(record.classes))
            images = images[:, None]
        elif record.origin == "emnist":
            images, labels = emnist.read_emnist(paths, record.name.removeprefix("emnist-"), split)
        else:
            images, labels = cifar.read_cifar10(paths, split)
    if images.shape[1:] != record.input_shape:
        raise DataError(
            f"{name}: images are {' x '.join(map(str, images.shape[1:]))}, expected {' x '.join(map(str, record.input_shape))}"
            f"\n  read from {origin}"
        )
    return Dataset(images, labels, record.classes, name, split, record.mean, record.std, origin, record.target)


def path_of(name: str | Path) -> Path | None:
    """The folder or file that a user means by a name; None for the name of a data set.

    Raises
    ------
    DataError
        If it is neither, and looks like a path.
    """
    if name in catalog.RECORDS:
        return None
    try:
        path = Path(name).expanduser()
        if path.is_dir() or path.is_file():
            return path
    except (OSError, RuntimeError, ValueError):  # too long, an unknown user's home, a zero byte: it is no path
        return None
    if isinstance(name, Path) or len(path.parts) > 1 or path.suffix in FILES:
        raise DataError(f"there is no file or folder {one_line(str(name))}")
    return None
