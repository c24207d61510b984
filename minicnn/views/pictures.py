"""Pictures as a network's input, and one picture out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph
    from minicnn.preparation import Preparation


def as_input(net: Graph, images: ArrayLike) -> NDArray[Any]:
    """Images as `net.predict` takes them, prepared as in training: what `net.forward` and the views take.

    images : (N, C, *space) uint8 or float32 as a data set holds them  ->  (N, C, *space) float32

    Raises
    ------
    DataError, ShapeError
        If they are on another scale or do not fit the network.
    """
    pixels, preparation = net.prepared("as_input", images)
    return normalised(pixels, preparation)


def normalised(pixels: NDArray[Any], preparation: Preparation) -> NDArray[Any]:
    """Pixels (N, C, *space) of the network's size as the engine has them: (pixel / unit - mean) / std per channel, float32."""
    per_channel = (-1, *(1,) * (pixels.ndim - 2))
    scale, shift = (np.array(each, np.float32).reshape(per_channel) for each in (preparation.scale, preparation.shift))
    return pixels.astype(np.float32) * scale + shift


def one_picture(where: str, net: Graph, x: ArrayLike) -> NDArray[Any]:
    """One picture (C, *space) as a batch (1, C, *space) that the network takes; a batch of one is taken as well."""
    given = np.asarray(x)
    if given.ndim == len(net.input_shape):
        given = given[None]
    images = net.check_images(where, given)
    if len(images) != 1:
        raise ShapeError(f"{where}: x holds {len(images)} images, but one is looked at: {shape_text(net.input_shape)}\n  use x[0]")
    return images
