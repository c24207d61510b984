"""A user's picture as input of a trained network: channels, size and range of values as in training."""

from __future__ import annotations

import numpy as np

from minicnn.errors import DataError, ShapeError
from minicnn.geometry import shape_text
from minicnn.preparation import FLOATS
from minicnn.train.weights import TrainedNetwork

CLEARLY = 0.2  # how much nearer to the training images an inverted picture must be for a warning


def handwriting_kind(trained: TrainedNetwork) -> str | None:
    """How the images were made that a network was trained on, if that is known: "mnist" or "emnist"; else None."""
    from minicnn.datasets.catalog import RECORDS

    record = RECORDS.get(trained.data)
    known = record is not None and record.input_shape == trained.image_shape and trained.preparation.unit != FLOATS
    return record.handwriting or None if known else None  # type: ignore[union-attr]


def prepare_picture(trained: TrainedNetwork, picture: np.ndarray, where: str = "the picture") -> np.ndarray:
    """A picture (C, rows, columns) of a digit or letter on a sheet as the network's input, made as its training images were made.

    For a network trained on a data set of handwriting whose making is known (`handwriting_kind`); `fit_picture` takes pictures that
    are already prepared, for any network.

        trained = load_trained("runs/lenet-mnist-1/best.safetensors")
        guesses(trained, [prepare_picture(trained, read_picture("seven.jpg", contrasting=True))])

    Parameters
    ----------
    picture : uint8, or float32 from 0 to 1
        Light on dark or dark on light, anywhere on the sheet, in any size from 20 x 20 pixels.

    Raises
    ------
    DataError
        If the sheet is blank, or the images of the network are of another kind.
    """
    from minicnn.datasets.handwriting import as_handwriting

    kind = handwriting_kind(trained)
    if kind is None:
        raise DataError(
            f"{where} cannot be prepared like the images of {trained.data}, on which {trained.net.name} was trained: how they were made"
            f" is not known\n  use fit_picture for a picture that is like them already"
        )
    return fit_picture(trained, as_handwriting(_on_scale(trained, np.asarray(picture), where, False), kind, where), where)


def fit_picture(trained: TrainedNetwork, picture: np.ndarray, where: str, resize: bool = False, invert: bool = False) -> np.ndarray:
    """A picture (C, *space) as the network's input, uint8 or float32 on the scale it was trained on.

    Parameters
    ----------
    picture : uint8, or float32 from 0 to 1 (any range for a network trained on floats)
        In the size of the training images or of the network's input; grey and colour are converted.
    where : str
        What errors call it.
    resize : bool
        Stretch a picture of another size.
    invert : bool
        Swap light and dark: for ink on paper, if the network knows light ink on black.
    """
    from minicnn.datasets.pictures import resize as stretched

    picture = np.asarray(picture)
    if not picture.ndim or not picture.size:
        raise ShapeError(f"{where} holds no pixels: its shape is {picture.shape}")
    pixels = on_training_scale(trained, picture, where, invert)
    if pixels.shape == trained.preparation.input_shape:
        return pixels
    if pixels.shape != trained.image_shape:
        if not resize or pixels.ndim != 3 or len(trained.image_shape) != 3 or len(pixels) != trained.image_shape[0]:
            raise ShapeError(_misfit(trained, picture, where))
        pixels = stretched(pixels, *trained.image_shape[1:])
    return trained.preparation.images(pixels[None], where)[0]


def on_training_scale(trained: TrainedNetwork, picture: np.ndarray, where: str, invert: bool = False) -> np.ndarray:
    """A picture (C, *space) of any size with the channels and the values of the training images, see `fit_picture`."""
    from minicnn.datasets.pictures import to_channels

    return to_channels(_on_scale(trained, picture, where, invert), trained.image_shape[0])


def _on_scale(trained: TrainedNetwork, picture: np.ndarray, where: str, invert: bool) -> np.ndarray:
    """Values as in training: uint8 unchanged, floats from 0 to 1 times 255; or any floats."""
    whom = f"{trained.net.name} was trained on {trained.data}"
    if invert and trained.preparation.unit == FLOATS:
        raise DataError(f"{where} cannot be inverted, but {whom}, whose values are floats of any size")
    pixels = trained.preparation.on_scale(picture, where, whom)
    return (255 - pixels).astype(pixels.dtype) if invert else pixels


def _misfit(trained: TrainedNetwork, picture: np.ndarray, where: str) -> str:
    known, inner = trained.image_shape, trained.preparation.input_shape
    if picture.ndim != len(known) or len(known) != 3 or len(picture) not in (1, 3):
        return (
            f"{where} is {shape_text(picture.shape)}, but {trained.net.name} was trained on {shape_text(known)} ({trained.data})"
            f"\n  give it an array of {shape_text(known)}"
        )
    (size, known_size, inner_size) = (shape_text(shape[1:]) for shape in (picture.shape, known, inner))
    scaled = f", scaled to {inner_size}" if inner != known else ""
    return (
        f"{where} is {size}, but {trained.net.name} was trained on {known_size} ({trained.data}){scaled}"
        f"\n  rows x columns; use an image of {'either' if scaled else 'that'} size, or --resize to have it stretched"
    )


def looks_inverted(trained: TrainedNetwork, pixels: np.ndarray) -> bool:
    """Whether, by the brightness of the training images, a picture (from `fit_picture`) seems inverted."""
    if trained.preparation.unit == FLOATS:
        return False
    usual, bright = float(np.mean(trained.preparation.mean)), float(pixels.mean()) / 255
    return abs(1 - bright - usual) + CLEARLY < abs(bright - usual)
