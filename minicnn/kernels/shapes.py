"""Shapes with any number of axes, given as arguments or needed as lines of pixels."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number


def any_shape(where: str, name: str, shape: Any) -> tuple[int, ...]:
    """A shape given as an argument: whole numbers from 0."""
    try:
        sizes = tuple(shape)
    except TypeError:
        raise ShapeError(f"{where}: {name} is {shape!r}, but must be a shape") from None
    return tuple(whole_number(where, f"{name}[{n}]", size, least=0) for n, size in enumerate(sizes))


def lines(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, C, L); flat features are channels of one position."""
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


def check_channels(where: str, name: str, shape: tuple[int, ...]) -> None:
    """An array must have images and channels; the axes of space are free."""
    if len(shape) < 2:
        raise ShapeError(f"{where}: {name} has {len(shape)} axes, but needs at least 2\n  {name}  {shape}\n  wanted  (N, C, *space)")
