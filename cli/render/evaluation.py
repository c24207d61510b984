"""An examination as text: figures in a line, then the confusion matrix, or class by class if that is too wide, or not of images."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.training import format_loss, format_share
from minicnn.errors import one_line
from minicnn.losses import BOXES, MASK
from minicnn.metrics import figure, words
from minicnn.train import Examination

MATRIX_IN_PIPE = 200  # columns up to which a matrix is drawn in a pipe
SHORT_NAME = 3  # characters of a class name that fit over a column of counts


def print_examination(console: Console, found: Examination, network: str, data: str) -> None:
    """The figures, then the matrix; a terminal that is too narrow gets a line for each class instead."""
    console.print(
        Text.assemble(
            (one_line(network), "bold"),
            " on ",
            (one_line(data), "bold"),
            f": {found.images:,} test images\n",
            *(part for name, value in found.metrics.items() for part in (f"{words(name)} ", (figure(name, value), "bold green"), ", ")),
            f"loss {format_loss(found.loss)}",
        ),
        soft_wrap=True,
    )
    if found.kind == BOXES:
        console.print()
        print_whole(console, box_table(found))
        return
    if found.confusion is None:
        return
    console.print()
    if found.kind == MASK:
        print_whole(console, mask_table(found))
        return
    matrix = confusion_table(found)
    room = console.width if console.is_terminal else max(console.width, MATRIX_IN_PIPE)
    if natural_width(console, matrix) <= room:
        print_whole(console, matrix)
        console.print(Text("rows: the true class; columns: the network's answer", "dim"), soft_wrap=True)
        return
    print_whole(console, class_table(found))
    console.print(Text(f"the confusion matrix takes {natural_width(console, matrix)} columns; --format json has it", "dim"), soft_wrap=True)


def confusion_table(found: Examination) -> Table:
    """Counts, correct answers in bold, zeros left empty; the accuracy of each class at the end of its row."""
    table = _table()
    table.add_column("Class", no_wrap=True)
    short = max(len(one_line(name)) for name in found.classes) <= SHORT_NAME
    for k, name in enumerate(found.classes):
        table.add_column(one_line(name) if short else str(k), justify="right", no_wrap=True)
    table.add_column("Accuracy", justify="right", no_wrap=True)
    for k, row in enumerate(found.counts.tolist()):
        cells = [_count(n, right=k == answer) for answer, n in enumerate(row)]
        table.add_row(_label(found, k, short), *cells, format_share(found.class_accuracy(k)))
    return table


def class_table(found: Examination) -> Table:
    """One line per class: how many, how many correct, and what it is most often mistaken for."""
    table = _table()
    table.add_column("Class", no_wrap=True)
    for heading in ("Images", "Right", "Accuracy"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Most often taken for", no_wrap=True)
    for k, name in enumerate(found.classes):
        mistake = found.mistaken_for(k)
        table.add_row(
            one_line(name),
            f"{found.counts[k].sum():,}",
            f"{found.counts[k, k]:,}",
            format_share(found.class_accuracy(k)),
            "-" if mistake is None else f"{one_line(found.classes[mistake[0]])}, {mistake[1]} times",
        )
    return table


def mask_table(found: Examination) -> Table:
    """One line per class of pixels: how many, how well they are covered, and what they are most often taken for."""
    table = _table()
    table.add_column("Class", no_wrap=True)
    for heading in ("Pixels", "IoU", "Right"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Most often taken for", no_wrap=True)
    for k, name in enumerate(found.classes):
        mistake = found.mistaken_for(k)
        table.add_row(
            one_line(name),
            f"{found.counts[k].sum():,}",
            format_share(found.class_iou(k)),
            format_share(found.class_accuracy(k)),
            "-" if mistake is None else f"{one_line(found.classes[mistake[0]])}, {mistake[1]:,} pixels",
        )
    return table


def box_table(found: Examination) -> Table:
    """One line per class of objects: how many, and the average precision."""
    table = _table()
    table.add_column("Class", no_wrap=True)
    for heading in ("Objects", "Average precision"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found.precisions:
        name = found.classes[each.label] if found.classes else str(each.label)
        table.add_row(one_line(name), f"{each.objects:,}", format_share(each.average_precision))
    return table


def _count(n: int, right: bool) -> Text:
    if not n:
        return Text(".", "dim")
    return Text(str(n), "bold green" if right else "yellow")


def _label(found: Examination, k: int, short: bool) -> Text:
    name = one_line(found.classes[k])
    return Text(name, "bold cyan") if short else Text.assemble((f"{k} ", "dim"), (name, "bold cyan"))


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
