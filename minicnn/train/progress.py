"""Progress of training on a terminal or in a notebook: a line that is overwritten, and a line for each finished epoch."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from minicnn.errors import SettingError
from minicnn.markup import shown
from minicnn.metrics import figure, words
from minicnn.train.records import EpochRecord, ProgressRecord, Record, StartRecord

BAR_WIDTH = 24
CELL_SECONDS = 0.2  # between two changes of a cell's output


Progress = Callable[[Record], object] | bool | None


def listener(progress: Progress, watched: str) -> Callable[[Record], object]:
    """What receives the records of training: the user's function, nothing for False, or for None a bar if someone can see it."""
    if callable(progress):
        return progress
    if progress not in (None, True, False):
        raise SettingError(f"progress is {progress!r}, but must be a function that takes a record, False for silence, or None for a bar")
    stream = sys.stderr
    if stream is None or progress is False or not (progress or stream.isatty() or in_notebook()):
        return lambda record: None
    return CellBar(stream, watched) if progress is None and cell_display() is not None else Bar(stream, watched)


def in_notebook() -> bool:
    """Whether this runs in the cell of a notebook: in IPython, with a kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def cell_display() -> Any:
    """IPython's module of outputs, if this runs in the cell of a notebook that has loaded it; else None."""
    return sys.modules.get("IPython.display") if in_notebook() else None


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


class CellBar(Bar):
    """The same in the output of a notebook's cell, in place: a bar, and the last epoch below it."""

    def __init__(self, stream: TextIO, watched: str = "test") -> None:
        super().__init__(stream, watched)
        self._shown: Any = None  # IPython's handle of the output
        self._last = ""
        self._drawn = -math.inf

    def __call__(self, record: Record) -> None:
        if isinstance(record, StartRecord):
            self._epochs = record.epochs
            return
        if isinstance(record, ProgressRecord):
            if time.monotonic() - self._drawn < CELL_SECONDS:
                return
            share = record.images / record.images_in_epoch
            line = f"epoch {record.epoch}/{self._epochs}  loss {record.loss:.4f}{_accuracy(record.accuracy)}"
            self._show(record.epoch - 1 + share, line)
        else:
            self._last = epoch_line(record, self._epochs, self._watched)
            self._show(record.epoch, "")

    def _show(self, done: float, line: str) -> None:
        self._drawn = time.monotonic()
        words = "<br>".join(shown(each) for each in (line, self._last) if each)
        bar = f'<progress value="{done:.3f}" max="{self._epochs}" style="width:20em"></progress>' if done < self._epochs else ""
        self._put(f'<div style="font-variant-numeric:tabular-nums">{bar}<div>{words}</div></div>')

    def _put(self, html: str) -> None:
        display = cell_display()
        if display is None:
            return
        if self._shown is None:
            self._shown = display.display(display.HTML(html), display_id=True)
        else:
            self._shown.update(display.HTML(html))

    def close(self) -> None:
        """Leave the last epoch."""
        if self._last:
            self._put(f"<div>{shown(self._last)}</div>")


def epoch_line(record: EpochRecord, epochs: int, watched: str) -> str:
    """A finished epoch in one line."""
    named = "".join(f"  {words(name)} {figure(name, value)}" for name, value in record.metrics.items())
    seen = "" if record.test_loss is None else f"  {watched} loss {record.loss:.4f}{named}"
    return f"epoch {record.epoch}/{epochs}  loss {record.train_loss:.4f}{_accuracy(record.train_accuracy)}{seen}  {record.seconds:.1f} s"


def _accuracy(share: float | None) -> str:
    return "" if share is None else f"  accuracy {share:.2%}"
