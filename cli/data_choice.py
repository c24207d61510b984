"""Which data set a verb means: the one named, else the one in the given folder, else its default."""

from __future__ import annotations

from pathlib import Path

from minicnn.datasets import catalog, places
from minicnn.errors import DataError


def data_name(given: str | None, folder: str | None, default: str) -> str:
    """The name of the data set; with a folder but no name, the folder must hold only one.

    Raises
    ------
    DataError
        If the folder is missing, or holds no known data set, or several.
    """
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
