"""Runs side by side: a table with a column for each, and curves over the epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from minicnn.charts import Chart, Line
from minicnn.cli.render.console import natural_width, print_whole
from minicnn.cli.render.summary import table_of
from minicnn.cli.render.training import format_duration, format_loss
from minicnn.metrics import SHARES, SMALLER_IS_BETTER, figure, words
from minicnn.train.comparison import Contender, differences
from minicnn.train.spread import Spread

FEW = 3  # runs whose training curves can be told apart from the others in one chart


def print_run_comparison(console: Console, sides: Sequence[Contender]) -> None:
    """The table, in as many parts as it takes."""
    left = list(sides)
    changed = differences(sides)
    best = {name: _best(name, sides) for name in metric_names(sides)}
    while left:
        fitting = len(left)
        while fitting > 1 and natural_width(console, comparison_table(left[:fitting], sides, changed, best)) > console.width:
            fitting -= 1
        print_whole(console, Group(comparison_table(left[:fitting], sides, changed, best), Text()))
        left = left[fitting:]


def comparison_table(
    shown: Sequence[Contender], sides: Sequence[Contender], changed: dict[str, tuple[Any, ...]], best: dict[str, float | None]
) -> Table:
    """What some of the sides were set to where any of them differ, and what came of it; the best is green."""
    table = table_of("", *(f"{side.name}>" for side in shown))
    places = [sides.index(side) for side in shown]
    for name, values in changed.items():
        table.add_row(Text(name.replace("_", " ")), *(Text(setting_text(values[place])) for place in places))
    if changed:
        table.add_section()
    for name in metric_names(sides):
        table.add_row(Text(f"{watched(sides)} {words(name)}", "bold"), *(_metric_cell(side, name, best[name]) for side in shown))
    rows: list[tuple[str, Callable[[Contender], str]]] = [
        (f"{watched(sides)} loss", lambda side: spread_text(side.losses(), format_loss)),
        ("train loss", lambda side: spread_text(_last(side, "train_loss"), format_loss)),
        ("epochs done", lambda side: " - ".join(str(each) for each in sorted({len(run.history) for run in side.runs}))),
        ("training", lambda side: format_duration(sum(run.seconds for run in side.runs) / len(side.runs))),
        ("parameters", lambda side: " - ".join(f"{each:,}" for each in sorted({run.parameters for run in side.runs}))),
    ]
    for heading, cell in rows:
        table.add_row(Text(heading), *(Text(cell(side)) for side in shown))
    if any(len(side.runs) > 1 for side in shown):
        table.add_row(Text("seeds"), *(Text(str(len(side.runs))) for side in shown))
    if not all(run.finished for side in shown for run in side.runs):
        table.add_row(Text("finished"), *(Text("yes" if all(run.finished for run in side.runs) else "no") for side in shown))
    return table


def _metric_cell(side: Contender, name: str, best: float | None) -> Text:
    spread = side.figures().get(name)
    return Text(spread_text(spread, lambda value: figure(name, value)), "bold green" if spread and spread.mean == best else "bold")


def metric_names(sides: Sequence[Contender]) -> list[str]:
    """The metrics of any side."""
    return list(dict.fromkeys(name for side in sides for name in side.figures()))


def watched(sides: Sequence[Contender]) -> str:
    """Which images the figures in the end are of: test images, once all runs are finished or none holds images out."""
    held_out = {run.watched for side in sides for run in side.runs if not run.finished}
    return "test" if held_out <= {"test"} else "validation" if held_out == {"validation"} else "watched"


def spread_text(spread: Spread | None, text: Callable[[float], str]) -> str:
    """A number, or mean and standard deviation of several."""
    if spread is None:
        return "-"
    deviation = spread.standard_deviation
    return text(spread.mean) if deviation is None else f"{text(spread.mean).removesuffix(' %')} \u00b1 {text(deviation)}"


def setting_text(value: object) -> str:
    """A setting for a cell: seeds that differ as a list, what is not set as a dash."""
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(setting_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def charts(sides: Sequence[Contender]) -> list[Chart]:
    """Loss and metric over the epochs: with few runs both kinds of images in one chart, training dashed, else each in its own."""
    names = metric_names(sides)[:1]
    right = [("train_accuracy", "accuracy")] if names == ["accuracy"] else []
    kinds = [("train_loss", "loss"), *right]
    seen = [("loss", "loss"), *((name, name) for name in names)]
    label = "validation" if all(run.watched == "validation" for side in sides for run in side.runs) else "test"
    if len(sides) <= FEW:
        return [
            Chart(
                f"{words(title)} (training dashed)" if any(of == title for _, of in kinds) else words(title),
                (
                    *_lines(sides, key, label),
                    *(line for other, of in kinds if of == title for line in _lines(sides, other, "training", True)),
                ),
                "epoch",
                _unit(title),
            )
            for key, title in seen
        ]
    found = [("training", kinds), (label, seen)]
    return [Chart(f"{where} {words(title)}", _lines(sides, key), "epoch", _unit(title)) for where, each in found for key, title in each]


def _lines(sides: Sequence[Contender], key: str, where: str = "", dashed: bool = False) -> tuple[Line, ...]:
    scale = 100 if key in SHARES or key == "train_accuracy" else 1
    curves = [(side, *side.curve(key)) for side in sides]
    return tuple(
        Line(f"{side.name} {where}".strip(), epochs, [scale * value for value in values], dashed, points=len(epochs) == 1)
        for side, epochs, values in curves
        if epochs
    )


def _unit(name: str) -> str:
    return f"{words(name)}, %" if name in SHARES else words(name)


def _last(side: Contender, key: str) -> Spread | None:
    values = [getattr(run.history[-1], key) for run in side.runs if run.history]
    return Spread.of(values) if values else None


def _best(name: str, sides: Sequence[Contender]) -> float | None:
    means = [side.figures()[name].mean for side in sides if name in side.figures()]
    if len(means) < 2:
        return None
    return min(means) if name in SMALLER_IS_BETTER else max(means)
