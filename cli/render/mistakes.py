"""The pictures that a network answers worst, as tiles: what it said, and what is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.text import Text

from minicnn.charts.samples import Pixels as Picture
from minicnn.charts.samples import middle
from minicnn.cli.render.picture_sheet import Tile, as_picture, grid
from minicnn.errors import one_line
from minicnn.train import BoxMistake, ClassMistake, MaskMistake, Mistake

if TYPE_CHECKING:
    from minicnn.datasets import Dataset

HEADINGS = {
    "class": "surest mistakes: the true class as the network's answer, its probability",
    "mask": "lowest intersection over union: what is right, and the network's answer",
    "boxes": "most objects missed or false: what is right, and the network's answer",
    "numbers": "furthest off",
}


def print_mistakes(console: Console, kind: str, mistakes: Sequence[Mistake], data: Dataset, classes: Sequence[str]) -> None:
    """A heading, then the pictures."""
    console.print()
    if not mistakes:
        console.print(Text("no mistakes", "dim"))
        return
    console.print(Text(HEADINGS[kind], "dim"), soft_wrap=True)
    console.print()
    console.print(grid(console, tiles(mistakes, data, classes)))


def tiles(mistakes: Sequence[Mistake], data: Dataset, classes: Sequence[str]) -> list[list[Tile]]:
    """For every mistake a picture, or two: right and wrong."""
    return [_tiles(each, as_picture(data.images[each.index]), classes) for each in mistakes]


def _tiles(mistake: Mistake, picture: Picture, classes: Sequence[str]) -> list[Tile]:
    place = f"#{mistake.index}"
    if isinstance(mistake, ClassMistake):
        names = (one_line(classes[k]) if classes else str(k) for k in (mistake.label, mistake.predicted))
        return [Tile((f"{' as '.join(names)}, {100 * mistake.probability:.1f} %", place), picture)]
    if isinstance(mistake, MaskMistake):
        if mistake.label.ndim != 2:  # of a signal
            return [Tile((f"{place} IoU {100 * mistake.iou:.1f} %",), picture)]
        if mistake.label.shape != picture.shape[:2]:
            picture = middle(picture, mistake.label.shape)
        sides = (("right", mistake.label), (f"answer, IoU {100 * mistake.iou:.1f} %", mistake.predicted))
        return [Tile((f"{place} {words}",), picture, np.asarray(mask)) for words, mask in sides]
    if isinstance(mistake, BoxMistake):
        words = f"{mistake.missed} missed, {mistake.false} false"
        return [
            Tile((f"{place} right", _named(mistake.label, classes)), picture, mistake.label),
            Tile((f"{place} answer, {words}", _named(mistake.predicted, classes)), picture, mistake.predicted),
        ]
    told, wanted = (_numbers(each) for each in (mistake.predicted, mistake.label))
    return [Tile((f"{place} {told}", f"right is {wanted}"), picture)]


def _named(boxes: npt.NDArray[Any], classes: Sequence[str], most: int = 8) -> str:
    """The classes of boxes, from left to right."""
    order = np.argsort(boxes[:, 0], kind="stable")
    names = [one_line(classes[int(k)]) if classes else str(int(k)) for k in boxes[order, 4]]
    return " ".join(names[:most]) + " ..." * (len(names) > most) or "nothing"


def _numbers(values: npt.NDArray[Any], most: int = 4) -> str:
    """The first few numbers."""
    flat = np.asarray(values, np.float64).ravel()
    return ", ".join(f"{value:.4g}" for value in flat[:most]) + (f", ... ({len(flat)})" if len(flat) > most else "")


def as_json(mistake: Mistake) -> dict[str, Any]:
    """A mistake as JSON values; masks are too long, and left out."""
    if isinstance(mistake, ClassMistake):
        return {
            "index": mistake.index,
            "label": mistake.label,
            "predicted": mistake.predicted,
            "probability": mistake.probability,
        }
    if isinstance(mistake, MaskMistake):
        return {"index": mistake.index, "iou": mistake.iou}
    sides = {"label": np.asarray(mistake.label).tolist(), "predicted": np.asarray(mistake.predicted).tolist()}
    if isinstance(mistake, BoxMistake):
        return {"index": mistake.index, "missed": mistake.missed, "false": mistake.false, **sides}
    return {"index": mistake.index, "error": mistake.error, **sides}
