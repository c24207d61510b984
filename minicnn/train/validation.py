"""A part of the training images held out, to evaluate while training, so that the test set is used only once."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import DataError, SettingError
from minicnn.random import generator

if TYPE_CHECKING:
    from minicnn.datasets import Dataset


def hold_out(data: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """(the rest, the held-out part) of a training set: the same parts for the same seed, each in the order of the whole.

    fraction : share to hold out, above 0 and below 1; at least one image in either part
    """
    if isinstance(fraction, bool) or not isinstance(fraction, Real) or not 0 < fraction < 1:
        raise SettingError(f"validation is {fraction!r}, but must be a share of the training images, above 0 and below 1")
    if len(data) < 2:
        raise DataError(f"{data.name} has {len(data)} training image, so none can be held out")
    count = min(max(1, round(float(fraction) * len(data))), len(data) - 1)
    chosen = np.zeros(len(data), bool)
    chosen[generator(seed, "validation").permutation(len(data))[:count]] = True
    return data.subset(~chosen), data.subset(chosen, split="validation")
