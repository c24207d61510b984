"""Whether only this user and root can have put machine code where it lies: it is run unchecked, so that of others is not even read."""

from __future__ import annotations

import functools
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

ROOT = 0


class CacheError(Exception):
    """Why a file or folder of the cache is not used, and what a user can do about it ("" if it mends itself)."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(f"{reason}; {fix}" if fix else reason)
        self.reason = reason
        self.fix = fix


class DistrustError(CacheError):
    """It belongs to somebody else, or others may write to it."""


@functools.cache
def check_folder(folder: Path) -> None:
    """See that a generation lies where no other user (root aside) can have put anything; once a process for each.

    Folders further up may well be shared: what others put there in place of ours is theirs, or a link of theirs.

    Raises
    ------
    CacheError
        If it does not.
    OSError
        If it cannot be looked at; FileNotFoundError if it is not there.
    """
    above = folder.parent
    status = above.stat()
    for link in _links(above):
        check_owner(link, link.lstat())
    check_owner(above, status)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise CacheError(f"{folder} is not a folder", f"rm {shlex.quote(str(folder))}")
    check_owner(folder, status)


def _links(path: Path) -> Iterator[Path]:
    """Every symbolic link that is followed on the way to a path that exists."""
    for step in (*reversed(path.parents), path):
        if step.is_symlink():
            yield step
            yield from _links(step.parent.resolve() / step.readlink())


def check_owner(path: Path, status: os.stat_result) -> None:
    """See that only this user and root can have written something.

    Raises
    ------
    DistrustError
        If others can.
    """
    if not hasattr(os, "geteuid"):  # Windows: the user's own folders are closed to others
        return
    if status.st_uid not in (ROOT, os.geteuid()):
        raise DistrustError(
            f"{path} belongs to user {status.st_uid}", f"set NUMBA_CACHE_DIR to a folder of your own, or rm -r {shlex.quote(str(path))}"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISLNK(status.st_mode):
        raise DistrustError(f"others may write to {path}", f"chmod -R go-w {shlex.quote(str(path))}")
