"""A folder of pictures by class as a data set: one folder a class, its pictures at any depth below it.

    pictures/cat/1.jpg, pictures/dog/2.png               a fifth of every class is for testing
    pictures/train/cat/1.jpg, pictures/test/cat/2.png    or test pictures lie in a folder test (or val)

Hidden files and folders, and files without the ending of a picture, are not looked at.  A picture that cannot be read is left out,
with a warning that names it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minicnn.datasets import decoded, places
from minicnn.datasets.catalog import SPLITS, Split
from minicnn.datasets.dataset import Dataset, channel_statistics
from minicnn.datasets.splitting import TEST_FRACTION, held_out_rows, natural_order
from minicnn.errors import DataError, MinicnnWarning, one_line

ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
TEST_NAMES = ("test", "val", "valid", "validation")
LEFT_OUT = ("__MACOSX",)
MOST_NAMED = 3  # pictures that cannot be read


class Entry(NamedTuple):
    """A picture's file, relative to the folder, its class, and whether it is for testing."""

    name: str
    label: int
    test: bool


def from_folder(
    path: str | Path,
    split: Split = "train",
    size: tuple[int, int] | None = None,
    test_fraction: float = TEST_FRACTION,
    seed: int = 0,
) -> Dataset:
    """The pictures of a folder, one folder a class: classes in the order 2, 10, cat.

    Parameters
    ----------
    path : the folder, with a folder for each class, or with train/ and test/ (or val/) that have them
    split : "train" or "test"
    size : rows and columns, optional
        By default the median of the pictures' rows and of their columns, at most 256.  A picture of another size is scaled, its
        shape kept, so that it covers that size, and cut in its middle.
    test_fraction, seed : without a folder test/, the share of every class that is for testing, and which

    Returns
    -------
    Dataset
        images (N, 1, rows, columns) uint8 if all pictures are grey, else (N, 3, rows, columns), mapped from a cache of decoded
        pictures in the data store; `mean` and `std` of both splits are those of the training pictures.

    Raises
    ------
    DataError
        If the folder is missing or has no pictures by class, or none that can be read, or if reading them needs Pillow.

    Warns
    -----
    MinicnnWarning
        For pictures that cannot be read, and classes without pictures.
    """
    root = places.check_folder(path)
    if split not in SPLITS:
        raise DataError(f"{root}: there is no split {split!r}, only {' and '.join(SPLITS)}")
    if not 0 < test_fraction < 1:
        raise DataError(f"{root}: test_fraction is {test_fraction!r}, but must be above 0 and below 1")
    try:
        classes, entries = _listed(root, test_fraction, seed)
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror or error}") from error
    name = f"{root.resolve().name or root}/"
    entries.sort(key=lambda entry: entry.test)  # so that each split is one slice of the images
    found = decoded.decode(root, [entry.name for entry in entries], size)
    _warn_of(found.faults, name)
    kept = [entries[n] for n in found.rows]
    border = sum(not entry.test for entry in kept)
    rows = slice(0, border) if split == "train" else slice(border, None)
    if not border or not len(kept[rows]):
        raise DataError(
            f"{name}: none of the {split if border else 'train'} pictures can be read\n  {next(iter(found.faults), '')}".rstrip()
        )
    mean, std = channel_statistics(found.images[:border])
    labels = np.array([entry.label for entry in kept[rows]], np.int64)
    return Dataset(found.images[rows], labels, tuple(classes), name, split, mean, std, str(root))


def _listed(root: Path, test_fraction: float, seed: int) -> tuple[list[str], list[Entry]]:
    """The classes in order, and every picture."""
    inner = {name.lower(): name for name in _folders(root)}
    train = inner.get("train")
    test = next((inner[name] for name in TEST_NAMES if name in inner), None)
    by_split = train is not None and any(_folders(root / train))
    top = root / train if by_split and train else root
    names = natural_order(_folders(top))
    pictures = {name: [f"{top.name}/{each}" if by_split else each for each in _pictures(top, name)] for name in names}
    classes = [name for name in names if pictures[name]]
    for name in names:
        if not pictures[name]:
            warnings.warn(f"{one_line(name)}/ holds no pictures: the class is left out", MinicnnWarning, stacklevel=4)
    if not classes:
        hint = "\n  its pictures must lie in a folder for each class" if any(_pictures(top.parent, top.name)) else ""
        raise DataError(f"{root} holds no pictures in a folder for each class, as in {root / 'cat' / '1.png'}{hint}")
    listed = [(each, label) for label, name in enumerate(classes) for each in pictures[name]]
    if not by_split or test is None:
        chosen = held_out_rows(str(root), [label for _, label in listed], test_fraction, seed)
        return classes, [Entry(each, label, bool(out)) for (each, label), out in zip(listed, chosen, strict=True)]
    entries = [Entry(each, label, False) for each, label in listed]
    for name in natural_order(_folders(root / test)):
        found = [f"{test}/{each}" for each in _pictures(root / test, name)]
        if found and name not in classes:
            raise DataError(
                f"{root / test} has the class {one_line(name)}, but {top} has not\n  there are {', '.join(map(one_line, classes))}"
            )
        entries += [Entry(each, classes.index(name), True) for each in found]
    return classes, entries


def _folders(root: Path) -> list[str]:
    with os.scandir(root) as found:
        return [each.name for each in found if each.is_dir() and not _hidden(each.name)]


def _pictures(root: Path, name: str) -> list[str]:
    """Pictures at any depth below root/name, relative to root, in order."""
    return natural_order(_walked(root, name))


def _walked(root: Path, name: str) -> Iterator[str]:
    for folder, inner, files in os.walk(root / name):
        inner[:] = [each for each in inner if not _hidden(each)]
        for each in files:
            if not _hidden(each) and each.lower().endswith(ENDINGS):
                yield (Path(folder) / each).relative_to(root).as_posix()


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in LEFT_OUT


def _warn_of(faults: list[str], name: str) -> None:
    for fault in faults[:MOST_NAMED]:
        warnings.warn(f"left out: {fault}", MinicnnWarning, stacklevel=3)
    if len(faults) > MOST_NAMED:
        warnings.warn(f"left out: {len(faults) - MOST_NAMED:,} more pictures of {name} that cannot be read", MinicnnWarning, stacklevel=3)
