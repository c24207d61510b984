"""What the pooling functions check: sliding windows, given positions, requested sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import AXIS_WORDS, Axis, PaddingSetting, per_axis, resolve_axes, shape_text
from minicnn.kernels.checks.arrays import (
    as_array,
    as_float_arrays,
    check_axes,
    check_one_place,
    check_shape,
    extremes,
    x_letters,
    y_letters,
)
from minicnn.kernels.checks.shapes import checked_shape

Axes = tuple[Axis, ...]


def pool_axes(
    where: str,
    x_shape: Sequence[int],
    window: object,
    stride: object,
    padding: PaddingSetting,
    dilation: object = 1,
    ceil_mode: object = False,
) -> Axes:
    """The geometry of windows over (N, C, *space), one Axis per spatial axis; a stride of None is the window.

    Raises
    ------
    ShapeError
        If the window does not fit.
    """
    over_end = flag(where, "ceil_mode", ceil_mode)
    axes = resolve_axes(where, x_shape[2:], window, window if stride is None else stride, padding, dilation, over_end)
    letters = x_letters(len(axes))
    for axis, word in zip(axes, AXIS_WORDS[len(axes)], strict=True):
        if axis.out < 1:
            least = max(1, axis.extent - axis.before - axis.after - (axis.stride - 1 if over_end else 0))
            raise ShapeError(
                f"{where}: a window that spans {axis.extent} {word} does not fit into {axis.size} with padding {axis.before}"
                f" and {axis.after}\n  x  {tuple(x_shape)}  {letters}"
                f"\n  use more padding, or an input of at least {least} {word}"
            )
    return axes


def flag(where: str, name: str, value: object) -> bool:
    """A setting that is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise SettingError(f"{where}: {name} is {value!r}, but must be True or False")
    return bool(value)


def planes_of(where: str, axes: int, x: ArrayLike, name: str = "x", letters: str | None = None) -> np.ndarray:
    """One array (N, C, *space), checked."""
    (array,) = as_float_arrays(where, **{name: x})
    check_axes(where, name, array, letters or x_letters(axes))
    return array


def plane_shape(where: str, axes: int, shape: Sequence[int], name: str = "x_shape") -> tuple[int, ...]:
    """A shape (N, C, *space) given as an argument."""
    return checked_shape(where, name, shape, x_letters(axes))


def pooled_shape(x_shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
    """(N, C, *out)."""
    return (*x_shape[:2], *(axis.out for axis in axes))


def check_pooled(where: str, name: str, array: np.ndarray, wanted: tuple[int, ...]) -> None:
    """An array must have the shape of the pooling's output."""
    check_shape(where, name, array, wanted, y_letters(len(wanted) - 2, "C"))


def checked_positions(where: str, indices: ArrayLike, like: np.ndarray, name: str, space: Sequence[int]) -> np.ndarray:
    """Flat positions inside planes of `space` pixels, int64, one for each element of `like`; -1 is none.

    Raises
    ------
    SettingError
        For another dtype, or a position outside.
    """
    indices = as_array(where, "indices", indices)
    if indices.dtype != np.int64:
        raise SettingError(f"{where}: indices are {indices.dtype}, but must be int64\n  use indices.astype('int64')")
    if indices.shape != like.shape:
        raise ShapeError(
            f"{where}: indices have the shape {indices.shape}, but {name} has {like.shape}\n  use the indices that the pooling returned"
        )
    check_one_place(where, name, like, "indices", indices)
    if indices.size:
        (low, high), pixels = extremes(indices), prod(space)
        if low < -1 or high >= pixels:
            raise SettingError(
                f"{where}: indices run from {low} to {high}, but a plane of {shape_text(space)} has the positions 0 to"
                f" {pixels - 1} (and -1 for none)\n  use the indices that the pooling returned"
            )
    return indices


def sizes_per_axis(where: str, name: str, value: object, axes: int) -> tuple[int, ...]:
    """An output size or a scale: one whole number from 1, or one per axis."""
    return per_axis(where, name, value, axes, least=1)
