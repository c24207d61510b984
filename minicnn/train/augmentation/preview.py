"""What an augmentation makes of images, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minicnn.datasets import Dataset
from minicnn.engine.textbook.changes import changed
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.preparation import BYTES, Preparation
from minicnn.random import generator
from minicnn.train.augmentation.augmentation import Augmentation, augmentation
from minicnn.train.augmentation.change import Change


def augmented(data: Dataset, augment: Iterable[str | Change] | str | Augmentation, indices: Iterable[int], seed: int = 0) -> np.ndarray:
    """Some images of a data set as training might see them, on the scale of the data set: (N, C, *space), uint8 or float32.

    Where images are mixed, they are mixed with each other.  A SettingError if a change makes no sense for them.
    """
    changes = augmentation(augment).checked(data.input_shape).fitted(data.images)
    changes.warn(data.name)
    images, preparation = data.images[list(indices)], Preparation.of(data, data.input_shape)
    key = int(generator(seed, "augmentation shown").integers(1 << 63))
    loading = Loading(preparation.unit == BYTES, tuple(preparation.scale), tuple(preparation.shift), changes=changes.changes)
    inputs: Any = changed(images, loading, key).image
    scale, shift = (np.array(each, np.float32).reshape(-1, *(1,) * (images.ndim - 2)) for each in (preparation.scale, preparation.shift))
    values = (inputs.array - shift) / scale
    return np.rint(values.clip(0, 255)).astype(np.uint8) if images.dtype == np.uint8 else values.astype(np.float32)
