"""What a network is given: images and labels as arrays it can use, or an error that says what would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minicnn.errors import DataError, SettingError, ShapeError, float_advice
from minicnn.geometry import shape_text
from minicnn.graph import fits
from minicnn.layers import Shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.losses import Loss
    from minicnn.preparation import Preparation
    from minicnn.trained_on import TrainedOn

AXIS_LETTERS = {1: "N F", 2: "N C W", 3: "N C H W", 4: "N C D H W"}  # by the length of an image's shape


def check_batch(where: str, shape: Sequence[int], network: str, input_shape: Shape) -> int:
    """The images of a batch of this shape; a ShapeError that starts with `where` if they do not fit the network."""
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    whole = all(hasattr(size, "__index__") and not isinstance(size, bool) for size in sizes)
    if not whole or not fits(sizes[1:], input_shape) or sizes[0] < 1:
        raise ShapeError(
            f"{where}: the shape is {shape!r}, but {network} takes images of {shape_text(input_shape)}"
            f"\n  wanted  ({', '.join('?' if size is None else str(size) for size in ('N', *input_shape))})  {AXIS_LETTERS[len(input_shape)]}, N at least 1"
        )
    return int(sizes[0])


def check_images(where: str, x: ArrayLike, network: str, input_shape: Shape) -> NDArray[Any]:
    """Images as an array the network can use, or an error that starts with `where`."""
    import numpy as np

    images = _as_array(where, "x", x)
    if images.dtype not in (np.float32, np.float64):
        raise SettingError(
            f"{where}: x is {images.dtype}, but must be float32\n  use {float_advice('x', images.dtype.kind)}, scaled as in training"
        )
    if not images.ndim or not fits(images.shape[1:], input_shape):
        wanted = ", ".join("?" if size is None else str(size) for size in ("N", *input_shape))
        hint = "\n  use x[None] for a single image" if fits(images.shape, input_shape) else ""
        raise ShapeError(
            f"{where}: x has the shape {images.shape}, but {network} takes images of {shape_text(input_shape)}"
            f"\n  x       {images.shape}\n  wanted  ({wanted})  {AXIS_LETTERS[len(input_shape)]}{hint}"
        )
    return images


def check_labels(
    where: str, labels: ArrayLike, count: int, network: str, input_shape: Shape, output_shape: Shape, loss: Loss | None = None
) -> NDArray[Any]:
    """What a loss compares the outputs for `count` images with, as a new array, or an error that starts with `where`."""
    from minicnn.losses.function import as_loss
    from minicnn.losses.softmax_cross_entropy import SoftmaxCrossEntropy
    from minicnn.losses.targets import checked_targets

    chosen = SoftmaxCrossEntropy() if loss is None else as_loss(where, loss)
    chosen.check(network, output_shape, input_shape)
    return checked_targets(where, _as_array(where, "labels", labels), count, chosen, network, output_shape)


def check_gradient(where: str, dy: ArrayLike, images: NDArray[Any], network: str, output_shape: Shape) -> NDArray[Any]:
    """A gradient of the outputs for these images, of their type, or an error that starts with `where`."""
    given, shape = _as_array(where, "dy", dy), (len(images), *output_shape)
    if given.shape != shape or given.dtype != images.dtype:
        raise ShapeError(f"{where}: dy is {given.dtype} {given.shape}, but the outputs of {network} are {images.dtype} {shape}")
    return given


def prepared(
    where: str, images: ArrayLike, network: str, input_shape: Shape, trained_on: TrainedOn | None
) -> tuple[NDArray[Any], Preparation]:
    """Images in the network's size and on the scale used in training, and the preparation still to be applied."""
    from minicnn.datasets import as_images
    from minicnn.preparation import Preparation, with_channels

    pixels = with_channels(as_images(where, images), input_shape)
    if trained_on is None and pixels.dtype == "uint8":
        raise DataError(
            f"{where}: {network} was not trained by 'fit', so the scale of integer images is unknown"
            f"\n  scale the images as in your training, in float32"
        )
    preparation = trained_on.preparation if trained_on else Preparation.none(input_shape)
    whom = f"{network} was trained on {trained_on.data if trained_on else 'nothing'}"
    if None in input_shape:  # of any size: nothing is resized
        if not fits(pixels.shape[1:], input_shape):
            raise ShapeError(f"{where}: images have the shape {pixels.shape}, but {network} takes images of {shape_text(input_shape)}")
        preparation = replace(preparation, input_shape=pixels.shape[1:])
    return preparation.images(preparation.on_scale(pixels, f"{where}: the array", whom), where), preparation


def _as_array(where: str, name: str, value: ArrayLike) -> NDArray[Any]:
    import numpy as np

    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"{where}: {name} is not an array: {error}") from error
