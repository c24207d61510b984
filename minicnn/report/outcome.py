"""How a run went: the headline with its figures, and the curves."""

from __future__ import annotations

import math

from minicnn.charts import Chart, Line, svg
from minicnn.graph.formats import count
from minicnn.markup import shown, table
from minicnn.metrics import SHARES, figure, words
from minicnn.report.findings import Findings

CHART_WIDTH = 400  # readable on a phone, and two beside each other on a screen
POINTS = 40  # epochs up to which each is marked


def title(found: Findings) -> str:
    """The name of the page."""
    return f"{found.trained.net.name} on {found.data.name}"


def lead(found: Findings) -> str:
    """The result in one sentence, and what has to be known to judge it."""
    seen, settings = found.examination, found.settings
    sentences = []
    name, value = next(iter(seen.metrics.items()), ("loss", seen.loss))
    images = f"{seen.images:,} test images"
    told = f"recognises {figure(name, value)} of {images}" if name == "accuracy" and seen.kind == "class" else None
    told = (
        told or f"reaches {'a ' if name == 'loss' else ''}{words(name)} {'of ' if name == 'loss' else ''}{figure(name, value)} on {images}"
    )
    trained_on = found.part("data").get("train_images")
    after = f" after {found.trained.epoch} epoch{'s' * (found.trained.epoch != 1)} of training"
    sentences.append(f"The network {told}{after}{f' on {trained_on:,} images' if isinstance(trained_on, int) else ''}.")
    if settings.validation:
        sentences.append("Images held out from training chose the epoch; the test images were used once, at the end.")
    elif settings.select_on_test:
        sentences.append("The test images themselves chose the epoch, so that the figure is too optimistic.")
    if not found.own_test_images:
        sentences.append("These are not the test images of the run.")
    if found.part("under_way"):
        sentences.append("The run was interrupted and is not complete.")
    return " ".join(sentences)


def cards(found: Findings) -> str:
    """The figures that one looks for first."""
    seen, totals = found.examination, found.trained.net.sized(found.trained.preparation.input_shape).summary().totals
    seconds = sum(each for each in found.curve("seconds") if math.isfinite(each))
    pairs = [
        *((words(name), figure(name, value)) for name, value in seen.metrics.items()),
        ("loss", figure("loss", seen.loss)),
        ("epochs", f"{len(found.history):,}"),
        ("training", f"{seconds:,.1f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"),
        ("parameters", count(totals.params)),
        ("MACs an image", count(totals.macs)),
    ]
    return f'<dl class="cards">{"".join(f"<div><dt>{shown(name)}</dt><dd>{shown(value)}</dd></div>" for name, value in pairs)}</dl>'


def curves(found: Findings) -> str:
    """Loss, the first metric and the learning rate over the epochs, and all of it as a table."""
    if not found.history:
        return "<p>history.jsonl holds no epoch.</p>"
    charts = [svg(chart, CHART_WIDTH) for chart in charts_of(found)]
    return f'<div class="figures">{"".join(f"<figure>{each}</figure>" for each in charts)}</div>{_epochs(found)}'


def charts_of(found: Findings) -> list[Chart]:
    """The curves of a run."""
    epochs, points = [line["epoch"] for line in found.history], len(found.history) <= POINTS
    metric = next(iter(found.examination.metrics), "")
    charts = [
        Chart(
            "Loss",
            tuple(
                Line(name, epochs, curve, points=points)
                for name, curve in (("training", found.curve("train_loss")), (found.watched, found.curve("test_loss")))
                if _any(curve)
            ),
            x_label="epoch",
        )
    ]
    if metric:
        share = 100 if metric in SHARES else 1
        known = [(found.watched, found.metric_curve(metric))]
        if metric == "accuracy":
            known.insert(0, ("training", found.curve("train_accuracy")))
        lines = tuple(Line(name, epochs, [share * each for each in curve], points=points) for name, curve in known if _any(curve))
        heading = words(metric)
        charts.append(Chart(heading[0].upper() + heading[1:], lines, x_label="epoch", y_label="%" if metric in SHARES else ""))
    charts.append(Chart("Learning rate", (Line("", epochs, found.curve("learning_rate"), points=points),), x_label="epoch"))
    return charts


def _any(curve: list[float]) -> bool:
    return any(map(math.isfinite, curve))


def _epochs(found: Findings) -> str:
    """Every epoch as a row."""
    metric = next(iter(found.examination.metrics), "")
    columns = [
        ("Training loss", [f"{each:.4f}" for each in found.curve("train_loss")]),
        ("accuracy", [figure("accuracy", each) for each in found.curve("train_accuracy")]),
        (f"{found.watched.capitalize()} loss", [f"{each:.4f}" for each in found.curve("test_loss")]),
        (words(metric), [figure(metric, each) for each in found.metric_curve(metric)]),
        ("Learning rate", [f"{each:.3g}" for each in found.curve("learning_rate")]),
        ("Seconds", [f"{each:.2f}" for each in found.curve("seconds")]),
    ]
    kept = [(name, ["-" if each == "nan" else each for each in column]) for name, column in columns]
    kept = [(name, column) for name, column in kept if set(column) != {"-"}]
    rows = [(line["epoch"], *cells) for line, *cells in zip(found.history, *(column for _, column in kept), strict=True)]
    inner = table(("Epoch", *(name for name, _ in kept)), rows, (True,) * (1 + len(kept)))
    return f'<details><summary>Every epoch</summary><div class="scroll">{inner}</div></details>'
