"""Arrays on a device: those of others without a copy, new ones, views, and copies from and to the host.

All of them are Numba's device arrays.  A result is one too: `copy_to_host` brings it over, and what reads `__cuda_array_interface__`, as
`torch.as_tensor(y, device="cuda")` and `cupy.asarray(y)` do, takes it without a copy.

Order.  Launches go to the legacy default stream of the device: PyTorch's default, and CuPy's.  Before an array of others is read, that
stream waits for theirs: the `stream` of `__cuda_array_interface__`, or, asked by `__dlpack__`, the library itself.  New arrays name the
legacy default stream in their interface, so that a reader on another stream knows what to wait for.  The host waits for nothing.

In the simulator the memory of the device is that of the host, and so is that of an array of others.
"""

from __future__ import annotations

import weakref
from math import prod
from typing import Any

import numpy as np
from numba import cuda

from minicnn.errors import DeviceError
from minicnn.kernels.cuda.compile import Kernel, blocks_for
from minicnn.kernels.cuda.runtime import SIMULATED, on

LEGACY_STREAM = 1  # as both protocols number it


def empty(shape: tuple[int, ...], dtype: Any, what: str = "a new array", like: Any = None) -> Any:
    """A new array on the current device, or on that of `like`, whose content is unspecified; a DeviceError says what needs it if there is not so much memory."""
    if like is not None:
        with on(number_of(like)):
            return empty(shape, dtype, what)
    try:
        return cuda.device_array(shape, dtype, stream=_stream())
    except Exception as error:
        if isinstance(error, MemoryError | ValueError | OverflowError) or "OUT_OF_MEMORY" in str(error):
            raise DeviceError(f"{what} needs {_amount(prod(shape) * np.dtype(dtype).itemsize)}{_but_free()}") from None
        raise


def to_device(array: np.ndarray, what: str = "a copy of an array", like: Any = None) -> Any:
    """A copy on the current device, or on that of `like`."""
    copy = empty(array.shape, array.dtype, what, like)
    if array.size:
        copy.copy_to_device(_plain(array))
    return copy


def _plain(numbers: np.ndarray) -> np.ndarray:
    """Contiguous, and with the strides of such an array: NumPy keeps any where an axis has one element, and Numba drops one of 0."""
    own = np.ascontiguousarray(numbers)
    return np.ndarray(own.shape, own.dtype, own)


_copies: dict[tuple[int, int], tuple[weakref.ref[np.ndarray], Any]] = {}


def kept_copy(numbers: np.ndarray) -> Any:
    """A copy on the current device, the same one for as long as the array of the host lives: of numbers that do not change."""
    key = id(numbers), _current()
    known = _copies.get(key)
    if known is not None and known[0]() is numbers:
        return known[1]
    copy = to_device(numbers)
    _copies[key] = weakref.ref(numbers, lambda _: _copies.pop(key, None)), copy
    return copy


def zeros(shape: tuple[int, ...], dtype: Any, what: str = "a new array") -> Any:
    """A new array of zeros on the current device."""
    array = empty(shape, dtype, what)
    if SIMULATED:
        array.copy_to_device(np.zeros(shape, dtype))
    elif array.size:
        array.gpu_data.memset(0)
    return array


def copy_to_device(numbers: np.ndarray, array: Any) -> None:
    """Copy numbers into the first of an array of the same type, whose further axes are the same."""
    if numbers.size:
        array[: len(numbers)].copy_to_device(_plain(numbers))


def new_stream() -> Any:
    """A stream of one's own, whose launches come after those on the legacy default stream before them, and before those after."""
    return 0 if SIMULATED else cuda.stream()


def to_host(array: Any, out: np.ndarray | None = None) -> np.ndarray:
    """A copy on the host, in `out` if given; waits for the launches before."""
    array = contiguous(array)
    with on(number_of(array)):
        if out is None:
            return array.copy_to_host()  # type: ignore[no-any-return]
        if out.flags.c_contiguous:
            array.copy_to_host(out)
        else:
            out[...] = array.copy_to_host()
    return out


def strided(array: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Any:
    """A view that begins where the array does; strides and offset in elements."""
    size = array.dtype.itemsize
    apart = tuple(each * size for each in strides)
    if SIMULATED:
        first = np.lib.stride_tricks.as_strided(array._ary, (offset + 1,), (size,))[offset:]
        return type(array)(np.lib.stride_tricks.as_strided(first, shape, apart))
    return _device_array(shape, apart, array.dtype, array.gpu_data.view(offset * size), array.stream)


def contiguous(array: Any) -> Any:
    """The same numbers without gaps, the last axis innermost."""
    if array.is_c_contiguous():
        return array
    with on(number_of(array)):
        copy = empty(tuple(array.shape), array.dtype, "a contiguous copy")
        if copy.size:
            COPY.launch(*blocks_for(copy.size), 0, copy.reshape(copy.size), array)
    return copy


def extremes(array: Any) -> tuple[int, int]:
    """The smallest and the largest of some whole numbers; waits for them."""
    array = contiguous(array).reshape(array.size)
    with on(number_of(array)):
        blocks, threads = blocks_for(array.size)
        found = empty((2, min(blocks * threads, array.size)), np.int64)
        EXTREMES.launch(blocks, threads, 0, found, array)
    low, high = to_host(found)
    return int(low.min()), int(high.max())


def number_of(array: Any) -> int:
    """The number of the device that an array lies on; of an empty one, the current device's."""
    return 0 if SIMULATED else _number_at(array.device_ctypes_pointer.value or 0)


def of_others(value: Any) -> Any:
    """An array of Numba, PyTorch, CuPy, ... on a device, without a copy; it keeps the other one alive, and refuses as its library does."""
    if getattr(type(value), "__cuda_ndarray__", False):
        stream = value.stream
        if not SIMULATED and stream:
            _wait_for(int(stream), number_of(value))
        return value
    if hasattr(value, "__dlpack__"):
        return _by_dlpack(value)
    interface = dict(value.__cuda_array_interface__)
    if interface.get("mask") is not None:
        raise BufferError("it has a mask")
    if SIMULATED:
        return _simulated(np.asarray(_Interface(value, interface)))
    pointer, (shape, strides, dtype) = interface["data"][0], (interface[each] for each in ("shape", "strides", "typestr"))
    number = _number_at(pointer)
    if interface.get("stream") is not None:
        _wait_for(interface["stream"], number)
    return _at(pointer, number, shape, strides, np.dtype(dtype), value)


def _by_dlpack(value: Any) -> Any:
    if SIMULATED:
        return _simulated(np.from_dlpack(_OnHost(value)))
    from cuda.core.utils import StridedMemoryView

    _, number = value.__dlpack_device__()
    with on(number):
        view = StridedMemoryView.from_dlpack(value, stream_ptr=LEGACY_STREAM)
    dtype = np.dtype(view.dtype)
    strides = None if view.strides is None else tuple(each * dtype.itemsize for each in view.strides)
    return _at(view.ptr, number, view.shape, strides, dtype, view)


def _at(pointer: int, number: int, shape: tuple[int, ...], strides: tuple[int, ...] | None, dtype: np.dtype, owner: Any) -> Any:
    """An array of memory that belongs to another; strides in bytes."""
    from numba.cuda.api_util import prepare_shape_strides_dtype
    from numba.cuda.cudadrv import driver

    shape, apart, _ = prepare_shape_strides_dtype(tuple(shape), strides, dtype, "C")
    context = cuda.gpus[number].get_primary_context()
    size = driver.memory_size_from_info(shape, apart, dtype.itemsize) if prod(shape) else 0
    data = driver.MemoryPointer(context, driver.binding.CUdeviceptr(pointer), size, owner=owner)
    with on(number):
        return _device_array(shape, apart, dtype, data, _stream())


def _device_array(shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any, data: Any, stream: Any) -> Any:
    from numba.cuda.cudadrv.devicearray import DeviceNDArray

    return DeviceNDArray(shape, strides, dtype, stream=stream, gpu_data=data)


def _number_at(pointer: int) -> int:
    from numba.cuda.cudadrv.driver import CudaAPIError, binding, driver

    if not pointer:
        return _current()
    try:
        return int(driver.cuPointerGetAttribute(binding.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, pointer))
    except CudaAPIError as error:
        raise BufferError(f"its memory is not that of a CUDA device: {error.msg}") from error


def _current() -> int:
    return 0 if SIMULATED else int(cuda.get_current_device().id)


def _stream() -> Any:
    return 0 if SIMULATED else cuda.legacy_default_stream()


def _wait_for(stream: int, number: int) -> None:
    """What is launched from now on waits for what another stream was given so far."""
    if stream == LEGACY_STREAM:
        return
    with on(number):
        event = cuda.event(timing=False)
        event.record(cuda.external_stream(stream))
        event.wait(cuda.legacy_default_stream())


def _amount(size: int) -> str:
    return f"{size / 2**30:.1f} GiB of memory" if size >= 2**28 else f"{-(-size // 2**20)} MiB of memory"


def free_bytes() -> float:
    """On the current device; the simulator knows no limit."""
    return float(cuda.current_context().get_memory_info()[0])


def _but_free() -> str:
    free, total = cuda.current_context().get_memory_info()
    if free == float("inf"):  # the simulator knows no limit
        return ", which the device does not have"
    return f", but {free / 2**30:.1f} of {total / 2**30:.1f} GiB are free on cuda:{_current()}"


class _Interface:
    """An interface of the device as one of the host."""

    def __init__(self, owner: Any, interface: dict[str, Any]) -> None:
        self.owner, self.__array_interface__ = owner, {**interface, "version": 3}


class _OnHost:
    """A DLPack exporter of the device as one of the host."""

    def __init__(self, value: Any) -> None:
        self.__dlpack__ = value.__dlpack__

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def _simulated(array: np.ndarray) -> Any:
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    return FakeCUDAArray(array)


def _copy(y: Any, x: Any) -> None:
    for place in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[place] = x.flat[place]


def _extremes(found: Any, x: Any) -> None:
    """Every thread finds those of its turns."""
    thread = cuda.grid(1)
    if thread < found.shape[1]:
        low = high = x[thread]
        for place in range(thread, x.size, cuda.gridsize(1)):
            low, high = min(low, x[place]), max(high, x[place])
        found[0, thread], found[1, thread] = low, high


COPY, EXTREMES = Kernel(_copy), Kernel(_extremes)
