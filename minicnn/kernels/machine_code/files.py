"""Compiled kernels as files: complete or absent, and read only if nobody but this user and root can have written them.

    cache folder / generation / kernel-key.nbc

A generation is named after everything its code depends on: sources, Numba, Python, CPU.  So two versions of minicnn and two
kinds of CPU keep their code side by side.  A file holds a pickle, and the code in it runs unchecked: its digest is verified before
anything in it is read.  Nothing here ends a run: what cannot be read is compiled again, what cannot be written is not kept.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shlex
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from numba.core import config

from minicnn.errors import CacheWarning
from minicnn.kernels.machine_code.trust import CacheError, check_folder, check_owner

SUFFIX, PART = ".nbc", ".part"
MARK = b"minicnn machine code 1\n"
DIGEST_BYTES = 32
MOST_BYTES = 1 << 26  # no kernel comes near; a larger file is not read into memory
MOST_GENERATIONS = 16  # the most recently used stay
DAY_SECONDS = 86_400

_told: set[str] = set()


def cache_folder() -> Path:
    """Where machine code is kept: NUMBA_CACHE_DIR if set, else the user's cache folder.

    Raises
    ------
    CacheError
        If there is neither.
    """
    if config.CACHE_DIR:
        return Path(os.path.abspath(config.CACHE_DIR)) / "minicnn"
    given = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME")
    usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    try:
        base = Path(os.environ.get(given) or Path.home() / usual)
    except RuntimeError:
        raise CacheError("there is no home folder to keep machine code in", "set NUMBA_CACHE_DIR to a folder of your own") from None
    return Path(os.path.abspath(base)) / "minicnn" / "machine-code"


def read(path: Path) -> bytes | None:
    """What `write` wrote; None if there is nothing.

    Raises
    ------
    CacheError
        If it is damaged, cannot be read, or may have been written by somebody else.
    """
    try:
        check_folder(path.parent)
        _note_use(path.parent)
        with open(path, "rb", opener=_open_itself) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise IsADirectoryError
            check_owner(path, status)
            content = file.read() if status.st_size <= MOST_BYTES else b""
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise CacheError(f"{path} is not a file", f"rm -r {shlex.quote(str(path))}") from None
    except OSError as error:
        raise CacheError(f"{error.filename or path}: {error.strerror or error}") from error
    start = len(MARK) + DIGEST_BYTES
    payload = content[start:]
    if content[:start] != MARK + _digest(path, payload):
        raise CacheError(f"{path} is {'damaged' if status.st_size else 'empty'}")
    return payload


def write(path: Path, payload: bytes) -> None:
    """Write a file atomically.

    Raises
    ------
    CacheError
        If it cannot be written, or if somebody else owns the folder or may write to it.
    """
    with made_generation(path.parent):
        handle, part = tempfile.mkstemp(PART, ".", path.parent)
        try:
            # Not flushed to the disk: after a power failure the digest tells what is missing, and 40 flushes would slow the first start.
            with open(handle, "wb") as file:
                file.write(MARK + _digest(path, payload) + payload)
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)
            raise
    remove_unused(path.parent)


@contextmanager
def made_generation(folder: Path) -> Iterator[None]:
    """A generation's folder to write to, private to this user; nothing is created in a folder of others.

    Raises
    ------
    CacheError
        If it is not to be trusted, or if writing to it fails.
    """
    try:
        with suppress(FileNotFoundError):
            check_folder(folder)  # or at least its nearest parent
        _make(folder)
        check_folder(folder)
        yield
    except OSError as error:
        raise CacheError(f"{folder}: {error.strerror or error}", "set NUMBA_CACHE_DIR to a folder of your own with free space") from error


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(0o700, exist_ok=True)


def tell(consequence: str, error: Exception) -> None:
    """Warn, once per process for each consequence and reason."""
    reason = str(error) if isinstance(error, CacheError) else f"{type(error).__name__}: {error}".partition("\n")[0]
    if not _told & {consequence, reason}:
        with suppress(Exception):  # if warnings are errors, or stderr is closed, the work continues all the same
            warnings.warn(f"{consequence}: {reason}", CacheWarning, stacklevel=2)
    _told.update((consequence, reason))


def _digest(path: Path, payload: bytes) -> bytes:
    """Over the names as well: a file in another kernel's place is as wrong as a damaged one."""
    return hashlib.sha256(f"{path.parent.name}/{path.name}\n".encode() + payload).digest()


def _open_itself(path: str, flags: int) -> int:
    """Open the file itself, not a link's target, and do not wait for a pipe's other end."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


@functools.cache
def _note_use(generation: Path) -> None:
    with suppress(OSError):
        if time.time() - generation.stat().st_mtime > DAY_SECONDS:
            os.utime(generation)


def generations(folder: Path) -> list[Path]:
    """The generations in a cache folder, most recently used first."""
    found = [path for path in folder.iterdir() if re.fullmatch("[0-9a-f]{16}", path.name) and path.is_dir() and not path.is_symlink()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


@functools.cache
def remove_unused(current: Path) -> None:
    """Leave the generations that were used last (whoever edits kernels makes a new one each time), and no part of a killed writer.

    Once a process, when it has something to keep.
    """
    with suppress(OSError):
        others = [path for path in generations(current.parent) if path != current]
        for place, folder in enumerate((current, *others)):
            _remove_unused_files(folder, everything=place >= MOST_GENERATIONS)


def _remove_unused_files(generation: Path, everything: bool) -> None:
    with suppress(OSError):
        for path in generation.iterdir():
            abandoned = path.suffix == PART and time.time() - path.stat().st_mtime > DAY_SECONDS
            if abandoned or (everything and path.suffix in (SUFFIX, PART)):
                path.unlink(missing_ok=True)
        if everything:
            generation.rmdir()
