"""The time an image over the batch: a table with its cliffs marked, the curve, and the verdict in a line."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from minicnn.bench import MOST_RISE, OURS, Curve
from minicnn.charts import Chart, Line
from minicnn.cli.render.bench_tables import new_table, ratio_text, seconds
from minicnn.cli.render.chart import print_figure
from minicnn.cli.render.console import print_whole

CLIFF = f"{100 * (MOST_RISE - 1):.0f} %"

MEANINGS = {
    "an image": (("curve",), "the time of a batch over its images, the median of the looks; all batches are timed in turn in each look."),
    "Rise": (("curve",), f"from one image less, the median of the looks; a cliff above {CLIFF}."),
    "Ratio": (("curve",), "the best peer's time over ours: above 1 we are faster."),
}


def print_curve(console: Console, curve: Curve) -> None:
    """Table, chart, verdict."""
    print_whole(console, curve_table(curve))
    console.print()
    print_figure(console, curve_chart(curve))
    console.print(Text(f"{curve.name} {curve.work}: {verdict(curve)}", "red" if curve.cliffs() else "green"), soft_wrap=True)


def curve_table(curve: Curve) -> Table:
    """A line for each batch."""
    peers = len(curve.looks) > 1
    table = new_table(
        f"{curve.name} {curve.work}", "a batch>", "an image>", "Rise>", "", *(["best peer,\nan image>", "Ratio>"] if peers else [])
    )
    columns = (curve.batches, curve.looks[0].image_seconds(), curve.rises(), curve.best_peer_seconds())
    for batch, own, rise, other in zip(*columns, strict=True):
        against: list[str | Text] = [seconds(other), ratio_text(None if other is None else other / own, curve.disturbed)]
        steep = rise is not None and rise > MOST_RISE
        table.add_row(
            f"{batch} image{'s' * (batch > 1)}",
            seconds(batch * own),
            Text(seconds(own), "cyan"),
            "" if rise is None else Text(percent(rise), "bold red" if steep else "dim"),
            Text("cliff" + "?" * curve.disturbed if steep else "", "bold red"),
            *(against if peers else []),
        )
    return table


def curve_chart(curve: Curve) -> Chart:
    """Our curve, and the best peer's; milliseconds an image."""
    lines = [Line(OURS, curve.batches, [1e3 * each for each in curve.looks[0].image_seconds()])]
    if len(curve.looks) > 1:
        lines.append(Line("best peer", curve.batches, [1e3 * (each or 0.0) for each in curve.best_peer_seconds()], dashed=True))
    title = f"{curve.name} {curve.work}"
    return Chart(title, tuple(lines), x_label="images at once", y_label="milliseconds an image", log_x=True, log_y=True)


def verdict(curve: Curve) -> str:
    """The cliffs, or how steep it is where it rises most."""
    cliffs = curve.cliffs()
    if cliffs:
        listed = ", ".join(f"{each.before} to {each.batch} {percent(each.rise)}" for each in cliffs)
        return f"{len(cliffs)} cliff{'s' * (len(cliffs) > 1)}: {listed}"
    steepest = curve.steepest()
    if steepest is None:
        return "no two batches are neighbours, so no cliff can be seen"
    return f"no cliff: at most {percent(steepest.rise)}, from {steepest.before} to {steepest.batch}"


def percent(rise: float) -> str:
    """A change with its sign."""
    return f"{100 * (rise - 1):+.0f} %"
