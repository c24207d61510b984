"""A file being downloaded: a partial file under another name, and how to tell that it is complete."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from minicnn.datasets.catalog import RemoteFile
from minicnn.errors import DataError

CHUNK_BYTES = 1 << 16


def open_part(part: Path) -> BinaryIO:
    """The part file, created if missing, and never through a link: it may be in a folder that others can write to.

    Raises
    ------
    DataError
        If something other than a file has its name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if part.is_symlink():
        raise DataError(f"{part.name} is a symbolic link, and not followed\n  remove it: {part}")
    descriptor = os.open(part, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError(f"{part.name} is not a file\n  remove it: {part}")
    return os.fdopen(descriptor, "r+b")


def held_bytes(path: Path) -> int:
    """Size of a part file in bytes, 0 if there is none; of a link, its own size, not its target's."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether the published file lies under its own name; a link to it will do."""
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    running = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            running.update(chunk)
    return running.hexdigest() == file.sha256


def sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, if the system allows a folder to be synchronised."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
