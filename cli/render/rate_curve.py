"""The loss over the learning rate as a curve, and what to read from it."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.text import Text

from minicnn.charts import Chart, Line
from minicnn.cli.render.chart import print_figure
from minicnn.train import RateCurve

MOST = 1.2  # of the first loss: what breaks away beyond is cut off


def rate_chart(found: RateCurve, title: str) -> Chart:
    """The curve as a chart."""
    losses = np.minimum(found.losses, MOST * max(found.losses[0], min(found.losses)) + 1e-12)
    return Chart(title, (Line("loss", found.rates, losses.tolist()),), x_label="learning rate", y_label="loss", log_x=True)


def print_rate_curve(console: Console, found: RateCurve, title: str) -> None:
    """The curve, its axis, and what to read from it."""
    print_figure(console, rate_chart(found, title))
    end = f"the loss broke away at {found.rates[-1]:.2g}" if found.diverged else f"the loss did not break away up to {found.rates[-1]:.2g}"
    console.print(f"falls fastest at {found.steepest:.2g}, lowest at {found.lowest:.2g}; {end}")
    console.print(
        Text(
            f"try --learning-rate {found.suggestion:.2g}, a tenth of the lowest, up to {found.steepest:.2g}"
            if found.steepest > found.suggestion
            else f"try --learning-rate {found.suggestion:.2g}",
            "green",
        )
    )
