"""The patches of many pictures that excite a unit most: what it waits for, by example.

A unit of a map sees a stretch of the picture, its receptive field (`minicnn.graph.field`); that is cut out where the unit is strongest.
Zeiler, Fergus, "Visualizing and Understanding Convolutional Networks", 2014, figure 2 (the patches beside the reconstructions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.graph.field import Field, fields
from minicnn.views.choice import checked_unit, layer_called

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.network import Graph

BATCH = 256
Window = tuple[tuple[int, int], ...]  # first and last pixel along each axis; a border may lie outside the picture


@dataclass(frozen=True)
class Patch:
    """What excites a unit.

    image : which of the pictures
    place : where in the layer's map; () for flat features
    value : what the unit gives there
    window : first and last pixel along each axis; those beyond the picture's border are its padding
    pixels : (C, *sizes) float32, NaN beyond the border
    """

    image: int
    place: tuple[int, ...]
    value: float
    window: Window
    pixels: NDArray


@dataclass(frozen=True)
class Patches:
    """The patches of one unit, strongest first, one from a picture at most."""

    layer: str
    k: int
    images: int
    patches: tuple[Patch, ...]


def patches(net: Graph, x: ArrayLike, layer: str, k: int, count: int = 9, pictures: NDArray | None = None) -> Patches:
    """Where a unit is strongest, and what it sees there.

        >>> net, x = minicnn.zoo.build("lenet"), minicnn.datasets.load("digits").images[:50].astype(np.float32)
        >>> x = np.pad(x, ((0, 0), (0, 0), (10, 10), (10, 10)))
        >>> len({each.image for each in patches(net, x, "relu2", k=3, count=4).patches})
        4

    Parameters
    ----------
    x : (N, C, *space) float32
        Prepared, as for `net.forward`.
    layer : str
        By name.
    k : int
        The channel, or the feature.
    count : int
        How many patches; fewer if there are fewer pictures.
    pictures : (N, C', *space)
        What patches are cut from, as large as x; x by default.

    Where a unit gives the same for several pictures the first comes first, and the first place in scan order within a picture.  A layer
    that sees the whole picture, or places without a pattern, has whole pictures.

    Raises
    ------
    GraphError, SettingError, ShapeError
        If there is no such layer or unit, no picture, or the pictures have another size.
    """
    return patches_of_units(net, x, layer, [k], count, pictures)[0]


def patches_of_units(
    net: Graph, x: ArrayLike, layer: str, units: Sequence[int], count: int = 9, pictures: NDArray | None = None
) -> tuple[Patches, ...]:
    """`patches` of several units, the network run once."""
    images = net.check_images("patches", x)
    if not len(images):
        raise ShapeError("patches: x holds no images")
    if count < 1:
        raise SettingError(f"patches: count is {count}, but at least one patch is wanted")
    shown = images if pictures is None else np.asarray(pictures)
    if len(shown) != len(images) or shown.shape[2:] != images.shape[2:]:
        raise ShapeError(f"patches: pictures have the shape {shown.shape}, but x has {images.shape}: number and sizes must agree")
    whole = net.sized(images.shape[1:])
    node = layer_called("patches", whole, layer)
    wanted = [checked_unit("patches", node, k) for k in units]
    space = node.output_shapes[0][1:]
    strongest, places = [], []
    for begin in range(0, len(images), BATCH):
        values = net.activations(images[begin : begin + BATCH], node.name)[node.name][:, wanted]
        flat = values.reshape(*values.shape[:2], -1)
        places.append(flat.argmax(axis=2))
        strongest.append(flat.max(axis=2))
    value, place = np.concatenate(strongest), np.concatenate(places)
    field = fields(whole.topology)[node.index]
    found = []
    for column, k in enumerate(wanted):
        own = []
        for n in (-value[:, column]).argsort(kind="stable")[:count]:
            where = tuple(int(p) for p in np.unravel_index(place[n, column], space)) if space else ()
            window = window_of(field, where, images.shape[2:])
            own.append(Patch(int(n), where, float(value[n, column]), window, cut(shown[n], window)))
        found.append(Patches(node.name, k, len(images), tuple(own)))
    return tuple(found)


def window_of(field: Field | None, place: tuple[int, ...], space: tuple[int, ...]) -> Window:
    """What the unit at a place sees: first and last pixel along each axis, the whole axis where it sees as much or more.

    field : of its layer, None where there is no pattern
    """
    if field is None or not place:
        return tuple((0, size - 1) for size in space)
    spans = [axis.at(p) or (0, size - 1) for axis, p, size in zip(field, place, space, strict=True)]
    return tuple((0, size - 1) if last - first + 1 >= size else (first, last) for (first, last), size in zip(spans, space, strict=True))


def cut(picture: NDArray, window: Window) -> NDArray:
    """(C, *sizes) float32 out of a picture (C, *space); NaN beyond its border."""
    patch = np.full((len(picture), *(last - first + 1 for first, last in window)), np.nan, np.float32)
    inside = [(max(0, first), min(size - 1, last) + 1) for (first, last), size in zip(window, picture.shape[1:], strict=True)]
    source = tuple(slice(begin, end) for begin, end in inside)
    target = tuple(slice(begin - first, max(begin, end) - first) for (begin, end), (first, _) in zip(inside, window, strict=True))
    patch[(slice(None), *target)] = picture[(slice(None), *source)]
    return patch
