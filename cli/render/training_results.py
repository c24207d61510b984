"""Results of a run, on stdout: a growing table on a terminal, a line per epoch in a pipe, JSON lines, or the last line alone."""

from __future__ import annotations

import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from minicnn.cli.echo import echo
from minicnn.cli.render import training as text
from minicnn.train import EpochRecord, RunResult, StartRecord, history_line


class Results(ABC):
    """Writes the results of a run.

    out : the run's folder
    watched : "Test" or "Validation": the images each epoch is measured on
    marks : what an epoch's line of JSON says besides the record
    console : for drawing
    metric : the figure that an epoch is judged by, "" for the loss
    """

    def __init__(self, out: str, watched: str, marks: dict[str, Any], console: Console, metric: str = "accuracy") -> None:
        self.out, self.watched, self.marks, self.console, self.metric = out, watched, marks, console, metric

    @abstractmethod
    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        """Before training; `history` has the epochs of a resumed run."""

    @abstractmethod
    def epoch(self, record: EpochRecord, best: bool) -> None:
        """An epoch is over."""

    def end(self, result: RunResult, seconds: float) -> None:
        """All epochs are over."""
        echo(text.final_line(result, self.watched != "Test", seconds, self.out).plain)

    def stopped(self, epoch: int) -> None:  # noqa: B027 most have nothing to add to stderr
        """The user stopped it within this epoch."""


class QuietResults(Results):
    """The last line alone."""

    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        pass

    def epoch(self, record: EpochRecord, best: bool) -> None:
        pass


class LineResults(Results):
    """A line per epoch; the heading goes to stderr, which is `console` here."""

    epochs = 0  # until the start

    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        self.epochs = start.epochs
        self.console.print(text.heading(description, start), soft_wrap=True)

    def epoch(self, record: EpochRecord, best: bool) -> None:
        echo(text.epoch_line(record, self.epochs, self.watched))


class TableResults(Results):
    """A table on a terminal that grows by a row per epoch."""

    table: Sequence[text.Column] = ()  # until the start

    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        self.table = text.columns(self.watched, start.epochs, self.console.width, self.metric)
        self.console.print(text.heading(description, start))
        self.console.print()
        self.console.print(text.header_row(self.table, self.console.options.ascii_only), no_wrap=True)
        for record in history:
            row = text.epoch_row(self.table, record)
            row.stylize("dim")
            self.console.print(row)

    def epoch(self, record: EpochRecord, best: bool) -> None:
        self.console.print(text.epoch_row(self.table, record, best))

    def end(self, result: RunResult, seconds: float) -> None:
        self.console.print()
        self.console.print(text.final_line(result, self.watched != "Test", seconds, self.out))
        self.console.print(f"see its mistakes: minicnn evaluate {shlex.quote(self.out)}", style="dim", soft_wrap=True)


class JsonResults(Results):
    """A line of JSON for the start, each epoch and the end."""

    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        self._write(
            "start",
            network=description["settings"]["network"],
            **description,
            compile_seconds=start.compile_seconds,
            first_epoch=start.first_epoch,
            out=self.out,
        )

    def epoch(self, record: EpochRecord, best: bool) -> None:
        echo(history_line(record, **self.marks), nl=False)

    def end(self, result: RunResult, seconds: float) -> None:
        self._write(
            "end",
            test_accuracy=result.test.accuracy,
            test_loss=result.test.loss,
            metrics=result.test.metrics,
            epochs=result.epochs,
            best_epoch=result.best_epoch,
            best_accuracy=result.best_metrics.get("accuracy"),
            best_metrics=result.best_metrics,
            kept_epoch=result.kept_epoch,
            warning=result.warning,
            seconds=seconds,
            out=self.out,
        )

    def stopped(self, epoch: int) -> None:
        self._write("stopped", epoch=epoch, out=self.out)

    def _write(self, event: str, **values: Any) -> None:
        echo(json.dumps({"event": event, **{name: None if value != value else value for name, value in values.items()}}))


class QuietJsonResults(JsonResults):
    """The last line of JSON alone."""

    def start(self, start: StartRecord, description: dict[str, Any], history: Sequence[EpochRecord]) -> None:
        pass

    def epoch(self, record: EpochRecord, best: bool) -> None:
        pass
