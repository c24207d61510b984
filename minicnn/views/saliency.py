"""Which pixels a class score hangs on: its gradient with respect to the input.

    map[h,w] = max over c of |dscore / dx[c,h,w]|

Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps", 2014,
section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicnn.views.choice import checked_class
from minicnn.views.pictures import one_picture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph


@dataclass(frozen=True)
class Saliency:
    """How a score changes with the pixels.

    k : the class
    score : its score, before the softmax; of a network that answers for places, the sum over them
    gradient : (C, *space), of the score with respect to the prepared input
    """

    k: int
    score: float
    gradient: NDArray

    @property
    def map(self) -> NDArray:
        """(*space): the largest of the channels, without sign."""
        return np.abs(self.gradient).max(axis=0)


def saliency(net: Graph, x: ArrayLike, k: int | None = None) -> Saliency:
    """The gradient of a class's score with respect to the input.

        >>> net, x = minicnn.zoo.build("lenet"), np.ones((1, 28, 28), np.float32)
        >>> saliency(net, x).map.shape
        (28, 28)

    Parameters
    ----------
    x : (C, *space) float32 or float64
        Prepared, as for `net.forward`.
    k : int
        The class; by default that with the largest score.

    Raises
    ------
    ShapeError, SettingError
        If x is no picture of the network's size, or there is no such class.
    """
    image = one_picture("saliency", net, x)
    scores = net.forward(image)
    totals = scores.reshape(*scores.shape[:2], -1).sum(axis=2)[0]
    k = int(totals.argmax()) if k is None else checked_class("saliency", net, k)
    dy = np.zeros_like(scores)
    dy[:, k] = 1
    dx, _ = net.backward(image, dy=dy)
    return Saliency(k, float(totals[k]), dx[0])
