"""What every kernel function checks before a compiled loop runs: types, shapes, and that nothing is cast or copied silently."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.errors import DeviceError, SettingError, ShapeError, float_advice
from minicnn.kernels import memory
from minicnn.kernels.memory import check_room

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
# How foreign array types refuse, such as a tensor that records gradients.  What a signal's handler raises is another, as TimeoutError.
REFUSALS = (TypeError, ValueError, AttributeError, RuntimeError, LookupError, ArithmeticError, BufferError, MemoryError)


def as_float_arrays(where: str, **arrays: Any) -> list[np.ndarray]:
    """The arguments as NumPy arrays of one float type, without a copy of data already there.

    Raises
    ------
    SettingError
        For a dtype other than float32 and float64, or two different ones.
    DeviceError
        For an array on a CUDA device.
    ShapeError
        For an array that must be copied to be contiguous, if there is no room.
    """
    result = [as_array(where, name, value) for name, value in arrays.items()]
    for name, array in zip(arrays, result, strict=True):
        if array.dtype not in FLOATS:
            raise SettingError(
                f"{where}: {name} is {array.dtype}, but must be float32 or float64\n  use {float_advice(name, array.dtype.kind)}"
            )
    kinds = {array.dtype for array in result}
    if len(kinds) > 1:
        listed = ", ".join(f"{name} is {array.dtype}" for name, array in zip(arrays, result, strict=True))
        raise SettingError(f"{where}: {listed}, but all must be of one type\n  use astype on one of them")
    return result


def as_array(where: str, name: str, value: Any) -> np.ndarray:
    """One argument as a NumPy array in native byte order; lists and scalars count as arrays too."""
    if hasattr(value, "__cuda_array_interface__"):
        raise DeviceError(f"{where}: {name} lies on a CUDA device, and there is no CUDA kernel for this yet\n  copy it to the CPU first")
    try:
        array = value if type(value) is np.ndarray else np.asarray(value)
    except REFUSALS as error:
        raise SettingError(f"{where}: {name} cannot be read as an array: {error}") from error
    if array.dtype == object:
        raise SettingError(f"{where}: {name} is a {type(value).__name__}, but must be an array of float32 or float64")
    if not array.dtype.isnative:
        raise SettingError(f"{where}: {name} is in the byte order of another machine\n  use {name}.astype('{array.dtype.name}')")
    if not array.flags.c_contiguous:  # in an array without strides, one number may stand for millions
        check_room(array.nbytes, f"{where}: a contiguous copy of {name}")
    return array


def check_axes(where: str, name: str, array: np.ndarray, letters: str) -> None:
    """An array must have one axis for each letter of "N C H W"."""
    wanted = letters.split()
    if array.ndim != len(wanted):
        raise ShapeError(
            f"{where}: {name} has {array.ndim} axes, but needs {len(wanted)}\n  {name}  {array.shape}\n  wanted  ({', '.join(wanted)})"
        )


def check_shape(where: str, name: str, array: np.ndarray, wanted: tuple[int, ...], letters: str) -> None:
    """An array must have exactly this shape."""
    if array.shape != wanted:
        raise ShapeError(
            f"{where}: {name} has the shape {array.shape}, but needs {wanted}\n  {name}  {array.shape}\n  wanted  {wanted}  {letters}"
        )


def contiguous(array: np.ndarray) -> np.ndarray:
    """The same numbers, contiguous."""
    return np.ascontiguousarray(array)


def empty(where: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Memory for a result; a ShapeError if there is not enough."""
    what = f"{where}: a result of the shape {shape}"
    check_room(2 * prod(shape) * np.dtype(dtype).itemsize, f"{what}, with as much for intermediate results,")
    try:
        return memory.empty(shape, dtype)
    except (MemoryError, ValueError) as error:
        raise ShapeError(f"{what} is more than memory holds") from error


SPACE_LETTERS = {1: "W", 2: "H W", 3: "D H W"}
OUT_LETTERS = {1: "Q", 2: "P Q", 3: "O P Q"}
TAP_LETTERS = {1: "S", 2: "R S", 3: "T R S"}


def x_letters(axes: int) -> str:
    """Letters of an input: "N C H W" for two axes."""
    return f"N C {SPACE_LETTERS[axes]}"


def y_letters(axes: int, channels: str = "K") -> str:
    """Letters of an output: "N K P Q" for two axes."""
    return f"N {channels} {OUT_LETTERS[axes]}"


def weight_letters(axes: int) -> str:
    """Letters of a weight: "K C/G R S" for two axes."""
    return f"K C/G {TAP_LETTERS[axes]}"
