"""Locks between processes: one downloads, the others wait; one trains in a folder, the others get an error.

The system releases a lock when its process ends, however it ends.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from minicnn.errors import DataError

POLL_SECONDS = 0.2
BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `path` within the block; the empty file stays.

    Parameters
    ----------
    path : created if missing
    on_wait : called once if another holds the lock

    Raises
    ------
    DataError
        If the file cannot be created, or its file system has no locks.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise DataError(f"{path.parent} cannot be written to: {error.strerror}") from error
    try:
        waiting = False
        while not _take(descriptor):
            if not waiting:
                waiting = True
                on_wait()
            time.sleep(POLL_SECONDS)
        yield
    except LocklessError as error:
        raise DataError(
            f"{path.parent} is on a file system without locks: {error}\n  set MINICNN_DATA_HOME to a folder on a local disk"
        ) from error
    finally:
        os.close(descriptor)  # which releases the lock


class LocklessError(Exception):
    """The file system has no locks."""


class Lock:
    """A lock taken without waiting: by `take`, released by `release` or when nothing refers to it.  Its file is removed with it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor, self._process = path, descriptor, os.getpid()

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """The lock, or None if another holds it.

        Raises
        ------
        OSError
            If the file cannot be created.
        LocklessError
            If its file system has no locks.
        """
        while True:
            descriptor = _open(path)
            try:
                taken = _take(descriptor)
                if taken and _is_the_file(descriptor, path):
                    return cls(path, descriptor)
            except LocklessError:
                with suppress(OSError):
                    path.unlink()
                os.close(descriptor)
                raise
            os.close(descriptor)
            if not taken:
                return None  # otherwise its last holder has just removed the file

    def release(self) -> None:
        """Release it; a second call does nothing."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        mine = self._process == os.getpid()  # not in a child, which has only inherited it
        if mine:
            with suppress(OSError):
                self._path.unlink()
        os.close(descriptor)
        if mine and sys.platform == "win32":  # on systems where an open file cannot be removed
            with suppress(OSError):
                self._path.unlink()

    __del__ = release


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _is_the_file(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one under this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _take(descriptor: int) -> bool:
    """Take the lock without waiting; False if another holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in BUSY:
            return False
        raise LocklessError(error.strerror) from error
    return True
