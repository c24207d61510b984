"""Numba's own device arrays, made over memory that nobody reads: what needs no driver of taking arrays in and of viewing them."""

import gc
import weakref
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from numba import cuda
from numba.cuda.cudadrv import driver
from numba.cuda.cudadrv.devicearray import DeviceNDArray

from minicnn.kernels.checks.arrays import _on_device
from minicnn.kernels.cuda import launches, memory

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


number_at = memory._number_at


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """A driver that knows one device, for whose default stream others are waited for: the list of them."""
    asked = []
    context = SimpleNamespace(get_primary_context=lambda: "the context of the device")
    event = SimpleNamespace(record=asked.append, wait=asked.append)
    monkeypatch.setattr(memory, "on", lambda number: nullcontext())
    monkeypatch.setattr(memory, "_number_at", lambda pointer: 0)
    monkeypatch.setattr(cuda, "gpus", [context])
    monkeypatch.setattr(cuda, "legacy_default_stream", lambda: driver.Stream(driver.binding.CUstream(1)))
    monkeypatch.setattr(cuda, "external_stream", lambda number: number)
    monkeypatch.setattr(cuda, "event", lambda timing: event)
    return asked


class ByDLPack:
    def __init__(self, array):
        self.array, self.asked = array, []

    def __dlpack__(self, *, stream=None, max_version=None):
        self.asked.append(stream)
        return self.array.__dlpack__(max_version=max_version)

    def __dlpack_device__(self):
        return 2, 0


class ByInterface:
    def __init__(self, array, **more):
        self.array = array
        self.__cuda_array_interface__ = {"version": 3, **array.__array_interface__, **more}


def described(array):
    return array.shape, array.strides, array.dtype, array.__cuda_array_interface__["data"][0]


@pytest.mark.parametrize("foreign", [ByDLPack, ByInterface])
@pytest.mark.parametrize("array", [X, X.transpose(2, 0, 1), X[:, ::2, 1:3], X[1].astype(np.int64)])
def test_an_array_of_others_becomes_numba_s_over_the_same_memory(foreign, array):
    value = foreign(array)
    assert _on_device(value)
    there = memory.of_others(value)
    assert type(there) is DeviceNDArray
    assert described(there) == (array.shape, array.strides, array.dtype, array.ctypes.data)
    assert there.__cuda_array_interface__["stream"] == 1  # a reader on another stream knows what to wait for
    assert memory.of_others(there) is there
    gone = weakref.ref(value)
    del value
    gc.collect()
    assert gone() is not None
    del there
    gc.collect()
    assert gone() is None


def test_a_library_orders_its_own_stream_before_ours():
    value = ByDLPack(X)
    memory.of_others(value)
    assert value.asked == [1]


@pytest.mark.parametrize(("stream", "waited"), [(None, []), (1, []), (2, [2, 1]), (77, [77, 1])])
def test_launches_wait_for_the_stream_of_an_interface(waits, stream, waited):
    memory.of_others(ByInterface(X, stream=stream))
    assert [int(each) for each in waits] == waited


def test_launches_wait_for_the_stream_of_an_array_of_numba(waits):
    own = memory.of_others(ByInterface(X)).bind(driver.Stream(driver.binding.CUstream(77)))
    assert memory.of_others(own) is own
    assert [int(each) for each in waits] == [77, 1]


def test_views_begin_where_they_should():
    there = memory.of_others(ByInterface(X))
    view = launches.strided(there, (3, 2), (1, 4), 5)
    assert described(view) == ((3, 2), (4, 16), X.dtype, X.ctypes.data + 20)
    assert described(launches.strided(view, (2,), (8,), 1)) == ((2,), (32,), X.dtype, X.ctypes.data + 24)
    assert described(launches.flat(there)) == ((24,), (4,), X.dtype, X.ctypes.data)
    assert described(launches.as_type(there, np.int32)) == ((2, 3, 4), X.strides, np.dtype(np.int32), X.ctypes.data)
    assert memory.contiguous(there) is there


def test_a_pointer_of_no_device_is_refused(monkeypatch):
    def refuse(attribute, pointer):
        raise driver.CudaAPIError(1, f"Call to cuPointerGetAttribute results in CUDA_ERROR_INVALID_VALUE for {pointer}")

    monkeypatch.setattr(memory, "_number_at", number_at)
    monkeypatch.setattr(driver, "driver", SimpleNamespace(cuPointerGetAttribute=refuse))
    with pytest.raises(BufferError, match=r"^its memory is not that of a CUDA device: Call to cuPointerGetAttribute results in CUDA_ERROR"):
        memory.of_others(ByInterface(X))
