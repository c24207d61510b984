"""Gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SAMPLES = 24  # elements varied alone


def worst_relative_error(
    value: Callable[[], np.ndarray], array: np.ndarray, gradient: np.ndarray, dy: np.ndarray, stream: np.random.Generator, step: float = 1.0
) -> float:
    """How far the slopes of <dy, value()> lie from those that `gradient` claims.

    Varied are some elements of `array` alone, and all of them along a random direction.  Where the value is linear in them, a step of
    1 is as exact as a small one and loses no digits: 1e-12 is a good result in float64.

    Parameters
    ----------
    value : function without arguments
        The operation with `array` as it is at that moment.
    array : float64 array
        Changed, and restored.
    gradient : float64 array of its shape
        Of <dy, value()>.
    step : float
        How far to go along a direction; small where the value is not linear.
    """
    directions = [stream.uniform(-1, 1, array.shape)]
    for at in stream.choice(array.size, min(array.size, SAMPLES), replace=False):
        directions.append(np.zeros_like(array))
        directions[-1].flat[at] = 1
    middle, worst = array.copy(), 0.0
    for direction in directions:
        array[...] = middle + step * direction
        above = value()
        array[...] = middle - step * direction
        slope = float(np.vdot(dy, above - value())) / (2 * step)
        size = float(np.vdot(np.abs(direction), np.abs(gradient))) or float(np.abs(gradient).max()) or 1.0
        worst = max(worst, abs(float(np.vdot(direction, gradient)) - slope) / size)
    array[...] = middle
    return worst
