"""One thread at a time: the thread inside may enter again, others get an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from minicnn.errors import SettingError
from minicnn.locks import new_lock


class Turns:
    """Guards an object that belongs to one thread."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._keeper: threading.Thread | None = None  # the thread whose stream of records is suspended

    @contextmanager
    def turn(self) -> Iterator[None]:
        """No other thread may enter the block; a SettingError if one is inside, or has an open stream of records."""
        if not self._lock.acquire(blocking=False):
            raise _busy()
        try:
            if self._keeper not in (None, threading.current_thread()) and self._keeper.is_alive():  # type: ignore[union-attr]
                raise _busy()
            yield
        finally:
            self._lock.release()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """No other thread may enter between the turns of the block either."""
        with self.turn():
            self._keeper = threading.current_thread()
        try:
            yield
        finally:
            self._keeper = None


def _busy() -> SettingError:
    return SettingError("another thread is using this Trainer, and one Trainer belongs to one thread\n  make a Trainer for each thread")
