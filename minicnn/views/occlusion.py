"""Which part of a picture a class hangs on: a grey square covers one part after the other, and the answer is watched.

Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2 and figure 7 (d), (e).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import AXIS_WORDS, per_axis
from minicnn.losses import SoftmaxCrossEntropy, probabilities
from minicnn.views.choice import checked_class
from minicnn.views.pictures import one_picture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph

POSITIONS = 12  # of the window along an axis, unless a stride is given
BATCH = 64


@dataclass(frozen=True)
class Occlusion:
    """What a network says while a part of the picture is covered.

    k : the class that is watched
    score, probability : of the whole picture; no probability where scores are not those of a softmax
    window : sizes of what is covered
    starts : for each axis, the first pixel covered, in every position
    scores, probabilities : (P, Q) or one axis more or less, the same with that position covered
    best : the class with the largest score then
    """

    k: int
    score: float
    probability: float | None
    window: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    scores: NDArray
    probabilities: NDArray | None
    best: NDArray

    @property
    def drop(self) -> NDArray:
        """How much of the probability, or of the score, is lost by covering each position."""
        if self.probabilities is None or self.probability is None:
            return self.score - self.scores
        return self.probability - self.probabilities

    @property
    def per_pixel(self) -> NDArray:
        """(*space): the mean `drop` of the positions that cover each pixel; NaN where a stride leaves pixels uncovered."""
        space = tuple(starts[-1] + covered for starts, covered in zip(self.starts, self.window, strict=True))
        total, covers = np.zeros(space), np.zeros(space)
        for drop, corner in zip(self.drop.ravel(), product(*self.starts), strict=True):
            place = tuple(slice(p, p + size) for p, size in zip(corner, self.window, strict=True))
            total[place] += drop
            covers[place] += 1
        return np.where(covers > 0, total / np.maximum(covers, 1), np.nan)


def occlusion(
    net: Graph,
    x: ArrayLike,
    k: int | None = None,
    *,
    window: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    positions: int = POSITIONS,
    fill: float = 0.0,
) -> Occlusion:
    """Cover a window of the picture at one position after the other.

        >>> net, x = minicnn.zoo.build("lenet"), np.ones((1, 28, 28), np.float32)
        >>> found = occlusion(net, x, window=6, stride=2)
        >>> found.drop.shape
        (12, 12)

    Parameters
    ----------
    x : (C, *space) float32 or float64
        Prepared, as for `net.forward`.
    k : int
        The class to watch; by default that with the largest score for the whole picture.
    window : int or one per axis
        By default a fifth of the picture, rounded up.
    stride : int or one per axis
        By default such that there are at most `positions` along an axis.  The last position reaches the border, whatever the stride.
    positions : int
        Twelve take 144 passes through the network for a picture; at least two.
    fill : float
        What a covered pixel holds; 0 of a prepared picture is the mean of the training images, which is grey.

    Raises
    ------
    SettingError
        If the window is larger than the picture, or there is no such class.
    """
    image = one_picture("occlusion", net, x)
    space = image.shape[2:]
    axes = len(space)
    sizes = tuple(-(-size // 5) for size in space) if window is None else per_axis("occlusion", "window", window, axes)
    for covered, size, word in zip(sizes, space, AXIS_WORDS[axes], strict=True):
        if covered > size:
            raise SettingError(f"occlusion: the window covers {covered} {word}, but the picture has {size}")
    if stride is None:
        steps = tuple(max(1, -(-(size - covered) // (max(2, positions) - 1))) for size, covered in zip(space, sizes, strict=True))
    else:
        steps = per_axis("occlusion", "stride", stride, axes)
    starts = tuple(
        tuple(dict.fromkeys((*range(0, size - covered, step), size - covered)))
        for size, covered, step in zip(space, sizes, steps, strict=True)
    )
    whole = _totals(net.forward(image))
    k = int(whole[0].argmax()) if k is None else checked_class("occlusion", net, k)
    scores = np.concatenate([whole, *_covered(net, image, sizes, list(product(*starts)), fill)])
    shares = probabilities(scores)[:, k] if _is_softmax(net) else None
    grid = tuple(map(len, starts))
    return Occlusion(
        k,
        float(scores[0, k]),
        None if shares is None else float(shares[0]),
        sizes,
        starts,
        scores[1:, k].reshape(grid),
        None if shares is None else shares[1:].reshape(grid),
        scores[1:].argmax(axis=1).reshape(grid),
    )


def _covered(net: Graph, image: NDArray, sizes: tuple[int, ...], corners: list[tuple[int, ...]], fill: float) -> list[NDArray]:
    """Scores (N, K) of the picture with each of these corners' windows covered, in batches."""
    found = []
    for begin in range(0, len(corners), BATCH):
        part = corners[begin : begin + BATCH]
        batch = image.repeat(len(part), axis=0)
        for covered, corner in zip(batch, part, strict=True):
            covered[(slice(None), *(slice(p, p + size) for p, size in zip(corner, sizes, strict=True)))] = fill
        found.append(_totals(net.forward(batch)))
    return found


def _totals(scores: NDArray) -> NDArray:
    """(N, K): of a network that answers for places, the sums over them."""
    return scores.reshape(*scores.shape[:2], -1).sum(axis=2)


def _is_softmax(net: Graph) -> bool:
    """Whether its scores become probabilities of classes, one answer for a picture."""
    loss = SoftmaxCrossEntropy() if net.trained_on is None else net.trained_on.loss
    return isinstance(loss, SoftmaxCrossEntropy) and len(net.output_shape) == 1
