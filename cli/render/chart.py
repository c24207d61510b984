"""Figures on a terminal: curves of Braille dots, bars of blocks, pictures of half blocks; letters where there is no colour."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.text import Text

from minicnn.charts.axes import Axis, Frame, bar_step, frame
from minicnn.charts.colours import ON_ANY
from minicnn.charts.plot import thinned
from minicnn.charts.records import Bars, Chart, Figure, Line, PictureGrid
from minicnn.cli.render.data import can_draw_blocks
from minicnn.cli.render.picture_grid import grid_lines

ROWS, MOST_COLUMNS, LEAST_COLUMNS = 12, 72, 20
PIPE_COLUMNS = 80  # of a whole figure in a pipe
WORD = 24  # characters of a word beside its bar
EMPTY = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a Braille character, by row and column
EIGHTHS = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589"  # of a block, from the left
LETTER_EVERY = 12  # columns between the letters on a curve

Mask = npt.NDArray[np.bool_]  # dots (4 * rows, 2 * columns) of a mark


def print_figure(console: Console, figure: Figure | Sequence[Figure]) -> None:
    """Print a figure, or several below each other, as wide as the console."""
    figures = [figure] if isinstance(figure, Chart | PictureGrid) else list(figure)
    for number, each in enumerate(figures):
        if number:
            console.print()
        lines = chart_lines(console, each) if isinstance(each, Chart) else grid_lines(console, each)
        for line in lines:
            console.print(line, no_wrap=True, crop=False, overflow="ignore")


def chart_lines(console: Console, chart: Chart) -> list[Text]:
    """A chart as lines of text: title, legend, plot."""
    colours, unicode = can_draw_blocks(console), console.encoding.startswith("utf")
    room = console.width if console.is_terminal else min(console.width, PIPE_COLUMNS)
    lines = [Text(chart.title, "bold")]
    if len(chart.marks) > 1:
        lines += _legend(chart, colours, unicode, room)
    if chart.y_label:
        lines.append(Text(chart.y_label, "dim"))
    if not any(np.isfinite(mark.y).any() for mark in chart.marks):
        return [*lines, Text("no numbers", "dim")]
    if chart.words:
        return lines + _horizontal_bars(chart, colours, unicode, room)
    axes = frame(chart, most_x=max(2, min(MOST_COLUMNS, room) // 10), most_y=6)
    beside = max((len(tick.label) for tick in axes.y.ticks), default=0)
    columns = max(LEAST_COLUMNS, min(MOST_COLUMNS, room - beside - 2))
    masks = [_mask(chart, n, axes, columns) for n in range(len(chart.marks))]
    labels = {_row(axes.y, tick.value): tick.label for tick in reversed(axes.y.ticks)}
    for row, cells in enumerate(_cells(masks, columns, colours, unicode)):
        side = ("\u2524" if row in labels else "\u2502") if unicode else ("+" if row in labels else "|")
        lines.append(Text(f"{labels.get(row, ''):>{beside}} {side}").append_text(cells))
    return lines + _x_axis(chart, axes.x, beside, columns, unicode)


def _style(n: int, colours: bool) -> str:
    return "rgb({},{},{})".format(*ON_ANY[n % len(ON_ANY)]) if colours else ""


def _letter(n: int) -> str:
    return ascii_lowercase[n % len(ascii_lowercase)]


def _legend(chart: Chart, colours: bool, unicode: bool, room: int) -> list[Text]:
    """A sample and a name for each mark, in lines that fit."""
    lines = [Text()]
    for n, mark in enumerate(chart.marks):
        solid, broken = ("\u2501\u2501", "\u254d\u254d") if unicode else ("--", "- ")
        sample = _letter(n) if not colours else "\u2588\u2588" if isinstance(mark, Bars) else broken if mark.dashed else solid
        entry = Text.assemble((sample, _style(n, colours)), " ", mark.name)
        if lines[-1].plain and lines[-1].cell_len + 3 + entry.cell_len > room:
            lines.append(Text())
        lines[-1].append("   " if lines[-1].plain else "").append_text(entry)
    return lines


def _row(axis: Axis, value: float) -> int:
    return int(np.clip(np.rint((1 - axis.places([value])[0]) * (4 * ROWS - 1)), 0, 4 * ROWS - 1)) // 4


def _mask(chart: Chart, n: int, axes: Frame, columns: int) -> Mask:
    """The dots of a mark."""
    H, W = 4 * ROWS, 2 * columns
    dots = np.zeros((H, W), bool)
    mark = chart.marks[n]
    if isinstance(mark, Line):
        x, y = thinned(axes.x.places(mark.x), axes.y.places(mark.y), 2 * W)
        across, down = x * (W - 1), (1 - np.clip(y, -5, 6)) * (H - 1)
        known = np.isfinite(across) & np.isfinite(down)
        for i in np.flatnonzero(known):
            j = i - 1 if i and known[i - 1] else i
            count = 1 + int(np.ceil(max(abs(across[i] - across[j]), abs(down[i] - down[j]))))
            w, h = (np.rint(np.linspace(way[j], way[i], count)).astype(int) for way in (across, down))
            inside = (h >= 0) & (h < H) & (w >= 0) & (w < W) & (not mark.dashed or w // 3 % 2 == 0)
            dots[h[inside], w[inside]] = True
        return dots
    half = bar_step(chart) / 2
    base = 0.0 if axes.y.log else float(np.clip(axes.y.places([0.0])[0], 0, 1))
    xs = [float(x) for x in mark.x]
    for centre, place in zip(xs, np.clip(axes.y.places(mark.y), 0, 1).tolist(), strict=True):
        left, right = (axes.x.places([centre - half, centre + half]) * W).tolist()
        if np.isfinite([left, right, place]).all():
            top, bottom = sorted(np.rint((1 - np.array([base, place])) * (H - 1)).astype(int).tolist())
            dots[top : bottom + 1, max(0, round(left)) : max(round(left) + 1, round(right))] = True
    return dots


def _cells(masks: Sequence[Mask], columns: int, colours: bool, unicode: bool) -> list[Text]:
    """The rows of the plot; where marks cross, the later one is on top."""
    signs = np.full((ROWS, columns), chr(EMPTY) if unicode else " ", dtype="<U1")
    owner = np.full((ROWS, columns), -1)
    braille = np.zeros((ROWS, columns), int)
    for n, mask in enumerate(masks):
        used = mask.reshape(ROWS, 4, columns, 2).any(axis=(1, 3))
        owner[used] = n
        braille += sum(bit * mask[row::4, column::2] for row, bits in enumerate(DOTS) for column, bit in enumerate(bits)) & ~braille
        if not unicode:
            signs[used] = _letter(n) if len(masks) > 1 else "*"
    if unicode:
        signs = np.vectorize(lambda bits: chr(EMPTY + bits), otypes=["<U1"])(braille)
        if len(masks) > 1 and not colours:
            _mark_with_letters(signs, masks)
    lines = []
    for row in range(ROWS):
        line = Text()
        for sign, n in zip(signs[row].tolist(), owner[row].tolist(), strict=True):
            line.append(sign, _style(n, colours) if n >= 0 else "")
        lines.append(line)
    return lines


def _mark_with_letters(signs: npt.NDArray[np.str_], masks: Sequence[Mask]) -> None:
    """Letters on the curves, those of different curves in different columns."""
    every = max(LETTER_EVERY, 3 * len(masks))
    for n, mask in enumerate(masks):
        used: Mask = np.logical_or.reduce(mask.reshape(ROWS, 4, -1, 2), axis=(1, 3))
        for column in range(1 + n * every // len(masks), used.shape[1], every):
            rows = np.flatnonzero(used[:, column])
            if len(rows):
                signs[rows[0], column] = _letter(n)


def _x_axis(chart: Chart, axis: Axis, beside: int, columns: int, unicode: bool) -> list[Text]:
    """The axis, its labels where they have room, and what it counts."""
    corner, along, cross = ("\u2514", "\u2500", "\u253c") if unicode else ("+", "-", "+")
    line, words = [along] * columns, [" "] * columns
    for tick, share in zip(axis.ticks, axis.places([tick.value for tick in axis.ticks]), strict=True):
        place = min(columns - 1, round(float(share) * (columns - 1)))
        line[place] = cross
        begin = max(0, min(place - len(tick.label) // 2 if place else 0, columns - len(tick.label)))
        if all(each == " " for each in words[max(0, begin - 1) : begin + len(tick.label) + 1]):
            words[begin : begin + len(tick.label)] = tick.label
    shown = [Text(" " * (beside + 1) + corner + "".join(line)), Text(" " * (beside + 2) + "".join(words).rstrip())]
    return [*shown, Text(" " * (beside + 2) + chart.x_label.center(columns).rstrip(), "dim")] if chart.x_label else shown


def _horizontal_bars(chart: Chart, colours: bool, unicode: bool, room: int) -> list[Text]:
    """A bar to the right for every word and mark, with its number."""
    axes = frame(chart, most_x=2, most_y=5)
    beside = min(WORD, max(map(len, chart.words)))
    several = len(chart.marks) > 1
    numbers = {(n, i): f"{y:.4g}" for n, mark in enumerate(chart.marks) for i, y in enumerate(mark.y)}
    wide = max(LEAST_COLUMNS, min(MOST_COLUMNS, room - beside - 4 - max(map(len, numbers.values()), default=0)))
    base = 0.0 if axes.y.log else float(np.clip(axes.y.places([0.0])[0], 0, 1)) * wide
    lines = []
    for place, word in enumerate(chart.words):
        name = word if len(word) <= beside else f"{word[: beside - 1]}\u2026"
        for n, mark in enumerate(chart.marks):
            keys = chart.words if isinstance(mark, Bars) else range(len(chart.words))
            for i, (x, y) in enumerate(zip(mark.x, mark.y, strict=True)):
                if x != keys[place]:
                    continue
                sign = f"{_letter(n)} " if several and not colours else ""
                line = Text(f"{name:>{beside}} {sign}")
                line.append(_bar(base, float(np.clip(axes.y.places([y])[0], 0, 1)) * wide, unicode), _style(n, colours))
                lines.append(line.append(f" {numbers[n, i]}"))
                name = ""
    return lines


def _bar(base: float, end: float, unicode: bool) -> str:
    """From the base to the end, in characters; both count from the left."""
    if not np.isfinite(end):
        return " " * round(base)
    left, right = sorted((base, end))
    if not unicode:
        return " " * round(left) + "#" * (round(right) - round(left))
    full, eighths = divmod(round(8 * (right - round(left))), 8)
    if left == end:  # to the left of the base
        return " " * round(left) + "\u2588" * (round(right) - round(left))
    return " " * round(left) + "\u2588" * full + EIGHTHS[eighths].strip()
