"""A training run as text: a heading, a table that grows by a row per epoch, plain lines, the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rich.text import Text

from minicnn.graph.formats import sizes
from minicnn.metrics import figure, words
from minicnn.train import EpochRecord, ProgressRecord, RunResult, StartRecord

LARGE_LOSS = 1000.0


AROUND = {
    "nesterov": "nesterov",
    "decay": "decay of {}",
    "warmup": "warm-up {:g}",
    "clip_norm": "clipped to {:g}",
    "accumulate": "{} batches an update",
    "ema": "averaged by {:g}",
    "patience": "patience {}",
    "init": "init {}",
    "freeze": "frozen {}",
}


def around(settings: dict[str, Any]) -> str:
    """Settings of the updates that differ from those that most runs have, as in ", warm-up 0.5, clipped to 1"."""
    usual = {"nesterov": False, "decay": "all", "warmup": 0, "accumulate": 1, "freeze": ""}
    given = {name: settings.get(name, settings["optimizer_settings"].get(name, usual.get(name))) for name in AROUND}
    given["freeze"] = " ".join(given["freeze"])
    return "".join(f", {AROUND[name].format(value)}" for name, value in given.items() if value != usual.get(name)) + loss_words(
        settings["loss"]
    )


def loss_words(loss: dict[str, Any]) -> str:
    """The loss as `Loss.describe` gives it, where it is not the usual one, as in ", label smoothing 0.1"."""
    kind, smoothing = loss.get("type"), loss.get("label_smoothing")
    named = f", {kind}" if kind not in (None, "SoftmaxCrossEntropy") else ""
    return named + (f", label smoothing {smoothing:g}" if smoothing else "")


def format_loss(loss: float | None) -> str:
    """Four decimals; a huge one in short form."""
    if loss is None:
        return "-"
    return f"{loss:.4f}" if loss < LARGE_LOSS else f"{loss:.2g}"


def format_share(share: float | None) -> str:
    """A share in per cent."""
    return "-" if share is None else f"{100 * share:.2f} %"


def format_duration(seconds: float) -> str:
    """As in 12.3 s, 4:05 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Column(NamedTuple):
    """A column of the table of epochs.  If there is no room, the columns with the highest `rank` are left out."""

    heading: str
    width: int
    rank: int
    cell: Callable[[EpochRecord], str]


def columns(watched: str, epochs: int, room: int, metric: str = "accuracy") -> tuple[Column, ...]:
    """The columns that fit into `room`; `watched` names the images each epoch is measured on, `metric` the figure it is judged by."""
    right = Column("accuracy", 9, 2, lambda record: format_share(record.train_accuracy))
    judged = Column(words(metric), max(9, len(words(metric))), 0, lambda record: figure(metric, record.metrics.get(metric)))
    every = (
        Column("Epoch", max(5, 2 * len(str(epochs)) + 1), 0, lambda record: f"{record.epoch}/{epochs}"),
        Column("Train loss", 10, 3, lambda record: format_loss(record.train_loss)),
        *([right] if metric == "accuracy" else []),
        Column(f"{watched} loss", max(9, len(watched) + 5), 1 if metric else 0, lambda record: format_loss(record.test_loss)),
        *([judged] if metric else []),
        Column("Rate", 8, 6, lambda record: f"{record.learning_rate:.3g}" if record.learning_rate else "-"),
        Column("Images/s", 9, 4, lambda record: f"{record.images_per_second:,.0f}" if record.images_per_second else "-"),
        Column("Seconds", 8, 5, lambda record: f"{record.seconds:.2f}"),
    )
    chosen: tuple[Column, ...] = every
    while sum(column.width + 1 for column in chosen) > room + 1 and len(chosen) > 2:
        worst = max(column.rank for column in chosen)
        chosen = tuple(column for column in chosen if column.rank != worst)
    return chosen


def header_row(table: Sequence[Column], ascii_only: bool = False) -> Text:
    """The headings over a line."""
    words = " ".join(column.heading.rjust(column.width) for column in table)
    return Text.assemble((words, "bold"), "\n", (("-" if ascii_only else "─") * len(words), "dim"))


def epoch_row(table: Sequence[Column], record: EpochRecord, best: bool = False) -> Text:
    """One epoch; green if it is the best so far."""
    row = Text(" ".join(column.cell(record).rjust(column.width) for column in table), no_wrap=True)
    if best:
        place = next(n for n, column in enumerate(table) if column.rank == 0 and n)
        end = sum(column.width + 1 for column in table[: place + 1]) - 1
        row.stylize("bold green", end - len(table[place].cell(record)), end)
    return row


def unfinished(progress: ProgressRecord) -> EpochRecord:
    """The current epoch in the form of a finished one."""
    return EpochRecord(
        progress.epoch, progress.loss, progress.accuracy, None, None, progress.seconds, progress.images / max(progress.seconds, 1e-9), 0.0
    )


def epoch_line(record: EpochRecord, epochs: int, watched: str) -> str:
    """One epoch as a line that stands alone: for a pipe."""
    right = "" if record.train_accuracy is None else f"  accuracy {format_share(record.train_accuracy)}"
    named = "".join(f"  {watched.lower()} {words(name)} {figure(name, value)}" for name, value in record.metrics.items())
    return (
        f"epoch {record.epoch}/{epochs}  loss {format_loss(record.train_loss)}{right}"
        f"  {watched.lower()} loss {format_loss(record.test_loss)}{named}"
        f"  {record.seconds:.2f} s  {record.images_per_second:,.0f} images/s"
    )


def heading(description: dict[str, Any], start: StartRecord) -> Text:
    """Two lines: the network, its data, and the settings."""
    settings, data = description["settings"], description["data"]
    held_out = f", {data['validation_images']:,} held out" if data["validation_images"] else ""
    shape, inner = data["image_shape"], description["input_shape"]
    scaled = f", scaled to {sizes(inner)}" if inner != shape else ""
    momentum = f", momentum {settings['momentum']:g}" if settings["momentum"] is not None else ""
    decay = f", weight decay {settings['weight_decay']:g}" if settings["weight_decay"] else ""
    augment = f", {settings['augment'].replace(',', ', ')}" if settings["augment"] else ""
    ranks = f"{description['ranks']} ranks of " if description.get("ranks", 1) > 1 else ""
    threads = f"{ranks}{start.threads} thread{'s' * (start.threads != 1)}"
    where = threads if description["device"] == "cpu" else description["device"]
    return Text.assemble(
        (settings["network"], "bold"),
        " on ",
        (settings["data"], "bold"),
        f": {data['train_images']:,} training images{held_out}, {data['test_images']:,} test images, {sizes(shape)}{scaled}\n",
        (
            f"{start.parameters:,} parameters; {settings['optimizer']}, rate {settings['learning_rate']:g} ({settings['schedule']}){momentum}"
            f"{decay}{around(settings)}; batch {start.batch_size}{augment}; seed {settings['seed']}; {where}",
            "dim",
        ),
    )


def final_line(result: RunResult, held_out: bool, seconds: float, out: str) -> Text:
    """The outcome in one line."""
    epochs = f"{result.epochs} epoch{'s' * (result.epochs != 1)}"
    best = figures_of(result.best_metrics)[0]
    if held_out:
        choice = f" with the weights of epoch {result.kept_epoch} of {result.epochs}{best and f', {best} on held-out images'}"
    elif result.kept_epoch != result.epochs:
        choice = f" with the weights of epoch {result.kept_epoch} of {result.epochs}, chosen by the test images"
    elif result.best_epoch == result.epochs:
        choice = f" after {epochs}"
    else:
        choice = f" after {epochs}, at best {best + ' ' if best else ''}after {result.best_epoch}"
    value, name = figures_of(result.test.metrics)
    if not name:
        value, name = format_loss(result.test.loss), "loss"
    return Text.assemble(f"test {name} ", (value, "bold green"), f"{choice}; {format_duration(seconds)}; {out}")


def figures_of(metrics: dict[str, float]) -> tuple[str, str]:
    """(value, name) of the figure that judges, as text; empty without one."""
    return next(((figure(name, value), words(name)) for name, value in metrics.items()), ("", ""))
