"""Locks that are open in a forked process.

A fork copies a lock in its current state, but not the thread that holds it: the copy would stay locked for ever.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from minicnn.errors import DeviceError

_made: weakref.WeakSet[Any] = weakref.WeakSet()


def new_lock() -> Any:
    """A lock that its holder may take again (`threading.RLock`), and that is free in a forked child."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


def refuse_holder(lock: Any) -> None:
    """A DeviceError if this thread holds the lock: then a signal handler has interrupted what the lock protects, and would corrupt it."""
    if lock._is_owned():
        raise DeviceError(
            "a signal handler cannot compute while the thread it interrupted is computing\n  set a flag in it, and compute afterwards"
        )


def _open_all() -> None:
    for lock in _made:
        if not lock._is_owned():  # the forking thread still releases what it holds
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
