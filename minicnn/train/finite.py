"""Training whose loss became NaN or infinite: noticed where it happens, with the cause."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import SettingError

if TYPE_CHECKING:
    from minicnn.network import Graph

CHUNK_IMAGES = 4096


def weights_are_finite(net: Graph) -> bool:
    """Whether no parameter and no running statistic is NaN or infinity."""
    with np.errstate(invalid="ignore"):  # infinity - infinity
        return math.isfinite(net.parameter_memory.sum(dtype=np.float64))


def wrong_weights(net: Graph) -> str | None:
    """The name of the first parameter or running statistic that holds NaN or infinity."""
    if weights_are_finite(net):
        return None
    return next((name for name, value in net.arrays.items() if not np.isfinite(value).all()), None)


def wrong_image(images: np.ndarray) -> int | None:
    """The number of the first image that holds NaN or infinity."""
    if images.dtype == np.uint8:
        return None
    for begin in range(0, len(images), CHUNK_IMAGES):
        chunk = images[begin : begin + CHUNK_IMAGES]
        right = np.isfinite(chunk).reshape(len(chunk), -1).all(axis=1)
        if not right.all():
            return begin + int(right.argmin())
    return None


def loss_is_lost(moment: str, learning_rate: float, image: int | None, name: str, weights: str | None) -> SettingError:
    """The error for a loss that is not finite at a moment, as in "epoch 3".

    image, name : the first such image, and its data set weights : the first that were not finite before training
    """
    cause = f"the steps are too large\n  use a learning rate below {learning_rate:g}"
    if image is not None:
        cause = f"an image holds NaN or infinity\n  the first is image {image} of {name}"
    elif weights is not None:
        cause = f"the weights were not finite before training\n  {weights} holds NaN or infinity: load or initialize them again"
    return SettingError(f"the loss is no longer a number in {moment}: {cause}")
