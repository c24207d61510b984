"""Losses of numbers: the mean over all elements of a function of the difference between output and target."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from minicnn.errors import SettingError
from minicnn.losses.base import Loss


class _OfNumbers(Loss, registered=False):
    """Labels are numbers in the shape of the output; a mean is over all of them."""

    metrics: ClassVar[tuple[str, ...]] = ("mean_absolute_error",)

    def weights(self, labels: np.ndarray) -> np.ndarray:
        """(N,) float64: how many elements an image's output has."""
        return self.answers(labels).astype(np.float64)


class MeanSquaredError(_OfNumbers):
    """The mean of (y - target)^2: large differences count most, and the best guess is a mean.

    >>> MeanSquaredError().value(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    2.0

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 5.1.4.
    """

    forward: ClassVar[str] = "mean_squared_error_forward"
    backward: ClassVar[str] = "mean_squared_error_backward"


class MeanAbsoluteError(_OfNumbers):
    """The mean of |y - target|: all differences count alike, and the best guess is a median.

    >>> MeanAbsoluteError().value(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    1.0

    Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2009, section 10.6.
    """

    forward: ClassVar[str] = "mean_absolute_error_forward"
    backward: ClassVar[str] = "mean_absolute_error_backward"


class Huber(_OfNumbers):
    """The mean of d^2 / 2 where |d| <= delta, else of delta * (|d| - delta / 2), with d = y - target: squared near 0, absolute beyond.

    delta : above 0, in the unit of the outputs

    >>> Huber().value(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    0.75

    Huber, "Robust estimation of a location parameter", 1964, section 4.
    """

    forward: ClassVar[str] = "huber_forward"
    backward: ClassVar[str] = "huber_backward"

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_number("delta", 0.0)
        if self.delta == 0:
            raise SettingError("Huber: delta is 0, but must be above 0, or nothing is learnt")
