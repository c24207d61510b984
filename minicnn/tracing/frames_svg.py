"""Steps of a convolution as an SVG: one frame a step, in a grid; input, weights and output side by side, light or dark as its reader has it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isnan

import numpy as np

from minicnn.charts.lettering import text, width
from minicnn.charts.sheet import STYLE
from minicnn.markup import shown
from minicnn.tracing.frame_lines import BETWEEN
from minicnn.tracing.frames import Cell, Frames, Step

PAGE = 1440  # pixels, at most, where frames are narrower
SIZES = (34, 30, 26, 24, 22, 20, 16, 12, 10, 8)  # pixels of a cell: the largest by which a row holds enough frames
ABREAST = {1: 1, 2: 2, 3: 3, 4: 2}  # frames, where there are so few
GAP, MARGIN, APART, HEAD, CAPTION, SLICE = 26, 18, 34, 52, 20, 6
WORD = 26  # more room for a word than for a sign
NUMBER, CORNER = 0.4, 0.29  # of a cell: sizes of its number, and of the weight in its corner
LEAST_TEXT = 7.0

OWN = (
    ".mc-cell{stroke:#ffffff;stroke-width:1.2}.mc-in{fill:#a8d0f0}.mc-read{fill:#2f7fc1}.mc-won{fill:#d55e00}"
    ".mc-w{fill:#f3c77e}.mc-out{fill:#a6dccb}.mc-now{fill:#0b7f62}"
    ".mc-pad{fill:none;stroke:#9aa5b1;stroke-width:1;stroke-dasharray:2.5 2.5}.mc-padread{fill:#d5e3ef;stroke:#2f7fc1;stroke-width:1;stroke-dasharray:2.5 2.5}"
    ".mc-later{fill:none;stroke:#c3cbd3;stroke-width:1}.mc-window{fill:none;stroke:#154a78;stroke-width:2}"
    ".mc-num{fill:#17202a;font-weight:500}.mc-numread{fill:#ffffff;font-weight:600}.mc-corner{fill:#e3f0fb}.mc-cornerpad{fill:#33658c}"
    ".mc-sign{fill:#59636e}"
    "@media screen and (prefers-color-scheme:dark){.mc-cell{stroke:#15191e}.mc-in{fill:#24496a}.mc-read{fill:#4fa3e3}.mc-won{fill:#e69f00}"
    ".mc-w{fill:#7a5a20}.mc-out{fill:#1d5748}.mc-now{fill:#35b894}.mc-pad{stroke:#59636e}.mc-padread{fill:#1c2e3f;stroke:#4fa3e3}"
    ".mc-later{stroke:#3a424b}.mc-window{stroke:#cfe6fa}.mc-num{fill:#e6edf3}.mc-numread{fill:#0d1117}.mc-corner{fill:#0d2233}"
    ".mc-cornerpad{fill:#9dc6e8}.mc-sign{fill:#9da7b3}}"
)


class Grid:
    """Where the cells of a block of slices lie; slices below each other."""

    def __init__(self, shape: Sequence[int], x: float, y: float, size: float) -> None:
        self.shape, self.x, self.y, self.size = shape, x, y, size

    @property
    def width(self) -> float:
        return self.shape[2] * self.size

    @property
    def height(self) -> float:
        return height(self.shape, self.size)

    def corner(self, cell: Cell) -> tuple[float, float]:
        slice_, row, column = cell
        return self.x + column * self.size, self.y + slice_ * (self.shape[1] * self.size + SLICE) + row * self.size

    def rectangle(self, cell: Cell, kind: str, share: float = 1.0) -> str:
        """A cell; the lower its `share` of the largest number, the paler."""
        x, y = self.corner(cell)
        pale = "" if share == 1.0 else f' fill-opacity="{0.3 + 0.7 * share:.2f}"'
        return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{self.size:.1f}" height="{self.size:.1f}" rx="1.5"{pale}/>'

    def number(self, cell: Cell, words: str, kind: str = "num") -> str:
        size = fitting(words, self.size, NUMBER)
        if not size:
            return ""
        x, y = self.corner(cell)
        return written(x + self.size / 2, y + self.size / 2 + 0.36 * size, words, kind, size)


def height(shape: Sequence[int], size: float) -> float:
    return shape[0] * (shape[1] * size + SLICE) - SLICE


def fitting(words: str, cell: float, share: float) -> float:
    """The size of text in a cell; 0 where it would be too small to read."""
    size = cell * share
    if words and width(words, size) > 0.92 * cell:
        size *= 0.92 * cell / width(words, size)
    return size if size >= LEAST_TEXT else 0.0


def written(x: float, y: float, words: str, kind: str, size: float, anchor: str = "middle") -> str:
    return f'<text class="mc-{kind}" x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" text-anchor="{anchor}">{shown(words)}</text>'


def numbers(values: np.ndarray) -> dict[float, str]:
    """How the numbers of a grid are written: whole ones as they are, others with two digits behind the point."""
    known = [float(value) for value in np.unique(values[np.isfinite(values)])]
    whole = all(value == int(value) for value in known)
    return {value: f"{value:.0f}" if whole else f"{value:.2f}".replace("-0.", "-.").removeprefix("0") or "0" for value in known}


def svg(frames: Frames) -> str:
    """The text of an SVG, self-contained, without a script."""
    filters = [step.filter for step in frames.steps if step.filter is not None]
    taps = max((each.shape for each in filters), key=lambda shape: shape[2]) if filters else (0, 0, 0)
    signs = 2 * GAP if filters else GAP + WORD
    cells = frames.source.shape[2] + taps[2] + frames.result.shape[2]
    wanted = 1 if frames.axis_count == 1 else ABREAST.get(len(frames.steps), 3)
    room = {pixels: int((PAGE - MARGIN) // (cells * pixels + signs + APART)) for pixels in SIZES}
    size = next((pixels for least in range(wanted, 0, -1) for pixels in SIZES if room[pixels] >= least), SIZES[-1])
    own = cells * size + signs
    tall = max(height(each, size) for each in (frames.source.shape, frames.result.shape, *([taps] if filters else []))) + CAPTION
    columns = 1 if frames.axis_count == 1 else max(1, min(len(frames.steps), room[size]))
    if columns >= frames.result.shape[2] > 1:
        columns -= columns % frames.result.shape[2]  # a row of frames is a row of the output, or several
    rows = ceil(len(frames.steps) / columns)
    page = max(columns * (own + APART) + MARGIN, 420.0)
    whole = HEAD + rows * (tall + MARGIN) + 10
    notes = ". ".join(each for each in (frames.subtitle, frames.summary if frames.total > len(frames.steps) else "") if each)
    body = [text(MARGIN, 24, frames.title, "title"), *([text(MARGIN, 42, notes, "small")] if notes else [])]
    for place, step in enumerate(frames.steps):
        x, y = MARGIN + (place % columns) * (own + APART), HEAD + (place // columns) * (tall + MARGIN)
        body += frame(frames, step, x, y, size, taps if filters else None, tall)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="mc-sheet" role="img" aria-label="{shown(frames.title)}" width="{page:.0f}"'
            f' height="{whole:.0f}" viewBox="0 0 {page:.0f} {whole:.0f}">',
            f"<title>{shown(frames.title)}</title>",
            f"<desc>{shown(f'{frames.summary}: what each output reads of the input')}</desc>",
            f"<style>{STYLE}{OWN}</style>",
            f'<rect class="mc-back" width="{page:.0f}" height="{whole:.0f}"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def frame(frames: Frames, step: Step, x: float, y: float, size: float, taps: Sequence[int] | None, tall: float) -> list[str]:
    """One step: a caption, then input, weights and output, centred on one line."""
    room = tall - CAPTION
    source = Grid(frames.source.shape, x, y + CAPTION + (room - height(frames.source.shape, size)) / 2, size)
    middle = y + CAPTION + room / 2 + 5
    value = frames.result[step.place]
    marks = [text(x, y + 12, f"{step.letters}:  {value:.4g}", "small")]
    marks += source_marks(frames, step, source)
    at = source.x + source.width
    if taps is not None:
        marks.append(written(at + GAP / 2, middle, "\u2217" if frames.word == "*" else frames.word, "sign", 15))
        weights = Grid(taps, at + GAP, y + CAPTION + (room - height(taps, size)) / 2, size)
        marks += filter_marks(step, weights)
        at = weights.x + weights.width
        marks.append(written(at + GAP / 2, middle, "=", "sign", 15))
    else:
        marks.append(written(at + (GAP + WORD) / 2, middle, frames.word, "sign", 12))
        at += WORD
    result = Grid(frames.result.shape, at + GAP, y + CAPTION + (room - height(frames.result.shape, size)) / 2, size)
    words, pale = numbers(frames.result), shares(frames.result, size)
    for n, cell in enumerate(np.ndindex(frames.result.shape)):
        kind = "mc-cell mc-now" if n == step.number else "mc-cell mc-out" if n < step.number else "mc-later"
        share = float(pale[cell]) if n < step.number else 1.0
        marks.append(result.rectangle(cell, kind, share))  # type: ignore[arg-type]
        if n <= step.number and not isnan(frames.result[cell]):
            marks.append(result.number(cell, words.get(float(frames.result[cell]), ""), "numread" if n == step.number else "num"))  # type: ignore[arg-type]
    return [each for each in marks if each]


def shares(values: np.ndarray, size: float) -> np.ndarray:
    """From 0 for the least number to 1 for the largest, where cells are too small for numbers; else 1."""
    known = values[np.isfinite(values)]
    words = numbers(values).values()
    if not known.size or known.min() == known.max() or any(fitting(word, size, NUMBER) for word in words):
        return np.ones(values.shape)
    return np.nan_to_num((values - known.min()) / (known.max() - known.min()), nan=1.0, posinf=1.0, neginf=0.0)


def source_marks(frames: Frames, step: Step, grid: Grid) -> list[str]:
    """The input, its padding dashed; what is read dark, each with its weight in the corner."""
    marks, words, pale = [], numbers(frames.source), shares(frames.source, grid.size)
    reads = {read.cell: read for read in step.reads}
    weights = numbers(np.array([read.weight for read in step.reads if read.weight is not None], np.float64))
    for cell in np.ndindex(frames.source.shape):
        own: Cell = cell  # type: ignore[assignment]
        real, read = frames.holds[cell] == 0, reads.get(own)
        if own == step.winner:
            kind = "mc-cell mc-won"
        elif real:
            kind = "mc-cell mc-read" if read else "mc-cell mc-in"
        else:
            kind = "mc-padread" if read else "mc-pad"
        marks.append(grid.rectangle(own, kind, float(pale[cell]) if real and not read else 1.0))
        if real and not isnan(frames.source[cell]):
            marks.append(grid.number(own, words[float(frames.source[cell])], "numread" if read else "num"))
        elif frames.holds[cell] == BETWEEN:
            marks.append(grid.number(own, "0", "sign"))
        if read and read.weight is not None and frames.word == "*":
            word = weights[read.weight]
            small = fitting(word, grid.size * 0.6, CORNER / 0.6)
            x, y = grid.corner(own)
            if small:
                marks.append(written(x + grid.size - 2.5, y + grid.size - 3, word, "corner" if real else "cornerpad", small, "end"))
    return [*marks, *outlines(step, grid)]


def outlines(step: Step, grid: Grid) -> list[str]:
    """A frame around what is read, slice by slice."""
    marks = []
    for slice_ in sorted({read.cell[0] for read in step.reads}):
        cells = [read.cell for read in step.reads if read.cell[0] == slice_]
        top, left = min(row for _, row, _ in cells), min(column for _, _, column in cells)
        bottom, right = max(row for _, row, _ in cells), max(column for _, _, column in cells)
        x, y = grid.corner((slice_, top, left))
        wide, tall = (right - left + 1) * grid.size, (bottom - top + 1) * grid.size
        marks.append(f'<rect class="mc-window" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="2"/>')
    return marks


def filter_marks(step: Step, grid: Grid) -> list[str]:
    """The weights of this step as they lie over the input."""
    if step.filter is None:
        return []
    words, marks = numbers(step.filter), []
    for cell in np.ndindex(step.filter.shape):
        own: Cell = cell  # type: ignore[assignment]
        marks += [grid.rectangle(own, "mc-cell mc-w"), grid.number(own, words.get(float(step.filter[cell]), ""))]
    return marks
