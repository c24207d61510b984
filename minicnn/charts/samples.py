"""Images of a data set as pictures that can be looked at, and what a network sees in them: masks as colour, boxes as frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.charts.colours import CLASSES
from minicnn.charts.records import Picture

SIGNAL_ROWS = 16
SHOWN_NUMBERS = 4

Pixels = npt.NDArray[np.uint8]  # (rows, columns, 3)


def to_pictures(images: npt.NDArray[Any]) -> Pixels:
    """Images (N, C, *space) as pictures (N, rows, columns, 3) uint8: grey, colour, a curve for a signal, the middle slice of a volume."""
    if images.dtype != np.uint8:
        least, most = float(images.min()), float(images.max())
        images = np.rint((images - least) * (255 / ((most - least) or 1))).astype(np.uint8)
    if images.ndim == 2:  # (N, F): numbers without spatial order
        images = images[:, None]
    if images.ndim == 5:
        images = images[:, :, images.shape[2] // 2]
    if images.ndim == 3:  # (N, C, W): a point per position, the highest value at the top
        height = np.rint(images[:, 0].astype(float) * ((SIGNAL_ROWS - 1) / 255)).astype(int)
        rows = np.arange(SIGNAL_ROWS - 1, -1, -1)[None, :, None]
        images = np.where(height[:, None, :] == rows, 255, 0).astype(np.uint8)[:, None]
    colours = images if images.shape[1] == 3 else images[:, :1].repeat(3, axis=1)
    return colours.transpose(0, 2, 3, 1)


def labelled(images: npt.NDArray[Any], labels: npt.NDArray[Any], classes: Sequence[str], target: str) -> list[Picture]:
    """Images of a data set, their classes below or their masks and boxes over them.

    target : of the data set: "class", "mask", "boxes" or "numbers"
    """

    def name(k: int) -> str:
        return str(classes[k]) if 0 <= k < len(classes) else str(k)

    found = []
    for picture, label in zip(to_pictures(images) if len(images) else (), labels, strict=True):
        if target == "class":
            words = name(int(label))
        elif target == "mask":
            words = ", ".join(name(k) for k in np.unique(label[label >= 0]).tolist())
            picture = with_mask(picture, label) if label.shape == picture.shape[:2] else picture
        elif target == "boxes":
            words = ", ".join(name(int(k)) for k in label[:, 4] if k >= 0)
            picture = with_boxes(picture, label)
        else:
            words = numbers(label)
        found.append(Picture(words, picture.transpose(2, 0, 1)))
    return found


def numbers(values: npt.ArrayLike) -> str:
    """A few numbers in words, the first of many."""
    flat = np.asarray(values, np.float64).ravel()
    return " ".join(f"{each:.3g}" for each in flat[:SHOWN_NUMBERS]) + (" ..." if len(flat) > SHOWN_NUMBERS else "")


def colour(k: int) -> tuple[int, int, int]:
    """The colour of a class."""
    red, green, blue = CLASSES[k % len(CLASSES)].tolist()
    return red, green, blue


def middle(picture: Pixels, shape: tuple[int, ...]) -> Pixels:
    """The middle of a picture, (rows, columns) of it: what a network without padding says something of."""
    (rows, columns), (H, W) = shape, picture.shape[:2]
    top, left = (H - rows) // 2, (W - columns) // 2
    return picture[top : top + rows, left : left + columns]


def with_mask(picture: Pixels, mask: npt.NDArray[Any], background: int = 0) -> Pixels:
    """Half of each pixel is the colour of its class, apart from those of the background.

    mask : (rows, columns) integers
    """
    coloured = picture.copy()
    marked = (mask != background) & (mask >= 0)
    coloured[marked] = (picture[marked].astype(np.uint16) + CLASSES[mask[marked] % len(CLASSES)]) // 2
    return coloured


def with_boxes(picture: Pixels, boxes: npt.NDArray[Any]) -> Pixels:
    """A frame of one pixel around each box, in the colour of its class; of boxes that reach beyond the picture, what lies inside.

    boxes : (n, 5 or more) x, y, width, height, class; rows whose class is below 0 are none
    """
    framed = picture.copy()
    H, W = picture.shape[:2]
    for x, y, w, h, k in np.asarray(boxes, np.float64)[::-1, :5].tolist():  # the surest last, on top
        if k < 0:
            continue
        left, top = max(0, round(x)), max(0, round(y))
        right, bottom = min(W - 1, round(x + w) - 1), min(H - 1, round(y + h) - 1)
        if left <= right and top <= bottom:
            framed[[top, bottom], left : right + 1] = colour(int(k))
            framed[top : bottom + 1, [left, right]] = colour(int(k))
    return framed
