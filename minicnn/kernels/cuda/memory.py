"""Arrays on a device: new ones, views, and copies from and to the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.kernels.cuda.runtime import SIMULATED


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """A new array whose content is unspecified."""
    from numba import cuda

    return cuda.device_array(shape, dtype)


def to_device(array: np.ndarray) -> Any:
    """A copy on the device."""
    from numba import cuda

    return cuda.to_device(np.ascontiguousarray(array))


def to_host(array: Any, out: np.ndarray | None = None) -> np.ndarray:
    """A copy on the host, in `out` if given."""
    if out is None:
        return array.copy_to_host()  # type: ignore[no-any-return]
    array.copy_to_host(out)
    return out


def flat(array: Any) -> Any:
    """A contiguous array as one axis."""
    return array.reshape(array.size)


def strided(array: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Any:
    """A view that begins where the array does; strides and offset in elements."""
    from numba import cuda

    size, bytes_apart = array.dtype.itemsize, tuple(n * array.dtype.itemsize for n in strides)
    if SIMULATED:
        first = np.lib.stride_tricks.as_strided(array._ary, (offset + 1,), (size,))[offset:]
        return type(array)(np.lib.stride_tricks.as_strided(first, shape, bytes_apart))
    devicearray = cuda.cudadrv.devicearray
    return devicearray.DeviceNDArray(shape, bytes_apart, array.dtype, stream=array.stream, gpu_data=array.gpu_data.view(offset * size))


def as_type(array: Any, dtype: Any) -> Any:
    """The same bytes as numbers of another type of the same size."""
    if SIMULATED:
        return type(array)(array._ary.view(dtype))
    return array.view(dtype)
