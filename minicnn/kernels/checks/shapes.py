"""Shapes with any number of axes, given as arguments or needed as lines of pixels."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import whole_number


def checked_shape(where: str, name: str, shape: Any, letters: str | None = None) -> tuple[int, ...]:
    """A shape given as an argument: whole numbers from 0, one for each letter of "N C H W"; without letters, of any number of axes."""
    wanted = letters.split() if letters is not None else None
    try:
        sizes = tuple(shape)
    except TypeError:
        hint = f" ({', '.join(wanted)})" if wanted is not None else ""
        raise ShapeError(f"{where}: {name} is {shape!r}, but must be a shape{hint}") from None
    if wanted is not None and len(sizes) != len(wanted):
        raise ShapeError(f"{where}: {name} {sizes} has {len(sizes)} sizes, but needs {len(wanted)}: {letters}")
    names = wanted if wanted is not None else [f"axis {n}" for n in range(len(sizes))]
    return tuple(whole_number(where, f"{name} {axis}", size, least=0) for axis, size in zip(names, sizes, strict=True))


def lines(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, C, L); flat features are channels of one position."""
    return x.reshape(*x.shape[:2], prod(x.shape[2:]))


def flattened(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, F)."""
    return x.reshape(len(x), prod(x.shape[1:]))


def check_channels(where: str, name: str, shape: tuple[int, ...]) -> None:
    """An array must have images and channels; any number of spatial axes."""
    if len(shape) < 2:
        raise ShapeError(f"{where}: {name} has {len(shape)} axes, but needs at least 2\n  {name}  {shape}\n  wanted  (N, C, *space)")
