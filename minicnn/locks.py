"""Locks that a forked process finds open.

A fork copies a lock as it stands, but not the thread that holds it: the copy would stay closed for ever.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from minicnn.errors import DeviceError

_made: weakref.WeakSet[Any] = weakref.WeakSet()


def new_lock() -> Any:
    """A lock that its holder may take again (`threading.RLock`), and that is open in a forked child."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


def refuse_holder(lock: Any) -> None:
    """A DeviceError if this thread holds the lock: then a signal's handler interrupted what the lock protects, and would disturb it."""
    if lock._is_owned():
        raise DeviceError(
            "a handler of a signal cannot compute while the thread that it interrupts does\n  let it set a flag, and compute afterwards"
        )


def _open_all() -> None:
    for lock in _made:
        if not lock._is_owned():  # what the forking thread holds, it goes on to release
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
