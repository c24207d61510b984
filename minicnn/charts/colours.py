"""Colours of lines, classes and pixels.  Okabe, Ito, "Color Universal Design", 2008: told apart by colour-blind readers as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from minicnn.charts.records import Picture

RGB = tuple[int, int, int]

ORANGE, SKY, GREEN, YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
BLUE, VERMILION, PURPLE, GREY = (0, 114, 178), (213, 94, 0), (204, 121, 167), (160, 160, 160)

CLASSES = np.array([ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE, GREY], np.uint8)  # over pictures, which are dark as a rule
ON_LIGHT: tuple[RGB, ...] = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, (110, 110, 110))  # of lines; yellow on white is not seen
ON_DARK: tuple[RGB, ...] = (SKY, ORANGE, GREEN, PURPLE, VERMILION, YELLOW, GREY)  # nor is blue on black
ON_ANY: tuple[RGB, ...] = ((30, 144, 214), VERMILION, GREEN, PURPLE, ORANGE, (130, 130, 130))  # of thin lines, where the ground is unknown
MIDDLE = (247, 247, 247)  # of the colours on either side of zero


def hexadecimal(colour: Sequence[int]) -> str:
    """As in CSS: #e69f00."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def extent(pictures: Sequence[Picture], signed: bool) -> tuple[float, float]:
    """The range of values of pictures: from the least to the greatest, or as far to one side of zero as to the other."""
    values = np.concatenate([np.asarray(picture.pixels, np.float64).ravel() for picture in pictures])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    if signed:
        bound = float(np.abs(values).max())
        return -bound, bound
    return float(values.min()), float(values.max())


def coloured(picture: Picture, low: float, high: float) -> npt.NDArray[np.uint8]:
    """A picture as (rows, columns, 4): red, green, blue, and 255 or, where it is NaN, 0.  One of uint8 is shown as it is.

    A signed one: blue below zero, white at zero, vermilion above.  Infinite values take the colour of the end they are beyond.
    """
    if picture.pixels.dtype == np.uint8:
        low, high = 0.0, 255.0
    values = np.array(picture.pixels, np.float64)
    blank: npt.NDArray[np.bool_] = np.logical_or.reduce(np.isnan(values).reshape(-1, *values.shape[-2:]), axis=0)
    share = np.full_like(values, 0.5 if picture.signed else 0.0) if high <= low else np.clip((values - low) / (high - low), 0, 1)
    share = np.nan_to_num(share)
    if values.ndim == 3:
        colours = 255 * share.transpose(1, 2, 0)
    elif picture.signed:
        away = np.abs(2 * share - 1)[..., None]
        ends = np.where((share < 0.5)[..., None], np.array(BLUE, np.float64), np.array(VERMILION, np.float64))
        colours = (1 - away) * np.array(MIDDLE) + away * ends
    else:
        colours = 255 * share[..., None].repeat(3, axis=2)
    alpha = np.where(blank, 0, 255)[..., None]
    return np.concatenate([np.rint(np.where(blank[..., None], 0, colours)), alpha], axis=2).astype(np.uint8)
