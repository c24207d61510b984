"""The three streams of a program, as it may find them: closed, full, or with nobody at the other end.

What cannot be written to standard output is an error, reported once; what cannot be written to standard error is lost, and no reason
to lose the results as well.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

UNWRITABLE = "cannot write to standard output"


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
        if handle == 1:  # can be opened, but not be written to: it fails as a closed one does
            readable = os.open(os.devnull, os.O_RDONLY)
            os.dup2(readable, 1)
            os.close(readable)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 as long as the program
        elif handle == 2:
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    os.close(handle)
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Forgiving(sys.stderr.buffer, sys.stderr.encoding, sys.stderr.errors, line_buffering=True)


def finish_stdout() -> str | None:
    """Bring everything to standard output; what went wrong, in words, unless it is that nobody reads.

    What cannot be written goes nowhere then: Python would try again at its end, and complain in its own way.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None if isinstance(error, BrokenPipeError) else explained(error)
    return None


def explained(error: OSError) -> str:
    """What the system refused: a file by its name, a stream, or in its own words."""
    if error.errno is None:
        return str(error)
    return f"{UNWRITABLE if error.filename is None else error.filename}: {error.strerror}"
