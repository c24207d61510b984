"""What every kernel function checks before a compiled loop runs: types, shapes, and that nothing is cast or copied silently."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.errors import DeviceError, SettingError, ShapeError, float_advice
from minicnn.kernels import memory as host_memory
from minicnn.kernels.memory import check_room

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
# How foreign array types refuse, such as a tensor that records gradients.  What a signal's handler raises is another, as TimeoutError.
REFUSALS = (TypeError, ValueError, AttributeError, RuntimeError, LookupError, ArithmeticError, BufferError, MemoryError)


DLPACK_DEVICES = (2, 13)  # CUDA, and memory that it and the host share


def as_float_arrays(where: str, **arrays: Any) -> list[np.ndarray]:
    """The arguments as arrays of one float type and in one place, without a copy of data already there.

    Those of the host become NumPy arrays, and those of a CUDA device Numba's device arrays: of these, the functions of this module
    are all that may be asked beside `shape`, `dtype`, `ndim`, `size`, `len` and, of contiguous ones, `reshape`.

    Raises
    ------
    SettingError
        For a dtype other than float32 and float64, or two different ones.
    DeviceError
        For arrays in different places, or on a CUDA device that cannot be used.
    ShapeError
        For an array that must be copied to be contiguous, if there is no room.
    """
    values = list(arrays.values())
    if _are_plain(values):
        return values
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
    for array in result:
        if type(array) is not np.ndarray:
            _check_places(where, dict(zip(arrays, result, strict=True)))
            break
    return result


def _are_plain(values: list[Any]) -> bool:
    """Whether nothing is to be done, as for most calls: NumPy arrays without gaps, all of float32 or all of float64, found in 0.3 us."""
    dtype = getattr(values[0], "dtype", None)
    if dtype is not FLOATS[0] and dtype is not FLOATS[1]:
        return False
    for value in values:  # noqa: SIM110   # a generator takes 0.4 us more
        if type(value) is not np.ndarray or value.dtype is not dtype or not value.flags.c_contiguous:
            return False
    return True


def as_host_arrays(where: str, **arrays: Any) -> list[np.ndarray]:
    """The same, for what has no form on a device."""
    result = as_float_arrays(where, **arrays)
    for name, array in zip(arrays, result, strict=True):
        if type(array) is not np.ndarray:
            raise DeviceError(f"{where}: {name} lies on a CUDA device, where {where} does not run\n  copy it to the host first")
    return result


def as_array(where: str, name: str, value: Any) -> np.ndarray:
    """One argument as an array in native byte order; lists and scalars count as arrays too."""
    try:
        array = value if type(value) is np.ndarray else _foreign(where, name, value)
    except DeviceError:
        raise
    except REFUSALS as error:
        raise SettingError(f"{where}: {name} cannot be read as an array: {error}") from error
    if array.dtype == object:
        raise SettingError(f"{where}: {name} is a {type(value).__name__}, but must be an array of float32 or float64")
    if not array.dtype.isnative:
        raise SettingError(f"{where}: {name} is in the byte order of another machine\n  use {name}.astype('{array.dtype.name}')")
    if type(array) is np.ndarray and not array.flags.c_contiguous:  # in an array without strides, one number may stand for millions
        check_room(array.nbytes, f"{where}: a contiguous copy of {name}")
    return array


def _foreign(where: str, name: str, value: Any) -> np.ndarray:
    if not _on_device(value):
        return np.asarray(value)
    from minicnn.kernels.cuda import runtime

    runtime.require(f"{where}: {name} lies on a CUDA device")
    from minicnn.kernels.cuda.memory import of_others

    return of_others(value)  # type: ignore[no-any-return]


def _on_device(value: Any) -> bool:
    """Whether an array of another library lies on a CUDA device; memory that Numba shares with the host is the host's."""
    if isinstance(value, np.ndarray):
        return False
    if getattr(type(value), "__cuda_ndarray__", False):
        return True
    place = getattr(value, "__dlpack_device__", None)
    return hasattr(value, "__cuda_array_interface__") if place is None else place()[0] in DLPACK_DEVICES


def check_one_place(where: str, name: str, array: np.ndarray, other_name: str, other: np.ndarray) -> None:
    """Two arrays of a call lie both on the host, or both on one device."""
    if not type(array) is type(other) is np.ndarray:
        _check_places(where, {name: array, other_name: other})


def _check_places(where: str, arrays: dict[str, np.ndarray]) -> None:
    from minicnn.kernels.cuda.memory import number_of

    numbers = {name: None if type(array) is np.ndarray else number_of(array) for name, array in arrays.items()}
    if len(set(numbers.values())) > 1:
        places = {name: "the host" if number is None else f"cuda:{number}" for name, number in numbers.items()}
        listed = "".join(f"\n  {name:10}  {place}" for name, place in places.items())
        first, *others = places.items()
        other = next(each for each in others if each[1] != first[1])
        raise DeviceError(
            f"{where}: {first[0]} lies on {first[1]}, but {other[0]} on {other[1]}{listed}\n  copy all to one of them, and call again"
        )


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
    return np.ascontiguousarray(array) if type(array) is np.ndarray else _device().contiguous(array)


def spread(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(K,) as (K, *others), where all others hold the same."""
    if type(array) is np.ndarray:
        return contiguous(np.broadcast_to(array.reshape(len(array), *(1,) * (len(shape) - 1)), shape))
    return _device().strided(array, shape, (1, *(0,) * (len(shape) - 1)))


def extremes(array: np.ndarray) -> tuple[int, int]:
    """The smallest and the largest of some whole numbers."""
    return (int(array.min()), int(array.max())) if type(array) is np.ndarray else _device().extremes(array)


def on_host(array: np.ndarray) -> np.ndarray:
    """The same numbers in an array of the host."""
    return array if type(array) is np.ndarray else _device().to_host(array)


def beside(like: np.ndarray, array: np.ndarray) -> np.ndarray:
    """The numbers of an array of the host, where `like` lies."""
    return array if type(like) is np.ndarray else _device().to_device(array, like=like)


def _device() -> Any:
    from minicnn.kernels.cuda import memory

    return memory


def empty(where: str, shape: tuple[int, ...], like: np.ndarray, dtype: Any = None) -> np.ndarray:
    """Memory for a result, where `like` lies and of its type, unless another is given.

    Raises
    ------
    ShapeError, DeviceError
        If there is not enough.
    """
    what = f"{where}: a result of the shape {shape}"
    dtype = dtype or like.dtype
    if type(like) is not np.ndarray:
        return _device().empty(shape, dtype, what, like=like)
    check_room(2 * prod(shape) * np.dtype(dtype).itemsize, f"{what}, with as much for intermediate results,")
    try:
        return host_memory.empty(shape, dtype)
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
