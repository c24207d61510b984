"""How the numbers of a layer are spread: its weights, and what it gives for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.views.choice import activation_layers, layer_called

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph

BINS = 41  # an odd number: a middle one for 0 where values lie on both sides


@dataclass(frozen=True)
class Histogram:
    """Numbers counted in bins of equal width.

    name : of the parameter, as in "conv1.weight", or of the layer
    edges, counts : (B + 1,) float64 and (B,) int64; the last bin holds its right edge as well
    mean, deviation, least, most : of the numbers themselves
    zeros : the share of them that is exactly 0
    """

    name: str
    edges: NDArray[Any]
    counts: NDArray[Any]
    mean: float
    deviation: float
    least: float
    most: float
    zeros: float

    @property
    def centres(self) -> NDArray[Any]:
        """(B,): the middle of each bin."""
        return (self.edges[1:] + self.edges[:-1]) / 2


def histogram(name: str, values: NDArray[Any], bins: int = BINS) -> Histogram:
    """Numbers of any shape in bins from the least to the most; symmetric about 0 where they lie on both sides."""
    numbers = values.astype(np.float64).ravel()
    least, most = float(numbers.min()), float(numbers.max())
    reach = max(-least, most)
    bounds = (-reach, reach) if least < 0 < most else (least, most)
    counts, edges = np.histogram(numbers, bins, bounds)
    return Histogram(name, edges, counts, float(numbers.mean()), float(numbers.std()), least, most, float((numbers == 0).mean()))


def weight_histograms(net: Graph, layers: Sequence[str] | None = None, bins: int = BINS) -> tuple[Histogram, ...]:
    """The weights of every layer that multiplies by some, or of these layers.

    >>> [each.name for each in weight_histograms(minicnn.zoo.build("lenet"))]
    ['conv1.weight', 'conv2.weight', 'fc1.weight', 'fc2.weight', 'fc3.weight']
    """
    wanted = None if layers is None else {layer_called("weight_histograms", net, name).index for name in layers}
    names = [
        slot.name
        for slot in net.slots
        if slot.trainable
        and slot.name.endswith(".weight")
        and (len(slot.shape) > 1 if wanted is None else slot.node in wanted)  # one number a channel scales, and does not connect
    ]
    return tuple(histogram(name, net.parameters[name], bins) for name in names)


def activation_histograms(net: Graph, x: ArrayLike, layers: Sequence[str] | None = None, bins: int = BINS) -> tuple[Histogram, ...]:
    """What layers give for pictures, by default all that are shown by depth and those that follow them.

    x : (N, C, *space) float32, prepared, as for `net.forward`
    """
    images = net.check_images("activation_histograms", x)
    if not len(images):
        raise ShapeError("activation_histograms: x holds no images")
    if layers is None:
        layers = activation_layers(net)
    names = [layer_called("activation_histograms", net, name).name for name in layers]
    return tuple(histogram(name, values, bins) for name, values in net.activations(images, names).items())
