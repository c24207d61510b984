"""Data sets on a terminal: the catalog as a table, images as half-block characters, a download as a bar or as plain lines."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich.box import SIMPLE_HEAD
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.style import Style
from rich.table import Table
from rich.text import Text

from minicnn.charts.samples import Pixels as Picture
from minicnn.charts.samples import to_pictures
from minicnn.cli.render.console import natural_width, print_whole
from minicnn.datasets.catalog import Record
from minicnn.datasets.dataset import Dataset

if TYPE_CHECKING:
    from minicnn.datasets.store import Progress

PIPE_PICTURE_COLUMNS = 100  # width of a grid of images in a pipe: one that most windows show
RAMP = " .:-=+*#%@"  # ink from none to full, for terminals without colour
LEAST_COLUMNS = 80  # of the catalog, paths folded
GAP = 2


def format_megabytes(size_bytes: int) -> str:
    """A size in MB (10^6 bytes) with one decimal."""
    return f"{size_bytes / 1e6:,.1f} MB"


def format_shape(shape: Sequence[int]) -> str:
    """A shape as in `--input`: 1x28x28."""
    return "x".join(map(str, shape))


def print_catalog(console: Console, rows: Sequence[tuple[Record, str]]) -> None:
    """Every data set; each row is a record and where its files are ("" for nowhere).  If there is no room in each row for the
    command that fetches the data set, it is shown once below."""
    table = catalog_table(rows, commands=True)
    if natural_width(console, table) > console.width:
        table = catalog_table(rows, commands=False)
    if console.is_terminal and console.width >= LEAST_COLUMNS:
        console.print(table)  # long paths fold
    else:
        print_whole(console, table)


def catalog_table(rows: Sequence[tuple[Record, str]], commands: bool) -> Table:
    """One line per data set; `commands` adds how to fetch a missing one."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Name", no_wrap=True)
    for heading in ("Train+test", "Shape", "Class", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Where", overflow="fold", min_width=9)  # "generated"
    table.add_column("Licence", no_wrap=True)
    for record, where in rows:
        size = f"{record.download_bytes / 1e6:,.0f}" if record.files else "-"
        absent = f"missing: minicnn data get {record.name}" if commands else "not here"
        table.add_row(
            Text(record.name, "bold cyan"),
            f"{record.train_count:,}+{record.test_count:,}",
            format_shape(record.input_shape),
            str(len(record.classes)),
            size,
            Text(where or absent),
            record.licence,
        )
    if not commands and not all(where for _, where in rows):
        table.caption, table.caption_justify = "minicnn data get DATA downloads what is missing", "left"
    return table


def samples(dataset: Dataset, indices: Sequence[int], target: Console, images: npt.NDArray | None = None) -> RenderableType:
    """A grid of images, or of what has become of them, with their classes and indices, as wide as the console."""
    pictures = to_pictures(dataset.images[list(indices)] if images is None else images)
    room = target.width if target.is_terminal else PIPE_PICTURE_COLUMNS
    named = dataset.target == "class"
    captions = [f"{dataset.classes[dataset.labels[n]]} (#{n})" if named else f"#{n}" for n in indices]
    across = max(1, (room + GAP) // (max(pictures.shape[2], *map(len, captions)) + GAP))
    draw = draw_blocks if can_draw_blocks(target) else draw_ascii
    grid = Table.grid(padding=(0, GAP, 0, 0))
    cells = [Group(Text(caption, no_wrap=True), draw(picture), Text()) for caption, picture in zip(captions, pictures, strict=True)]
    for start in range(0, len(cells), across):
        grid.add_row(*cells[start : start + across])
    return grid


def class_table(dataset: Dataset) -> Table:
    """Images per class; pixels of masks, objects in boxes."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Label", justify="right")
    table.add_column("Class")
    table.add_column({"mask": "Pixels", "boxes": "Objects"}.get(dataset.target, "Images"), justify="right")
    for label, (name, count) in enumerate(zip(dataset.classes, dataset.class_counts, strict=True)):
        table.add_row(str(label), name, f"{count:,}")
    return table


def can_draw_blocks(target: Console) -> bool:
    """Whether half-blocks in colour can be shown: a colour terminal, no NO_COLOR, and Unicode."""
    return target.is_terminal and not target.no_color and target.color_system is not None and target.encoding.startswith("utf")


def draw_blocks(picture: Picture, blank: npt.NDArray[np.bool_] | None = None) -> Text:
    """Two rows of pixels per line of text: the upper half of a block in the foreground, the lower in the background.

    blank : (rows, columns) pixels that are left as the terminal is
    """
    text = Text(no_wrap=True)
    seen = np.ones(picture.shape[:2], bool) if blank is None else ~blank
    for p in range(0, len(picture), 2):
        has_lower = p + 1 < len(picture)
        upper, upper_seen = picture[p], seen[p]
        lower = picture[p + 1] if has_lower else np.zeros_like(upper)
        lower_seen = seen[p + 1] if has_lower else np.full_like(upper_seen, blank is None)
        for top, bottom, over, under in zip(upper.tolist(), lower.tolist(), upper_seen.tolist(), lower_seen.tolist(), strict=True):
            if over:
                text.append("▀", Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom) if under else None))
            else:
                text.append("▄" if under else " ", Style(color=Color.from_rgb(*bottom)) if under else Style())
        text.append("\n")
    text.right_crop()
    return text


def draw_ascii(picture: Picture) -> Text:
    """The same size in characters, darker ones for more ink, each for two pixels."""
    grey = picture.mean(axis=2)
    if len(grey) % 2:
        grey = np.vstack([grey, np.zeros_like(grey[:1])])
    halves = (grey[0::2] + grey[1::2]) / 2
    levels = np.rint(halves * ((len(RAMP) - 1) / 255)).astype(int)
    return Text("\n".join("".join(RAMP[level] for level in line) for line in levels), no_wrap=True)


class DownloadView:
    """Receives a store's Progress: bars on a terminal, otherwise a line at the start, for each event and at the end."""

    def __init__(self, target: Console) -> None:
        self._console = target
        self._tasks: dict[str, TaskID] = {}
        self._begun: set[str] = set()
        self._bars = (
            Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=target,
            )
            if target.is_terminal
            else None
        )

    def __enter__(self) -> DownloadView:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            self._console.print(f"{progress.file}: {progress.note}")
        if self._bars:
            if progress.file not in self._tasks:
                self._tasks[progress.file] = self._bars.add_task(progress.file, total=progress.total_bytes)
            self._bars.update(self._tasks[progress.file], completed=progress.done_bytes)
        elif not progress.note and progress.file not in self._begun:
            self._begun.add(progress.file)
            start = f" from {format_megabytes(progress.done_bytes)} on" if progress.done_bytes else ""
            self._console.print(f"{progress.file}: receiving {format_megabytes(progress.total_bytes)}{start}")
