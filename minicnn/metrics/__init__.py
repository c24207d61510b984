"""How good predictions are, as functions of NumPy arrays: one figure a file, known by its name."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.metrics.accuracy import accuracy
from minicnn.metrics.mean_absolute_error import mean_absolute_error
from minicnn.metrics.mean_average_precision import ClassPrecision, class_precisions, mean_average_precision
from minicnn.metrics.mean_iou import class_ious, mean_iou
from minicnn.metrics.per_class import ClassFigures, confusion_matrix, per_class
from minicnn.metrics.top5 import top5

METRICS: dict[str, Callable[..., float]] = {
    each.__name__: each for each in (accuracy, top5, mean_iou, mean_average_precision, mean_absolute_error)
}
SMALLER_IS_BETTER = ("mean_absolute_error",)
SHARES = ("accuracy", "top5", "mean_iou", "mean_average_precision")  # from 0 to 1
WORDS = {"mean_iou": "mean IoU", "mean_average_precision": "mAP", "top5": "top-5"}

__all__ = [
    "METRICS",
    "SHARES",
    "SMALLER_IS_BETTER",
    "ClassFigures",
    "ClassPrecision",
    "accuracy",
    "class_ious",
    "class_precisions",
    "confusion_matrix",
    "figure",
    "mean_absolute_error",
    "mean_average_precision",
    "mean_iou",
    "per_class",
    "top5",
    "words",
]


def words(name: str) -> str:
    """What a table calls a figure."""
    return WORDS.get(name, name.replace("_", " "))


def figure(name: str, value: float | None) -> str:
    """A figure as text: a share in per cent."""
    if value is None or value != value:
        return "-"
    return f"{100 * value:.2f} %" if name in SHARES else f"{value:.4f}"
