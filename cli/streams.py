"""The three standard streams, which may be closed, full, or without a reader.

A failing write to standard output is an error, reported once; output lost on standard error is no reason to lose the results as
well.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

UNWRITABLE = "cannot write to standard output"


class Forgiving(io.TextIOWrapper):
    """Standard error that ignores failing writes."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Replace closed streams, before a file is opened under their number and receives their output."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        if handle == 1:  # can be opened but not written to: it fails as a closed one does
            readable = os.open(os.devnull, os.O_RDONLY)
            os.dup2(readable, 1)
            os.close(readable)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 open as long as the program
        elif handle == 2:
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    os.close(handle)
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Forgiving(sys.stderr.buffer, sys.stderr.encoding, sys.stderr.errors, line_buffering=True)


def silence() -> None:
    """Say nothing from now on: another process of the same command does."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 open as long as the program


def finish_stdout() -> str | None:
    """Flush standard output; returns the error as text, unless the reader has gone.

    What cannot be written is then dropped: otherwise Python would try again at exit, and complain in its own way.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None if isinstance(error, BrokenPipeError) else explained(error)
    return None


def explained(error: OSError) -> str:
    """What the system refused: a file by its name, or a stream."""
    if error.errno is None:
        return str(error)
    return f"{UNWRITABLE if error.filename is None else error.filename}: {error.strerror}"
