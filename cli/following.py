"""A run followed to its end: what it reports is shown as it comes, and Ctrl-C stops it so that it can be continued."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from minicnn.cli.echo import echo
from minicnn.cli.interrupts import INTERRUPTED, Interrupts
from minicnn.cli.streams import UNWRITABLE
from minicnn.errors import DataError

if TYPE_CHECKING:
    from minicnn.cli.render.live import Progress
    from minicnn.cli.render.training_results import Results
    from minicnn.train import Run


def views(run: Run, form: str, quiet: bool) -> tuple[Results, Progress]:
    """What writes results to stdout and what shows progress on stderr."""
    from minicnn.cli.render import training_results as results
    from minicnn.cli.render.console import stderr_console, stdout_console
    from minicnn.cli.render.live import Announcement, LiveProgress, Progress

    console = stdout_console() if sys.stdout.isatty() else stderr_console()  # one object draws the table and the bar below it
    metric = next(iter(run.trainer.loss.figures(run.whole.target)), "")
    where = (str(run.folder.path), "Validation" if run.settings.validation else "Test", run.marks, console, metric)
    if quiet:
        return (results.QuietJsonResults if form == "json" else results.QuietResults)(*where), Progress()
    if form == "json":
        return results.JsonResults(*where), Announcement()
    live = LiveProgress(console) if sys.stderr.isatty() else Announcement()
    return (results.TableResults if sys.stdout.isatty() else results.LineResults)(*where), live


def follow(run: Run, results: Results, progress: Progress, again: str = "") -> int:
    """Train, show what happens, and return the exit status.  again: how to continue if it is stopped, by default this run alone.

    Results that cannot be shown do not end the run: if their reader has gone it stops as on Ctrl-C, otherwise it continues.
    """
    from minicnn.train import ProgressRecord, StartRecord

    if not run.folder.writes:
        return accompany(run)
    lost: OSError | None = None

    def show(write: Callable[..., None], *what: Any) -> None:
        nonlocal lost
        try:
            write(*what)
        except OSError as error:
            lost = lost or error
            if isinstance(error, BrokenPipeError):
                trainer.stop()

    def give_up() -> None:
        progress.close()
        run.folder.discard()

    trainer, history, begun = run.trainer, list(run.trainer.history), time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(progress)
        interrupts = stack.enter_context(Interrupts(give_up))
        for record in stack.enter_context(closing(run.records())):
            if isinstance(record, StartRecord):
                begun = time.monotonic()
                show(results.start, record, run.description(), history)
                progress.start(record, results.watched, results.metric)
                interrupts.ask_for(trainer.stop, progress.stop)
            elif isinstance(record, ProgressRecord):
                progress.move(record)
            else:
                show(results.epoch, record, record is run.best)
                if line := run.watch.look(trainer.history):
                    progress.warn(line)
    if not run.finished:
        show(results.stopped, trainer.epoch)
        if lost is not None:
            raise DataError(
                f"{UNWRITABLE}: {lost.strerror}; the run stopped in epoch {trainer.epoch} of {run.settings.epochs} {again or continuation(run)}"
            ) from lost
        echo(
            f"stopped in epoch {trainer.epoch} of {run.settings.epochs}, saved in {run.folder.path}\n{again or continuation(run)}",
            err=True,
        )
        return INTERRUPTED
    if run.out_of_patience and len(history) < len(trainer.history):
        echo(patience_line(run), err=True)
    result = run.result()
    show(results.end, result, time.monotonic() - begun)
    if result.warning and not run.watch.told:
        echo(f"Warning: {result.warning}", err=True)
    if lost is not None and not isinstance(lost, BrokenPipeError):
        raise DataError(f"{UNWRITABLE}: {lost.strerror}; the run is complete in {run.folder.path}") from lost
    return 0


def accompany(run: Run) -> int:
    """Train as one of several ranks whose first writes and shows; the exit status."""
    from minicnn.train import StartRecord

    with Interrupts(lambda: None) as interrupts, closing(run.records()) as records:
        for record in records:
            if isinstance(record, StartRecord):
                interrupts.ask_for(run.trainer.stop)
    return 0 if run.finished else INTERRUPTED


def patience_line(run: Run) -> str:
    """Why a run ended before its last epoch."""
    epochs = f"{run.settings.patience} epoch{'s' * (run.settings.patience != 1)}"
    return f"validation has not improved for {epochs}: training ended after epoch {len(run.trainer.history)}"


def launch(run: Run) -> str:
    """What stands before a command that several ranks run."""
    return f"mpiexec -n {run.trainer.ranks.size} " if run.trainer.ranks else ""


def continuation(run: Run, file: str = "") -> str:
    """How to continue a run that stopped, where it ran; with the file of its own layers."""
    device = "" if run.trainer.device == "cpu" else f" --device {run.trainer.device}"
    device += " --parallel model" if run.trainer.ranks and run.trainer.ranks.kind == "model" else ""
    return (
        f"continue with: {launch(run)}minicnn train {file and f'{shlex.quote(file)} '}--resume {shlex.quote(str(run.folder.path))}{device}"
    )
