"""Which data set a verb means: the one named, else the one in the given folder, else its default."""

from __future__ import annotations

import os
from pathlib import Path

from minicnn.datasets import Dataset, catalog, load, places
from minicnn.datasets.loading import path_of
from minicnn.errors import DataError, one_line, quoted

MOST_CLASSES = 12  # that are named before a run


def data_name(given: str | None, folder: str | None, default: str) -> str:
    """The name of the data set, or the whole path of a folder of pictures or a file; with a folder but no name, the folder must
    hold only one.

    Raises
    ------
    DataError
        If the folder is missing, or holds no known data set, or several.
    """
    if given and (path := path_of(given)) is not None:
        whole = os.path.abspath(path)
        if not whole.isprintable():  # a run records it
            raise DataError(f"{quoted(whole)} has characters in its name that cannot be printed: give it another one")
        return whole
    if given or folder is None:
        return given or default
    if catalog.record(default).files:
        return default  # searched there first
    held = held_in(folder)
    if len(held) == 1:
        return held[0]
    if held:
        raise DataError(f"{folder} holds {', '.join(held)}: which one?\n  as in: --data {held[0]}")
    raise DataError(
        f"{folder} holds no known data set"
        f"\n  without --data-dir it is {default}, which is {catalog.record(default).origin}"
        f"\n  'minicnn data list --data-dir {folder}' shows what is found where"
    )


def held_in(folder: str) -> list[str]:
    """The data sets whose files are in a folder."""
    root = places.check_folder(folder).absolute()
    found = ((name, places.whereabouts(record, root)) for name, record in catalog.RECORDS.items() if record.files)
    return [name for name, where in found if where and root in (Path(where), *Path(where).parents)]


def load_both(name: str, folder: str | None, image_shape: tuple[int | None, ...]) -> tuple[Dataset, Dataset]:
    """Images for training and for testing; the pictures of a folder are brought to the size of a network's input."""
    size = image_shape[1:] if len(image_shape) == 3 and all(image_shape) else None
    train, test = (load(name, split, folder, size) for split in catalog.SPLITS)  # type: ignore[arg-type]
    return train, test


def short_name(name: str) -> str:
    """A data set's name as a part of a folder's: the last part of a path, without its ending."""
    return name if name in catalog.RECORDS else Path(name).stem or "data"


def overview(train: Dataset, test: Dataset) -> str:
    """One line about a user's own data: the classes in the order of their numbers, and how many images there are."""
    shown = [one_line(name) for name in train.classes[:MOST_CLASSES]]
    more = f", ... ({len(train.classes)})" if len(train.classes) > MOST_CLASSES else ""
    shape = "x".join(map(str, train.input_shape))
    return f"{train.name}: {len(train):,} images {shape} for training, {len(test):,} for testing; classes {', '.join(shown)}{more}"
