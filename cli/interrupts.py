"""What Ctrl-C does to a run: before it trains, the process ends; then a stop is asked for, and asked again, it is forced."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

INTERRUPTED = 130  # exit status, as shells have it: 128 + SIGINT


class Interrupts:
    """Handles SIGINT within a `with`.

    Parameters
    ----------
    leave : function
        Called before the process ends at once, as long as `ask_for` was not.  The compiler runs then, and an exception raised in the
        middle of it may be swallowed by a destructor; nothing is to be saved yet.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        self._leave = leave
        self._stops: tuple[Callable[[], object], ...] = ()
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():  # signals are the main thread's
            self._before = signal.signal(signal.SIGINT, self._react)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def ask_for(self, *stops: Callable[[], object]) -> None:
        """From now on the first Ctrl-C calls these, which must not print; the second one raises KeyboardInterrupt."""
        self._stops = stops

    def _react(self, *_: object) -> None:
        if not self._stops:
            self._leave()
            os._exit(INTERRUPTED)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stop in self._stops:
            stop()
