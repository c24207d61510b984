"""One thread at a time: who is inside may come in again, another is turned away with an error."""

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
        self._keeper: threading.Thread | None = None  # whose stream of records waits for its next

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Within it no other thread comes in; a SettingError if one is inside, or keeps a stream of records."""
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
        """Between the turns within it no other thread comes in either."""
        with self.turn():
            self._keeper = threading.current_thread()
        try:
            yield
        finally:
            self._keeper = None


def _busy() -> SettingError:
    return SettingError("another thread is using this Trainer, and one Trainer belongs to one thread\n  make a Trainer for each thread")
