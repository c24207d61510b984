"""What Ctrl-C does to a run: before training the process ends; then a stop is requested, and the second time forced."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

INTERRUPTED = 130  # exit status, as in shells: 128 + SIGINT


def ignore_at_exit() -> None:
    """When the process ends by itself, all has been written: Ctrl-C in its last milliseconds changes neither status nor output."""
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


class Interrupts:
    """Handles SIGINT within a `with`.

    Parameters
    ----------
    leave : function
        Called before the process ends at once, until `ask_for` is called.  The compiler runs then, and an exception raised in it
        may be swallowed by a destructor; there is nothing to save yet.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._stops: tuple[Callable[[], object], ...] = ()
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():  # only the main thread gets signals
            self._before = signal.signal(signal.SIGINT, self._react)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def ask_for(self, *stops: Callable[[], object]) -> None:
        """From now on the first Ctrl-C calls these, which must not print; the second raises KeyboardInterrupt."""
        self._stops = stops

    def _react(self, *_: object) -> None:
        if not self._stops:
            self._leave()
            os._exit(INTERRUPTED)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stop in self._stops:
            stop()
