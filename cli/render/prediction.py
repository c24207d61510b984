"""What a network says of pictures: classes as a table, masks and boxes over the pictures, numbers; and the same as files and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.charts.samples import to_pictures
from minicnn.cli.render.console import print_whole
from minicnn.cli.render.data import can_draw_blocks, draw_ascii, draw_blocks
from minicnn.cli.render.overlay import answer as drawn_answer
from minicnn.cli.render.picture_sheet import Tile, as_picture, write_sheet
from minicnn.errors import SettingError, one_line
from minicnn.losses import BOXES, MASK, NUMBERS
from minicnn.train import Answer, Guess
from minicnn.train.answers import SURE_SCORE

SURE = 0.9  # from here on the first class is shown as certain
MOST_NUMBERS = 8  # that are listed


def print_predictions(
    console: Console, images: Sequence[str], answers: Sequence[Sequence[Guess]], seen: Sequence[np.ndarray] | None = None
) -> None:
    """The table, never cut."""
    print_whole(console, prediction_table(console, images, answers, seen))


def prediction_table(
    console: Console, images: Sequence[str], answers: Sequence[Sequence[Guess]], seen: Sequence[np.ndarray] | None = None
) -> Table:
    """One line per picture; with `seen`, (1 or 3, rows, columns) each, the picture in the last column, half a line for a row of pixels."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Image", no_wrap=True)
    for heading in ("First", "Second", "Third")[: max(map(len, answers))]:
        table.add_column(heading, no_wrap=True)
    if seen:
        table.add_column("As the network saw it", no_wrap=True)
    draw = draw_blocks if can_draw_blocks(console) else draw_ascii
    for n, (image, best) in enumerate(zip(images, answers, strict=True)):
        cells = [
            Text.assemble((one_line(guess.name), "bold cyan" if k == 0 else ""), (f" {100 * guess.probability:.1f} %", _style(k, guess)))
            for k, guess in enumerate(best)
        ]
        table.add_row(one_line(image), *cells, *([draw(to_pictures(seen[n][None])[0])] if seen else []), end_section=bool(seen))
    return table


def _style(place: int, guess: Guess) -> str:
    if place:
        return "dim"
    return "green" if guess.probability >= SURE else "yellow"


def print_answers(console: Console, tiles: Sequence[Tile], answers: Sequence[Answer], classes: Sequence[str], score: float | None) -> None:
    """Masks and boxes over the pictures, and in words; numbers in lines."""
    for tile, answer in zip(tiles, answers, strict=True):
        if tile.found is not None:
            console.print(drawn_answer(console, tile.captions[0], tile.picture, tile.found, classes))
        else:
            console.print(Text.assemble((tile.captions[0], "bold"), "  ", *tile.captions[1:]), soft_wrap=True)
        faint = 0 if answer.kind != BOXES else len(answer.found) - len(shown_boxes(answer, score))
        if faint:
            least = SURE_SCORE if score is None else score
            console.print(Text(f"{faint} more with scores below {100 * least:.0f} %: --score shows them\n", "dim"))


def tile(name: str, picture: np.ndarray, answer: Answer | Sequence[Guess], classes: Sequence[str], score: float | None) -> Tile:
    """A picture (C, *space) with what is said of it."""
    shown = as_picture(picture)
    if not isinstance(answer, Answer):
        best = answer[0]
        return Tile((one_line(name), f"{one_line(best.name)} {100 * best.probability:.1f} %"), shown)
    if answer.kind == BOXES:
        return Tile((one_line(name),), shown, shown_boxes(answer, score))
    if answer.kind == MASK and answer.found.ndim == 2:
        return Tile((one_line(name),), shown, answer.found)
    words = _in_numbers(answer.found) if answer.kind == NUMBERS else _in_shares(answer, classes)
    return Tile((one_line(name), words), shown)


def shown_boxes(answer: Answer, score: float | None) -> np.ndarray:
    """The boxes with a score that is high enough."""
    return answer.found[answer.found[:, 5] >= (SURE_SCORE if score is None else score)]


def write_tiles(out: str, tiles: Mapping[int, Tile], classes: Sequence[str]) -> Iterator[Path]:
    """Draw all into one file .svg, or each into a file of its own in a folder, which is made; gives their paths."""
    path = Path(out).expanduser()
    if path.suffix.lower() == ".svg":
        write_sheet(path, [[each] for each in tiles.values()], classes)
        yield path
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"predict: {path} cannot be made: {error.strerror or error}") from error
    taken: set[Path] = set()
    for place, each in tiles.items():
        stem = Path(each.captions[0]).stem
        target = path / f"{stem}.svg"
        if target in taken:  # of the same name in another folder
            target = path / f"{stem}-{place + 1}.svg"
        taken.add(target)
        write_sheet(target, [[each]], classes)
        yield target


def as_json(answer: Answer | Sequence[Guess], classes: Sequence[str], score: float | None) -> dict[str, Any]:
    """What is said of one picture, as JSON values."""
    if not isinstance(answer, Answer):
        return {"predictions": [{"class": guess.name, "index": guess.label, "probability": guess.probability} for guess in answer]}
    if answer.kind == BOXES:
        boxes = answer.found if score is None else shown_boxes(answer, score)
        return {"boxes": [[*row[:4], int(row[4]), row[5]] for row in boxes.tolist()], "classes": [classes[int(k)] for k in boxes[:, 4]]}
    if answer.kind == MASK:
        return {"size": list(answer.found.shape), "shares": answer.shares(classes)}
    return {"numbers": np.asarray(answer.found).tolist()}


def _in_shares(answer: Answer, classes: Sequence[str]) -> str:
    return ", ".join(f"{one_line(name)} {100 * share:.1f} %" for name, share in answer.shares(classes).items() if share)


def _in_numbers(values: np.ndarray) -> str:
    """All of a few numbers; of many, how many and their range."""
    flat = np.asarray(values, np.float64).ravel()
    if len(flat) <= MOST_NUMBERS:
        return "  ".join(f"{value:.5g}" for value in flat)
    shape = " x ".join(map(str, values.shape))
    return f"{shape} numbers from {flat.min():.5g} to {flat.max():.5g}, mean {flat.mean():.5g}; --format json has them"
