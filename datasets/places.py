"""Where files are: first a folder of the user's, then the data store.  Only looks, never writes or downloads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from minicnn.datasets import cifar, emnist
from minicnn.datasets.catalog import RECORDS, SPLITS, Record, Split
from minicnn.errors import DataError, one_line

HOME_VARIABLE = "MINICNN_DATA_HOME"
UNPACKED_FOLDERS = {"emnist": "gzip", "cifar": "cifar-10-batches-bin"}  # created by unpacking an archive in place


def data_home() -> Path:
    """The folder of downloaded data: MINICNN_DATA_HOME, or minicnn/data in the user's cache folder.

    Raises
    ------
    DataError
        If the user has no home folder and the variable is not set.
    """
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    try:
        if sys.platform == "darwin":
            cache = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise DataError(f"there is no home folder for downloaded data: set {HOME_VARIABLE} to a folder") from error
    return cache / "minicnn" / "data"


def wanted_files(record: Record, split: Split) -> tuple[tuple[str, ...], ...]:
    """The sets of files that can serve a split, best first; all of a set are needed."""
    if record.origin == "idx":
        images, labels = record.files[:2] if split == "train" else record.files[2:]
        return ((images.name, labels.name),)
    if record.origin == "emnist":
        return (emnist.ARCHIVE_NAME,), emnist.member_names(record.name.removeprefix("emnist-"), split)
    if record.origin == "cifar":
        return (cifar.ARCHIVE_NAME,), cifar.BATCHES[split]
    return ()


def spellings(name: str) -> tuple[str, ...]:
    """Possible names of a file: as published, unpacked, packed, or with the dot that old unpackers wrote."""
    plain = name.removesuffix(".gz")
    return name, plain, f"{plain}.gz", plain.replace("-idx", ".idx")


def check_folder(folder: str | Path) -> Path:
    """Raise DataError if the user's folder is missing; return it as a path."""
    try:
        path = Path(folder).expanduser()
        there, is_folder = path.exists(), path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, an unknown user's home, a zero byte
        raise DataError(f"there is no folder {one_line(str(folder))}: {getattr(error, 'strerror', None) or error}") from error
    if not there:
        raise DataError(f"there is no folder {path}")
    if not is_folder:
        raise DataError(f"{path} is a file, expected a folder")
    return path


def search_folders(record: Record, folder: str | Path | None) -> Iterator[tuple[Path, bool]]:
    """Folders to search, in order, and whether each belongs to the data store."""
    roots: list[tuple[Path, bool]] = []
    if folder is not None:
        given = check_folder(folder)
        roots = [(given / record.name, False), (given / record.home, False), (given, False)]
        if record.torchvision:  # its ROOT, or the folder of the data set there
            roots[2:2] = [(given / record.torchvision / "raw", False)]
            if given.name == record.torchvision:
                roots[2:2] = [(given / "raw", False)]
    for root, stored in [*roots, (data_home() / record.home, True)]:
        yield root, stored
        if record.origin in UNPACKED_FOLDERS:
            yield root / UNPACKED_FOLDERS[record.origin], stored


def find(record: Record, split: Split, folder: str | Path | None = None) -> tuple[Path, ...]:
    """The files that serve a split: one of the sets of `wanted_files`, all from one folder.

    Raises
    ------
    DataError
        If the user's folder is not there, holds only part of a set or another data set's files; if a stored file has the wrong
        size; or if nothing is found: the message says where it looked.
    """
    looked: list[str] = []
    for place, stored in search_folders(record, folder):
        if str(place) in looked:
            continue
        looked.append(str(place))
        for wanted in wanted_files(record, split):
            paths = [next((place / each for each in spellings(name) if (place / each).is_file()), None) for name in wanted]
            present = tuple(path for path in paths if path is not None)
            if len(present) == len(wanted):
                for path in present:
                    _check_size(record, path, stored)
                return present
            if present and not stored:
                missing = wanted[paths.index(None)]
                raise DataError(f"{place} holds {present[0].name}, but not {missing}")
    size = f"{record.download_bytes / 1e6:,.1f} MB"
    raise DataError(
        f"{record.name} ({split}) is not here: run 'minicnn data get {record.name}' to download {size}\n"
        f"  looked for  {' and '.join(wanted_files(record, split)[0])}\n" + "\n".join(f"  in          {place}" for place in looked)
    )


def _check_size(record: Record, path: Path, stored: bool) -> None:
    """Check that a file in the store has its published size, and that a user's file is not another data set's of the same name."""
    size = path.stat().st_size
    known = next((file for file in record.files if file.name == path.name), None)
    if known is None or size == known.size_bytes:
        return
    if stored:
        raise DataError(
            f"{path.name} of {record.name} is not the file we know: it has {size:,} bytes, expected {known.size_bytes:,}\n"
            f"  {path}\n  run 'minicnn data get {record.name}' to replace it"
        )
    for other in RECORDS.values():
        if any(file.name == path.name and file.size_bytes == size for file in other.files):
            raise DataError(
                f"{path} belongs to {other.name}, not {record.name}: it has {size:,} bytes, expected {known.size_bytes:,}\n"
                f"  put the files of {record.name} into {path.parent / record.name}"
            )


def whereabouts(record: Record, folder: str | Path | None = None) -> str:
    """Where a data set is: "embedded", "generated", the folder that holds both splits, or "" if missing."""
    if not record.files:
        return record.origin
    try:
        train, _ = (find(record, split, folder) for split in SPLITS)
    except DataError:
        return ""
    return str(train[0].parent)
