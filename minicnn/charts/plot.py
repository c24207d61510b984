"""A chart as SVG: title, legend, grid, axes, bars, curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.charts.axes import BAR, Frame, bar_step, frame
from minicnn.charts.colours import ON_LIGHT
from minicnn.charts.lettering import text, width, wrapped
from minicnn.charts.records import Bars, Chart, Line
from minicnn.markup import shown

TITLE, LETTER = 14, 12  # sizes of letters
ROW = 18  # of a line of text
EDGE = 8  # around everything
SAMPLE = 22  # of a line in the legend
DOT = 2.6
HEIGHT = 0.5  # of the plot, for its width
LOWEST, HIGHEST = 150, 340
TURN = 35  # degrees, of words that are too long to stand side by side


class Room(NamedTuple):
    """Where the plot is, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def chart_marks(chart: Chart, total: float, key: str) -> tuple[list[str], float]:
    """The elements of a chart `total` pixels wide, and its height; `key` is a name that no other drawing has."""
    marks: list[str] = []
    y = 0.0
    for line in wrapped(chart.title, total - 2 * EDGE, TITLE, 3):
        y += ROW + 2
        marks.append(text(EDGE, y - 4, line, "title"))
    if len(chart.marks) > 1:
        legend, y = _legend(chart, total, y + 4)
        marks += legend
    y_label = chart.y_label or (chart.marks[0].name if len(chart.marks) == 1 and chart.marks[0].name != chart.title else "")
    if y_label:
        y += ROW
        marks.append(text(EDGE, y - 3, y_label, "dim"))
    top = y + 10
    height = min(HIGHEST, max(LOWEST, HEIGHT * total))
    axes = frame(chart, most_x=max(2, int(total / 80)), most_y=max(5, int(height / 42)))
    left = EDGE + 8 + max((width(tick.label, LETTER) for tick in axes.y.ticks), default=0)
    room = Room(left, top, total - EDGE - _beyond(axes), top + height)
    below, y = _x_axis(chart, axes, room)
    name = f"mc-{key}"
    marks += [
        *_y_axis(axes, room),
        *below,
        f'<clipPath id="{name}"><rect x="{room.left - DOT:.1f}" y="{room.top - DOT:.1f}" width="{room.right - room.left + 2 * DOT:.1f}"'
        f' height="{room.bottom - room.top + 2 * DOT:.1f}"/></clipPath>',
        f'<g clip-path="url(#{name})">',
        *_drawn(chart, axes, room),
        "</g>",
    ]
    if not any(np.isfinite(mark.y).any() for mark in chart.marks):
        marks.append(text((room.left + room.right) / 2, (room.top + room.bottom) / 2, "no numbers", "dim", "middle"))
    return marks, y


def described(chart: Chart) -> str:
    """What a chart shows, for those who do not see it."""
    over = f" over {chart.x_label}" if chart.x_label else ""
    parts = [_in_words(mark, chart.words) for mark in chart.marks]
    return f"{chart.title}: {chart.y_label or 'values'}{over}. {' '.join(parts)}".strip()


def _in_words(mark: Line | Bars, words: tuple[str, ...]) -> str:
    known = [(x, y) for x, y in zip(mark.x, mark.y, strict=True) if np.isfinite(y)]
    if not known:
        return f"{mark.name}: no numbers.".removeprefix(": ")
    if words and len(known) <= 20 and isinstance(mark, Bars):
        return f"{mark.name}: {', '.join(f'{x} {y:.3g}' for x, y in known)}."
    ys = [y for _, y in known]
    ends = f"from {ys[0]:.3g} to {ys[-1]:.3g}, least {min(ys):.3g}, greatest {max(ys):.3g}"
    return f"{mark.name}: {len(known)} {'bars' if isinstance(mark, Bars) else 'points'}, {ends}.".removeprefix(": ")


def _legend(chart: Chart, total: float, y: float) -> tuple[list[str], float]:
    """A sample and the name of each mark, in as many rows as they need."""
    marks, x = [], float(EDGE)
    y += ROW
    for n, mark in enumerate(chart.marks):
        name = wrapped(mark.name, total - 2 * EDGE - SAMPLE, LETTER, 1)[0] if mark.name.split() else ""
        wide = SAMPLE + 5 + width(name, LETTER)
        if x > EDGE and x + wide > total - EDGE:
            x, y = float(EDGE), y + ROW
        if isinstance(mark, Bars):
            marks.append(f'<rect class="{_kind(n)} mc-fill" x="{x + 5:.1f}" y="{y - 12:.1f}" width="12" height="10"/>')
        else:
            marks.append(f'<path class="{_kind(n)} mc-line{_dashes(mark)}" d="M{x:.1f} {y - 7:.1f}h{SAMPLE}"/>')
        if isinstance(mark, Line) and mark.points:
            marks.append(f'<circle class="{_kind(n)} mc-fill" cx="{x + SAMPLE / 2:.1f}" cy="{y - 7:.1f}" r="{DOT}"/>')
        marks.append(text(x + SAMPLE + 5, y - 3, name))
        x += wide + 16
    return marks, y


def _beyond(axes: Frame) -> float:
    """How far the last label under the plot reaches beyond it."""
    if axes.words or not axes.x.ticks:
        return 0.0
    return width(axes.x.ticks[-1].label, LETTER) / 2


def _y_axis(axes: Frame, room: Room) -> Iterator[str]:
    for tick, place in zip(axes.y.ticks, axes.y.places([tick.value for tick in axes.y.ticks]), strict=True):
        y = room.bottom - place * (room.bottom - room.top)
        yield f'<path class="mc-grid" d="M{room.left:.1f} {y:.1f}H{room.right:.1f}"/>'
        yield text(room.left - 6, y + 4, tick.label, "tick", "end")


def _x_axis(chart: Chart, axes: Frame, room: Room) -> tuple[list[str], float]:
    """The axis below the plot, and the lowest pixel it uses."""
    marks = [f'<path class="mc-axis" d="M{room.left:.1f} {room.bottom:.1f}H{room.right:.1f}"/>']
    slot = (room.right - room.left) / max(1, len(axes.words))
    longest = max((width(word, LETTER) for word in axes.words), default=0)
    turned = bool(axes.words) and longest > slot - 4
    every = max(1, int(np.ceil(14 / slot))) if turned else 1
    for n, tick in enumerate(axes.x.ticks):
        x = room.left + float(axes.x.places([tick.value])[0]) * (room.right - room.left)
        if not axes.words:
            marks.append(f'<path class="mc-axis" d="M{x:.1f} {room.bottom:.1f}v4"/>')
        if n % every == 0:
            label = wrapped(tick.label, 110, LETTER, 1)[0] if turned and tick.label.split() else tick.label
            marks.append(
                text(x + 4, room.bottom + 14, label, "tick", "end", -TURN) if turned else text(x, room.bottom + 17, label, "tick", "middle")
            )
    y = room.bottom + (18 + min(longest, 110) * np.sin(np.radians(TURN)) if turned else 20)
    if chart.x_label:
        y += ROW
        marks.append(text((room.left + room.right) / 2, y - 3, chart.x_label, "dim", "middle"))
    return marks, float(y) + 4


def _drawn(chart: Chart, axes: Frame, room: Room) -> Iterator[str]:
    bars = [n for n, mark in enumerate(chart.marks) if isinstance(mark, Bars)]
    for n in bars:
        yield from _bars(chart, n, bars.index(n), len(bars), axes, room)
    for n, mark in enumerate(chart.marks):
        if isinstance(mark, Line):
            yield from _line(mark, n, axes, room)


def _bars(chart: Chart, n: int, place: int, beside: int, axes: Frame, room: Room) -> Iterator[str]:
    mark = chart.marks[n]
    step = bar_step(chart)
    share = BAR if chart.words else 1.0
    starts = [axes.words.index(x) if isinstance(x, str) else float(x) for x in mark.x] if axes.words else [float(x) for x in mark.x]
    edges = np.array(starts) - step * share / 2 + step * share * place / beside
    lefts, rights = (room.left + axes.x.places(edge) * (room.right - room.left) for edge in (edges, edges + step * share / beside))
    base = 0.0 if axes.y.log else float(np.clip(axes.y.places([0.0])[0], 0, 1))
    tops = axes.y.places(mark.y)
    for x, y, left, right, top in zip(mark.x, mark.y, lefts, rights, tops, strict=True):
        if not np.isfinite([left, right, top]).all():
            continue
        low, high = sorted(room.bottom - each * (room.bottom - room.top) for each in (base, np.clip(top, -0.1, 1.1)))
        hint = shown(f"{mark.name} {x if isinstance(x, str) else f'{x:g}'}: {y:.4g}".strip())
        gap = 1.0 if right - left > 4 else 0.0
        yield (
            f'<rect class="{_kind(n)} mc-fill" x="{left:.1f}" y="{low:.1f}" width="{max(0.5, right - left - gap):.1f}"'
            f' height="{high - low:.1f}"><title>{hint}</title></rect>'
        )


def _line(mark: Line, n: int, axes: Frame, room: Room) -> Iterator[str]:
    x, y = axes.x.places(mark.x), axes.y.places(mark.y)
    if not mark.points:
        x, y = thinned(x, y, 2 * int(room.right - room.left))
    across = room.left + x * (room.right - room.left)
    down = room.bottom - np.clip(y, -5, 6) * (room.bottom - room.top)
    known = np.isfinite(across) & np.isfinite(down)
    path, alone = [], []
    places = np.flatnonzero(known).tolist()
    for place in places:
        goes_on = place > 0 and known[place - 1]
        path.append(f"{'L' if goes_on else 'M'}{across[place]:.1f} {down[place]:.1f}")
        if not goes_on and not (place + 1 < len(known) and known[place + 1]):
            alone.append(place)
    yield f'<path class="{_kind(n)} mc-line{_dashes(mark)}" d="{"".join(path)}"/>'
    for place in places if mark.points else alone:
        hint = f"<title>{shown(f'{mark.name} {mark.x[place]:g}: {mark.y[place]:.4g}'.strip())}</title>" if mark.points else ""
        yield f'<circle class="{_kind(n)} mc-fill" cx="{across[place]:.1f}" cy="{down[place]:.1f}" r="{DOT}">{hint}</circle>'


def thinned(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], most: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A long curve from left to right with the same look: of each of `most` strips, its least and its greatest value."""
    if len(x) <= 2 * most or not np.isfinite(x).all() or (np.diff(x) < 0).any():
        return x, y
    kept: list[int] = []
    for part in np.array_split(np.arange(len(x)), most):
        finite = part[np.isfinite(y[part])]
        gaps = part[~np.isfinite(y[part])][:1]
        kept += sorted({*gaps.tolist(), *([int(finite[y[finite].argmin()]), int(finite[y[finite].argmax()])] if len(finite) else [])})
    return x[kept], y[kept]


def _kind(n: int) -> str:
    return f"mc-s{n % len(ON_LIGHT)}"


def _dashes(mark: Line) -> str:
    return " mc-dashed" if mark.dashed else ""
