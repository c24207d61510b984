"""Figures by which a network is judged, by name: one a file, each a function of what it predicts and of what is true."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.metrics.accuracy import accuracy

METRICS: dict[str, Callable[..., float]] = {"accuracy": accuracy}
SMALLER_IS_BETTER = ("mean_absolute_error",)
SHARES = ("accuracy", "top5", "mean_iou", "mean_average_precision")  # from 0 to 1
WORDS = {"mean_iou": "mean IoU", "mean_average_precision": "mAP", "top5": "top-5"}

__all__ = ["METRICS", "SHARES", "SMALLER_IS_BETTER", "accuracy", "figure", "words"]


def words(name: str) -> str:
    """What a table calls a figure."""
    return WORDS.get(name, name.replace("_", " "))


def figure(name: str, value: float | None) -> str:
    """A figure as text: a share in per cent."""
    if value is None or value != value:
        return "-"
    return f"{100 * value:.2f} %" if name in SHARES else f"{value:.4f}"
