"""Progress of a run while it happens, on stderr: a live row and a bar, or in a pipe a line if compiling takes long."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from types import TracebackType

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from minicnn.cli.echo import echo
from minicnn.cli.render.training import Column, columns, epoch_row, format_duration, unfinished
from minicnn.train import ProgressRecord, StartRecord

COMPILING = "compiling kernels for this machine (once; about 10 s)"
STOPPING = "finishing the current batches, then saving; press Ctrl-C again to stop at once without saving"
NOTICEABLE_SECONDS = 1.5  # shorter waits need no announcement
FRAMES_PER_SECOND = 8
BAR_WIDTH = 40
STDERR = 2


class Progress:
    """Shows nothing; the base class of those that do.  A context, from before the first record to after the last."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the screen as it was before."""

    def start(self, start: StartRecord, watched: str, metric: str = "accuracy") -> None:
        """Kernels and data are ready; `watched` and `metric` as in Results."""

    def move(self, progress: ProgressRecord) -> None:
        """Some batches are done."""

    def stop(self) -> None:
        """The user asked to stop.  Called from a signal handler: it must not print."""

    def warn(self, line: str) -> None:
        """Show a note meanwhile."""
        echo(f"Warning: {line}", err=True)


class Announcement(Progress):
    """For a pipe: one line if compiling takes long, and one when the user asks to stop."""

    def __init__(self) -> None:
        self._timer = threading.Timer(NOTICEABLE_SECONDS, click.echo, (COMPILING,), {"err": True})
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        self._timer.start()
        return self

    def close(self) -> None:
        self._timer.cancel()

    def start(self, start: StartRecord, watched: str, metric: str = "accuracy") -> None:
        self._timer.cancel()

    def stop(self) -> None:
        os.write(STDERR, f"{STOPPING}\n".encode())  # a signal handler may not use a stream that may be in use


class LiveProgress(Progress):
    """For a terminal: the current epoch as a row of the table, and below it its progress and the time left.

    A thread draws; events only change the numbers it draws.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("line" if console.options.ascii_only else "dots", Text())
        self._begun = time.monotonic()
        self._start: StartRecord | None = None
        self._table: Sequence[Column] = ()
        self._progress: ProgressRecord | None = None
        self._first_images = 0  # of the first epoch that were trained before this process began
        self._stopping = False
        self._live = Live(
            console=console,
            get_renderable=self.picture,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Progress:
        self._live.start()
        return self

    def close(self) -> None:
        self._live.stop()

    def start(self, start: StartRecord, watched: str, metric: str = "accuracy") -> None:
        self._table = columns(watched, start.epochs, self._console.width, metric)
        self._start, self._begun = start, time.monotonic()

    def move(self, progress: ProgressRecord) -> None:
        if self._progress is None:
            self._first_images = max(0, progress.images - (self._start.batch_size if self._start else 0))
        self._progress = progress

    def stop(self) -> None:
        self._stopping = True

    def warn(self, line: str) -> None:
        self._console.print(Text(f"Warning: {line}", "yellow"))  # above the live lines

    def picture(self) -> RenderableType:
        """The current live lines."""
        if self._stopping:
            return Text(STOPPING, "yellow")
        if self._start is None:
            waited = time.monotonic() - self._begun
            self._spinner.update(text=Text(f"{COMPILING}  {waited:.0f} s" if waited > NOTICEABLE_SECONDS else "preparing"))
            return self._spinner
        if self._progress is None:
            return Text()
        row = epoch_row(self._table, unfinished(self._progress))
        row.stylize("dim")
        return Group(row, self._bar(self._start, self._progress))

    def _bar(self, start: StartRecord, progress: ProgressRecord) -> Table:
        share = progress.images / progress.images_in_epoch
        line = Table.grid(padding=(0, 1))
        bar = ProgressBar(1.0, share, width=min(BAR_WIDTH, self._console.width // 3))
        line.add_row(
            Text(f"epoch {progress.epoch}/{start.epochs}"), bar, Text(f"{share:4.0%}  {format_duration(self._left(start, progress))} left")
        )
        return line

    def _left(self, start: StartRecord, progress: ProgressRecord) -> float:
        """Seconds to the end of the run, at the pace so far, test images included."""
        done = (progress.epoch - start.first_epoch) * progress.images_in_epoch + progress.images - self._first_images
        left = (start.epochs - progress.epoch + 1) * progress.images_in_epoch - progress.images
        return (time.monotonic() - self._begun) / max(done, 1) * left
