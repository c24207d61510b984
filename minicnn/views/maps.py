"""What the layers of a network make of one picture: feature maps, by depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicnn.views.choice import layer_called, main_layers
from minicnn.views.pictures import one_picture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph


@dataclass(frozen=True)
class Maps:
    """What one layer gives for a picture.

    values : (K, *space), (F,) for flat features
    """

    layer: str
    kind: str
    values: NDArray

    @property
    def least(self) -> float:
        return float(self.values.min())

    @property
    def most(self) -> float:
        return float(self.values.max())

    @property
    def zeros(self) -> float:
        """The share of the values that are 0: what a rectifier has cut off."""
        return float((self.values == 0).mean())

    def strongest(self, count: int) -> list[int]:
        """The channels with the largest mean, strongest first; the first of equals."""
        means = self.values.reshape(len(self.values), -1).mean(axis=1, dtype="float64")
        return [int(k) for k in (-means).argsort(kind="stable")[:count]]


def maps(net: Graph, x: ArrayLike, layers: Sequence[str] | None = None) -> tuple[Maps, ...]:
    """The outputs of layers for one picture, in their order.

        >>> net, x = minicnn.zoo.build("lenet"), np.ones((1, 28, 28), np.float32)
        >>> [each.layer for each in maps(net, x)]
        ['relu1', 'pool1', 'relu2', 'pool2']

    Parameters
    ----------
    x : (C, *space) float32 or float64
        Prepared, as for `net.forward`: see `as_input`.
    layers : names
        By default up to six that give maps, evenly spread: see `main_layers`.

    Raises
    ------
    GraphError
        If there is no such layer.
    ShapeError
        If x is no picture of the network's size.
    """
    image = one_picture("maps", net, x)
    whole = net.sized(image.shape[1:])
    names = main_layers(whole) if layers is None else [layer_called("maps", whole, name).name for name in layers]
    found = net.activations(image, names) if names else {}
    kinds = {node.name: node.layer.kind() for node in whole.nodes}
    return tuple(Maps(name, kinds[name], values[0]) for name, values in found.items())
