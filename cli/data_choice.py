"""Which data set a verb means: the one named, else the one in the given folder, else its default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from minicnn.datasets import Dataset, catalog, load, names, places
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


def of_training(run: str, trained_on: str, given: str | None, folder: str | None) -> tuple[str, str | None]:
    """(name, folder to look in) of the data for a trained network: those given, else those that it was trained on.

    run : the folder of its run, or its file
    trained_on : what its file says that it was trained on

    Raises
    ------
    DataError
        If none are given and it was trained on data that have no name.
    """
    from minicnn.train.settings import DEFAULT_DATA

    known = trained_on if trained_on in names() else recorded(run, "data")
    if not given and known is None:
        told = (
            f"{run} was converted from {trained_on}, which does not say what it was trained on"
            if is_converted(run)
            else f"{run} was trained on custom data ({trained_on!r}), which cannot be found by name"
        )
        raise DataError(f"{told}\n  use --data NAME, one of 'minicnn data list', or --data PATH, a folder of pictures or a file")
    name = data_name(given, folder, known or DEFAULT_DATA)
    return name, folder or (recorded(run, "data_dir") if recorded(run, "data") == name else None)


def recorded(run: str, setting: str) -> str | None:
    """What a run's folder says about its data or data_dir; None if RUN is no folder, or was converted."""
    from minicnn.train import RunSettings

    settings = _settings(run)
    if settings is None or is_converted(run):
        return None
    value: str | None = getattr(RunSettings.from_json(settings, run, to_train=False), setting)
    return value


def is_converted(run: str) -> bool:
    """Whether a folder like a run's holds a network of others."""
    from minicnn.train.settings import CONVERTED

    return _settings(run) == CONVERTED


def _settings(run: str) -> Any:
    from minicnn.train import RunFolder

    return RunFolder.open(run).read_description().get("settings") if os.path.isdir(os.path.expanduser(run)) else None


def held_in(folder: str) -> list[str]:
    """The data sets whose files are in a folder."""
    root = places.check_folder(folder).absolute()
    found = ((name, places.whereabouts(record, root)) for name, record in catalog.RECORDS.items() if record.files)
    return [name for name, where in found if where and root in (Path(where), *Path(where).parents)]


def load_both(name: str, folder: str | None, image_shape: tuple[int | None, ...]) -> tuple[Dataset, Dataset]:
    """Images for training and for testing; the pictures of a folder are brought to the size of a network's input."""
    size = image_shape[1:] if len(image_shape) == 3 and all(image_shape) else None
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    with Waiting(stderr_console(), f"reading {one_line(name)}"):
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
