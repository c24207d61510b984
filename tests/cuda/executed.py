"""Launches that run as compiled PTX, on arrays of the host: what a device would be given, executed instruction by instruction."""

import functools

import numpy as np
from numba import types
from numba.cuda.typing.typeof import typeof

from .ptx_interpreter import run_ptx
from .ptx_memory import owner_of, place_of
from .ptx_text import Module

ARCHITECTURES = ((8, 0), (9, 0), (10, 0))


class Array(np.ndarray):
    """An array of the host that may be taken for one of a device."""

    @property
    def __cuda_array_interface__(self):
        return self.__array_interface__


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
    """

    def __init__(self, architecture=(9, 0), compiled=()):
        self.architecture, self.compiled, self.texts = architecture, compiled, []

    def launch(self, kernel, grid, *arguments, threads=0):
        signature = tuple(map(kind_of, arguments))
        run_ptx(self.module(kernel, signature), grid, threads or kernel.threads, arguments)

    def module(self, kernel, signature):
        for each in self.compiled:
            Module(text(kernel, signature, each))
        self.texts.append(text(kernel, signature, self.architecture))
        return Module(self.texts[-1])

    def scratch(self, size):
        return put(np.full(size, np.nan, np.float32))

    def table(self, values):
        return put(values)


@functools.lru_cache(maxsize=64)
def text(kernel, signature, architecture):
    """The PTX of a kernel."""
    return kernel.ptx(signature, architecture)


def kind_of(argument):
    """The type that Numba gives an argument of a launch."""
    if not isinstance(argument, np.ndarray):
        return typeof(argument)
    layout = "C" if argument.flags.c_contiguous else "F" if argument.flags.f_contiguous else "A"
    return types.Array(typeof(argument.dtype.type(0)), argument.ndim, layout)
