"""A user's picture of any size for a network that answers for places: as it is where the network can take it, and the way back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from minicnn.errors import GraphError, ShapeError
from minicnn.geometry import shape_text
from minicnn.network import Graph
from minicnn.schema import LARGEST_IMAGE
from minicnn.train.prediction import fit_picture, on_training_scale
from minicnn.train.weights import TrainedNetwork


class View(NamedTuple):
    """A picture as a network gets it.

    pixels : (C, *space) uint8 or float32
        Stretched by `factors`; beyond the picture, at the right and the bottom, its edge is repeated.
    size : rows and columns of the picture, or the length of a signal
    factors : pixels of the input for one of the picture, along each axis
    """

    pixels: npt.NDArray[Any]
    size: tuple[int, ...]
    factors: tuple[float, ...]

    @classmethod
    def whole(cls, pixels: npt.NDArray[Any]) -> View:
        """A picture that is the network's input itself."""
        return cls(pixels, pixels.shape[1:], (1.0,) * (pixels.ndim - 1))

    def mask_back(self, mask: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is said of the pixels of the input as what it says of those of the picture: that of the nearest."""
        places = [
            np.minimum(((np.arange(size) + 0.5) * factor).astype(int), inner - 1)
            for size, factor, inner in zip(self.size, self.factors, mask.shape, strict=True)
        ]
        return mask[np.ix_(*places)]

    def boxes_back(self, boxes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Boxes (n, 6) of the input as those of the picture; without those whose middle lies where its edge was repeated."""
        (rows, columns), (down, across) = self.size, self.factors
        own = np.array(boxes, np.float64).reshape(-1, 6)
        own[:, [0, 2]] /= across
        own[:, [1, 3]] /= down
        x, y = own[:, 0] + own[:, 2] / 2, own[:, 1] + own[:, 3] / 2
        beyond = [round(size * factor) < inner for size, factor, inner in zip(self.size, self.factors, self.pixels.shape[1:], strict=True)]
        return own[~((beyond[0] & (y > rows)) | (beyond[1] & (x > columns)))]


def view(trained: TrainedNetwork, picture: npt.NDArray[Any], where: str, resize: bool = False, invert: bool = False) -> View:
    """A picture (C, *space) for a network that answers for places, or for one with free axes; see `fit_picture` for the others.

    A network of convolutions alone takes a picture of any size: objects are sought in the size, in pixels, that they had in training.
    With `resize`, and for networks of one size, the picture is stretched to that of the training images.

    Parameters
    ----------
    picture, where, resize, invert : as for `fit_picture`

    Raises
    ------
    ShapeError
        If the picture is of another size, which the network cannot take, and may not be stretched; or is too large.
    """
    picture = np.asarray(picture)
    known = trained.preparation.input_shape
    if not resize and picture.size and picture.ndim == len(known) and trained.image_shape == known:
        pixels = on_training_scale(trained, picture, where, invert)
        if pixels.shape != known and len(pixels) == known[0] and (larger := _with_edge(trained.net, known, pixels, where)) is not None:
            return View(larger, picture.shape[1:], (1.0,) * (picture.ndim - 1))
    pixels = fit_picture(trained, picture, where, resize, invert)
    return View(pixels, picture.shape[1:], tuple(now / before for now, before in zip(pixels.shape[1:], picture.shape[1:], strict=True)))


def any_size(net: Graph) -> Graph | None:
    """The network with free axes, without weights if it had none; None if it is made for one size."""
    if None in net.whole.input_shape:
        return net.whole
    try:
        return Graph(net.block, (net.input_shape[0], *[None] * len(net.input_shape[1:])), name=net.name)
    except (GraphError, ShapeError):
        return None


def at_size(net: Graph, shape: tuple[int, ...]) -> Graph:
    """The network for images of this shape, with its weights; a ShapeError if it is made for another size."""
    if shape == net.input_shape:
        return net
    free = any_size(net)
    if free is None:
        raise ShapeError(f"{net.name} takes images of {shape_text(net.input_shape)}, not of {shape_text(shape)}")
    if free is not net.whole:
        free.adopt(dict(net.arrays), net.name)
    return free.sized(shape)


def _with_edge(net: Graph, known: tuple[int, ...], pixels: npt.NDArray[Any], where: str) -> npt.NDArray[Any] | None:
    """The picture, its right and lower edge repeated until its sizes are such as the network takes; None if it takes no others."""
    free = any_size(net)
    if free is None:
        return None
    jumps = [row.jump for row in (net if net.input_shape == known else free.sized(known)).summary().layers if row.jump]
    steps = [max(math.ceil(jump[axis]) for jump in jumps) for axis in range(pixels.ndim - 1)]
    more = [(0, -size % step) for size, step in zip(pixels.shape[1:], steps, strict=True)]
    larger = np.pad(pixels, [(0, 0), *more], mode="edge")
    try:
        sized = free.sized(larger.shape)
    except ShapeError:
        return None
    for node in sized.nodes:
        numbers = max(map(math.prod, node.output_shapes))
        if numbers > LARGEST_IMAGE:
            raise ShapeError(
                f"{where} is {shape_text(pixels.shape[1:])}, for which {node.name} makes {numbers:,} numbers, more than {LARGEST_IMAGE:,}"
                f"\n  use a smaller picture, or --resize to have it stretched to {shape_text(known[1:])}"
            )
    return larger
