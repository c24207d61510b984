"""One call for every data set: find its files, read them, check them, name their classes."""

from __future__ import annotations

from pathlib import Path

import numpy.typing as npt

from minicnn.datasets import catalog, cifar, digits, emnist, idx, mnist1d, places
from minicnn.datasets.catalog import SPLITS, Split
from minicnn.datasets.dataset import Dataset
from minicnn.errors import DataError


def load(name: str, split: Split = "train", folder: str | Path | None = None) -> Dataset:
    """Load one split of a data set; never touches the network.

    Parameters
    ----------
    name : str
        One of `datasets.names()`.  "digits" is part of the package, "mnist1d" is generated; the others are read from files.
    split : "train" or "test"
    folder : path, optional
        Searched first, for folder/NAME/FILE and folder/FILE, raw or gzip; then the data store, which
        `minicnn data get NAME` fills: MINICNN_DATA_HOME or the user's cache folder.

    Returns
    -------
    Dataset
        images (N, C, *space) uint8, or float32 for "mnist1d"; labels (N,) int64; classes.

    Raises
    ------
    DataError
        If there is no such data set, split or folder, if files are missing or damaged.
    """
    record = catalog.record(name)
    if split not in SPLITS:
        raise DataError(f"{name}: there is no split {split!r}, only {' and '.join(SPLITS)}")
    if folder is not None:
        places.check_folder(folder)
    origin: str = record.origin
    images: npt.NDArray
    if record.origin == "embedded":
        images, labels = digits.read_digits(split)
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
    return Dataset(images, labels, record.classes, name, split, record.mean, record.std, origin)
