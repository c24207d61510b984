"""How good predictions are, as functions of NumPy arrays: one figure a file, known by its name."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.metrics.accuracy import accuracy
from minicnn.metrics.mean_absolute_error import mean_absolute_error
from minicnn.metrics.per_class import ClassFigures, confusion_matrix, per_class
from minicnn.metrics.top5 import top5

METRICS: dict[str, Callable[..., float]] = {each.__name__: each for each in (accuracy, top5, mean_absolute_error)}

__all__ = ["METRICS", "ClassFigures", "accuracy", "confusion_matrix", "mean_absolute_error", "per_class", "top5"]
