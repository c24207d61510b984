"""Runs that differ in their seed alone, in one folder: DIR/seed-0, DIR/seed-1, ..."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from minicnn.errors import CheckpointError
from minicnn.train.run_folder import RUN, RunFolder

SEED = re.compile(r"seed-(0|[1-9]\d{0,9})")


def seed_folder(folder: str | Path, seed: int) -> Path:
    """Where the run of a seed is."""
    return Path(folder) / f"seed-{seed}"


def seeds(folder: str | Path) -> list[int]:
    """The seeds that have begun a run in a folder, from the lowest."""
    found = []
    with suppress(OSError):
        found = [int(match[1]) for match in map(SEED.fullmatch, os.listdir(folder)) if match]
    return sorted(seed for seed in found if (seed_folder(folder, seed) / RUN).is_file())


def members(path: str | Path) -> tuple[Path, ...]:
    """The runs that a path means: itself, or those of all seeds in it.

    Raises
    ------
    CheckpointError
        If there is no run.
    """
    folder = Path(path).expanduser()
    if not (folder / RUN).is_file() and (known := seeds(folder)):
        return tuple(seed_folder(folder, seed) for seed in known)
    return (RunFolder.open(folder).path,)


def make_set(path: str | Path) -> Path:
    """A folder for the runs of several seeds, created if missing.

    Raises
    ------
    CheckpointError
        If it already holds a run, or runs, or cannot be created.
    """
    folder = Path(path).expanduser()
    if (folder / RUN).is_file():
        raise CheckpointError(f"{folder} already holds a run\n  choose another folder for the runs of several seeds")
    if known := seeds(folder):
        raise CheckpointError(
            f"{folder} already holds the runs of {len(known)} seeds\n  continue them: minicnn train --repeat {len(known)} --resume {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    return folder
