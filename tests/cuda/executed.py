"""Launches that run as compiled PTX, on arrays of the host: what a device would be given, executed instruction by instruction."""

import contextlib
import functools
from types import SimpleNamespace

import numpy as np
from numba import cuda, types
from numba.cuda.typing.typeof import typeof

from minicnn.kernels.cuda import memory, runtime
from minicnn.kernels.cuda.compile import Kernel

from .ptx_interpreter import run_ptx
from .ptx_memory import owner_of, place_of
from .ptx_text import Module

ARCHITECTURES = ((8, 0), (9, 0), (10, 0))


class Array(np.ndarray):
    """An array of the host that may be taken for one of a device."""

    __cuda_ndarray__ = True

    @property
    def __cuda_array_interface__(self):
        return self.__array_interface__

    @property
    def device_ctypes_pointer(self):
        return SimpleNamespace(value=place_of(self))

    def is_c_contiguous(self):
        return self.flags.c_contiguous


def put(array):
    """A copy where launches run."""
    return np.array(array).view(Array)


def strided(array, shape, strides, offset=0):
    """As `minicnn.kernels.cuda.memory.strided`; a test puts it there."""
    owner = owner_of(array)
    start = place_of(array) - place_of(owner) + offset * array.itemsize
    return np.ndarray(shape, array.dtype, owner, start, tuple(each * array.itemsize for each in strides)).view(Array)


class Executed:
    """`Launches` for one architecture.

    compiled : architectures that every kernel is compiled for, too
    execute : else kernels are only compiled
    """

    def __init__(self, architecture=(9, 0), compiled=(), execute=True):
        self.architecture, self.compiled, self.execute = architecture, compiled, execute

    def launch(self, kernel, grid, *arguments, threads=0):
        signature = tuple(map(kind_of, arguments))
        module = self.module(kernel, signature)
        if self.execute:
            run_ptx(module, grid, threads or kernel.threads, arguments)

    def module(self, kernel, signature):
        for each in self.compiled:
            text(kernel, signature, each)
        return parsed(text(kernel, signature, self.architecture))

    def scratch(self, size):
        return put(np.full(size, np.nan, np.float32))

    def table(self, values):
        return values if isinstance(values, Array) else put(values)


@functools.lru_cache(maxsize=64)
def text(kernel, signature, architecture):
    """The PTX of a kernel."""
    return kernel.ptx(signature, architecture)


@functools.lru_cache(maxsize=16)
def parsed(ptx):
    return Module(ptx)


def kind_of(argument):
    """The type that Numba gives an argument of a launch."""
    if not isinstance(argument, np.ndarray):
        return typeof(argument)
    layout = "C" if argument.flags.c_contiguous else "F" if argument.flags.f_contiguous else "A"
    return types.Array(typeof(argument.dtype.type(0)), argument.ndim, layout)


def take_the_device(monkeypatch, architecture=(9, 0)):
    """Let the whole engine run as compiled PTX: its device has the memory of the host, and a launch is executed.

    Returns the kernels that were launched, by name.
    """
    from minicnn.engine.cuda import plan

    launched, launches = {}, Executed(architecture)

    def launch(kernel, grid, threads, stream, *arguments):
        launched.setdefault(kernel.name, []).append(kernel)
        launches.launch(kernel, grid, *arguments, threads=threads)

    def empty(shape, dtype, what=""):
        return put(np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, dtype))

    def copy_to_device(numbers, array):
        array[: len(numbers)] = numbers

    def to_host(array, out=None):
        if out is None:
            return np.array(array)
        out[...] = array
        return out

    own = {
        "empty": empty,
        "zeros": lambda shape, dtype, what="": put(np.zeros(shape, dtype)),
        "to_device": lambda array, what="": put(array),
    }
    own |= {
        "copy_to_device": copy_to_device,
        "to_host": to_host,
        "strided": strided,
        "new_stream": lambda: 0,
        "number_of": lambda array: 0,
        "free_bytes": lambda: 1e12,
    }
    for name, function in own.items():
        monkeypatch.setattr(memory, name, function)
    monkeypatch.setattr(Kernel, "launch", launch)
    monkeypatch.setattr(Kernel, "prepare", lambda kernel, *arguments: None)
    monkeypatch.setattr(plan, "captured", lambda launch_all, stream: lambda: launch_all(stream))
    monkeypatch.setattr(cuda, "gpus", [contextlib.nullcontext()])
    monkeypatch.setattr(runtime, "_devices", lambda: (runtime.Device(0, "PTX", architecture, 1 << 33),))
    return launched
