"""A lock between processes: one downloads, the others wait.  The system frees it when its process ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from minicnn.errors import DataError

POLL_SECONDS = 0.2
BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file `path` during the block; the empty file stays.

    Parameters
    ----------
    path : created where it is missing
    on_wait : called once if another holds the lock

    Raises
    ------
    DataError
        If the file cannot be created, or its file system has no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise DataError(f"{path.parent} cannot be written to: {error.strerror}") from error
    try:
        waiting = False
        while not _take(descriptor, path):
            if not waiting:
                waiting = True
                on_wait()
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)   # and with it the lock


def _take(descriptor: int, path: Path) -> bool:
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
        raise DataError(f"{path.parent} is on a file system without locks: {error.strerror}"
                        f"\n  set MINICNN_DATA_HOME to a folder on a local disk") from error
    return True
