"""Runs side by side: what was set differently, what came of it, epoch by epoch and in the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from minicnn import schema
from minicnn.errors import CheckpointError
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.train.records import quality
from minicnn.train.run_folder import RunFolder
from minicnn.train.run_set import members
from minicnn.train.settings import RunSettings
from minicnn.train.spread import Spread

NOT_COMPARED = ("architecture", "weights_sha256", "data_dir")  # said by others: the network, its weights, its data


class EpochLine(NamedTuple):
    """An epoch of a run's history.

    loss, metrics : of the images it was evaluated on
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    loss: float | None
    metrics: dict[str, float]
    seconds: float
    learning_rate: float


@dataclass(frozen=True)
class PastRun:
    """A run as its folder tells.

    watched : "test" or "validation": the images each epoch was evaluated on
    metrics : in the end, on test images; until then, on the images watched
    finished : whether it has come to its end
    """

    path: Path
    settings: RunSettings
    parameters: int
    device: str
    watched: str
    history: tuple[EpochLine, ...]
    metrics: dict[str, float]
    loss: float | None
    finished: bool

    @property
    def seconds(self) -> float:
        """Of training alone."""
        return sum(line.seconds for line in self.history)


@dataclass(frozen=True)
class Contender:
    """One side of a comparison: a run, or the runs of several seeds."""

    name: str
    runs: tuple[PastRun, ...]

    def settings(self) -> dict[str, Any]:
        """All settings by name, those of optimizer and loss among them; a list where its runs differ."""
        flat = [dict(_flat(run.settings)) for run in self.runs]
        names = dict.fromkeys(name for each in flat for name in each)
        return {name: _common([each.get(name) for each in flat]) for name in names}

    def figures(self) -> dict[str, Spread]:
        """Its metrics in the end, each over its runs."""
        names = dict.fromkeys(name for run in self.runs for name in run.metrics)
        return {name: Spread.of([run.metrics[name] for run in self.runs if name in run.metrics]) for name in names}

    def losses(self) -> Spread | None:
        """Its loss in the end; None if no epoch was evaluated."""
        values = [run.loss for run in self.runs if run.loss is not None]
        return Spread.of(values) if values else None

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """(epochs, values): the mean over its runs of train_loss, train_accuracy, loss or a metric, as far as all have come."""
        lines: list[list[EpochLine]] = [list(run.history) for run in self.runs]
        epochs, values = [], []
        for each in zip(*lines, strict=False):
            found = [line.metrics.get(name) if name not in EpochLine._fields else getattr(line, name) for line in each]
            if all(value is not None for value in found):
                epochs.append(each[0].epoch)
                values.append(sum(found) / len(found))
        return epochs, values


def compared(paths: Sequence[str | Path]) -> tuple[Contender, ...]:
    """Each run as one side; a folder of several seeds is one side, and alone each of its seeds is.

    Raises
    ------
    CheckpointError
        If one is no run, or cannot be read.
    """
    found = [[read_run(path) for path in members(each)] for each in paths]
    if len(found) == 1:
        found = [[run] for run in found[0]]
        paths = [run.path for [run] in found]
    return tuple(Contender(name, tuple(runs)) for name, runs in zip(short_names(paths), found, strict=True))


def short_names(paths: Sequence[str | Path]) -> list[str]:
    """The last parts of paths, as many as it takes to tell them apart."""
    parts = [Path(os.path.abspath(Path(path).expanduser())).parts for path in paths]
    return [
        next(
            (
                str(Path(*own[-count:]))
                for count in range(1, len(own))
                if sum(own[-count:] == other[-count:] for other in parts) == parts.count(own)
            ),
            str(Path(*own)),
        )
        for own in parts
    ]


def differences(sides: Sequence[Contender]) -> dict[str, tuple[Any, ...]]:
    """The settings in which they differ, with the value of each side; of optimizers and losses that differ, their names alone."""
    settings = [side.settings() for side in sides]
    names = dict.fromkeys(name for each in settings for name in each)
    values = {name: tuple(each.get(name) for each in settings) for name in names}
    differing = {name: each for name, each in values.items() if any(value != each[0] for value in each)}
    parents = {name: parent for side in sides for run in side.runs for parent, inner in _parts(run.settings).items() for name in inner}
    return {name: each for name, each in differing.items() if parents.get(name) not in differing}


def read_run(path: str | Path) -> PastRun:
    """A run from its folder, finished, stopped or under way; broken lines of its history are skipped.

    Raises
    ------
    CheckpointError
        If it is no run, or cannot be read.
    """
    folder = RunFolder.open(path)
    said = folder.read_description()
    settings = RunSettings.from_json(said.get("settings"), str(folder.path), to_train=False)
    history = tuple({line.epoch: line for line in map(_epoch_line, folder.history_lines()) if line}.values())
    result = said.get("result")
    kept = history[-1] if history else None
    if settings.chooses and history:
        kept = max(history, key=lambda line: (quality(line.metrics, line.loss or line.train_loss), -(line.loss or 0.0), -line.epoch))
    metrics, loss = (kept.metrics, kept.loss) if kept else ({}, None)
    if finished := isinstance(result, dict):
        metrics, loss = _metrics(result.get("metrics")), result.get("test_loss")
    return PastRun(
        folder.path,
        settings,
        schema.whole(str(folder.path), "parameters", said.get("parameters", 0)),
        schema.word(str(folder.path), "device", said.get("device", "cpu")),
        "validation" if settings.validation else "test",
        history,
        metrics,
        loss if isinstance(loss, int | float) else None,
        finished or (not settings.validation and len(history) >= settings.epochs),
    )


def _epoch_line(text: str) -> EpochLine | None:
    where = "a line of the history"
    try:
        found = schema.parse(text, where)
        shares = {name: None if found[name] is None else schema.real(where, name, found[name]) for name in ("train_accuracy", "test_loss")}
        return EpochLine(
            schema.whole(where, "epoch", found["epoch"], least=1),
            schema.real(where, "train_loss", found["train_loss"]),
            shares["train_accuracy"],
            shares["test_loss"],
            _metrics(found["metrics"]),
            schema.real(where, "seconds", found["seconds"], least=0),
            schema.real(where, "learning_rate", found["learning_rate"]),
        )
    except (CheckpointError, TypeError, KeyError):
        return None


def _metrics(values: object) -> dict[str, float]:
    if not isinstance(values, dict):
        return {}
    return {str(name): float(value) for name, value in values.items() if isinstance(value, int | float)}


def _flat(settings: RunSettings) -> Iterator[tuple[str, Any]]:
    parts = _parts(settings)
    for name, value in settings.to_json().items():
        if name == "loss":
            yield name, _loss(settings)["type"]
            yield from parts["loss"].items()
        elif name == "optimizer_settings":
            yield from parts["optimizer"].items()
        elif name not in NOT_COMPARED:
            yield name, value


def _parts(settings: RunSettings) -> dict[str, dict[str, Any]]:
    """Settings of its parts."""
    return {"optimizer": settings.optimizer_settings, "loss": {name: value for name, value in _loss(settings).items() if name != "type"}}


def _loss(settings: RunSettings) -> dict[str, Any]:
    return settings.loss or SoftmaxCrossEntropy().describe()


def _common(values: list[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else values
