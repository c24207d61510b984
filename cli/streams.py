"""The three streams of a program, as it may find them: closed, full, or with nobody at the other end.

What cannot be written to standard output is an error, reported once; what cannot be written to standard error is lost, and no reason
to lose the results as well.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress


class Forgiving(io.TextIOWrapper):
    """Standard error: goes on when it cannot be written to."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Put something in the place of closed streams, before a file of ours is opened there and takes the streams' words for its own."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        if handle == 1:   # can be opened and not be written to: as a closed one, it fails
            os.dup2(os.open(os.devnull, os.O_RDONLY), 1)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)   # noqa: SIM115 as long as the program
        elif handle == 2:
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)   # noqa: SIM115
    os.close(handle)
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        old = sys.stderr
        sys.stderr = Forgiving(old.buffer, old.encoding, old.errors, line_buffering=True)
        sys.stderr.mode = "w"   # type: ignore[attr-defined]   # as the old one has


def flush() -> None:
    """Bring everything to standard output now, where an error can still be reported."""
    sys.stdout.flush()


def give_up_stdout() -> None:
    """Let what is left for standard output go nowhere: Python would try again at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
