"""Progress of training on a terminal or in a notebook: a line that is overwritten, and a line for each finished epoch."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import TextIO

from minicnn.errors import SettingError
from minicnn.metrics import figure, words
from minicnn.train.records import EpochRecord, ProgressRecord, Record, StartRecord

BAR_WIDTH = 24


Progress = Callable[[Record], object] | bool | None


def listener(progress: Progress, watched: str) -> Callable[[Record], object]:
    """What receives the records of training: the user's function, nothing for False, or for None a bar if someone can see it."""
    if callable(progress):
        return progress
    if progress not in (None, True, False):
        raise SettingError(f"progress is {progress!r}, but must be a function that takes a record, False for silence, or None for a bar")
    stream = sys.stderr
    if stream is None or progress is False or not (progress or stream.isatty() or "ipykernel" in sys.modules):
        return lambda record: None
    return Bar(stream, watched)


class Bar:
    """Writes to a stream.  If that fails (closed, full), nothing more is written and training continues.

    watched : name of the images evaluated after each epoch
    """

    def __init__(self, stream: TextIO, watched: str = "test") -> None:
        self._stream: TextIO | None = stream
        self._watched = watched
        self._width = 0  # of the text on the line
        self._epochs = 0

    def __call__(self, record: Record) -> None:
        if isinstance(record, StartRecord):
            self._epochs = record.epochs
        elif isinstance(record, ProgressRecord):
            share = record.images / record.images_in_epoch
            done = round(share * BAR_WIDTH)
            self._write(
                f"epoch {record.epoch}/{self._epochs} [{'#' * done}{'.' * (BAR_WIDTH - done)}] {share:4.0%}"
                f"  loss {record.loss:.4f}{_accuracy(record.accuracy)}"
            )
        else:
            self._write(epoch_line(record, self._epochs, self._watched), "\n")

    def _write(self, words: str, end: str = "") -> None:
        if self._stream is None:
            return
        line = words if end else words[: max(20, shutil.get_terminal_size().columns - 1)]  # a longer one could not be overwritten
        try:
            self._stream.write(f"\r{line.ljust(self._width)}{end}")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None
        self._width = 0 if end else len(line)

    def close(self) -> None:
        """Leave the line as it is."""
        if self._width:
            self._write("", "\n")


def epoch_line(record: EpochRecord, epochs: int, watched: str) -> str:
    """A finished epoch in one line."""
    named = "".join(f"  {words(name)} {figure(name, value)}" for name, value in record.metrics.items())
    seen = "" if record.test_loss is None else f"  {watched} loss {record.loss:.4f}{named}"
    return f"epoch {record.epoch}/{epochs}  loss {record.train_loss:.4f}{_accuracy(record.train_accuracy)}{seen}  {record.seconds:.1f} s"


def _accuracy(share: float | None) -> str:
    return "" if share is None else f"  accuracy {share:.2%}"
