"""Where launches go: they run at once, on a user's arrays, or become part of a plan.

What makes a convolution, a loop, a loss out of kernels is written once, against `Launches`; its arrays are handles, which are device
arrays in a call and, in a plan, parts of memory that has no place yet.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from minicnn.kernels.cpu.program.program import Place
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.compile import blocks_for as blocks_for  # which memory.py needs as well

Shape = tuple[int, ...]


class Part(NamedTuple):
    """Memory of a plan.

    owner : which of the plan's arrays: "arena", "parameters", "gradient", ...
    place : where in it, in elements of float32; a Place in the arena
    strides : elements from one neighbour to the next, per axis
    """

    owner: str
    place: Place | int
    shape: Shape
    strides: Shape
    dtype: np.dtype[Any] = np.dtype(np.float32)

    @property
    def size(self) -> int:
        """Numbers that its axes count."""
        return prod(self.shape)


Handle = Any  # a device array, or a Part


class Launches(Protocol):
    """Kernels in the order in which they run."""

    def launch(self, kernel: Kernel, grid: int | tuple[int, ...], *arguments: Any, threads: int = 0) -> None:
        """One kernel on so many blocks; `threads` of a block only where the kernel does not say.

        Arguments are handles and numbers.
        """

    def scratch(self, size: int) -> Handle:
        """Room for so many numbers of float32, whose content is unspecified."""

    def table(self, values: np.ndarray) -> Handle:
        """Numbers that do not change, on the device; equal tables are kept once."""


class Now:
    """Launches that run at once, on arrays of the device."""

    def __init__(self, stream: Any = 0) -> None:
        self.stream = stream

    def launch(self, kernel: Kernel, grid: int | tuple[int, ...], *arguments: Any, threads: int = 0) -> None:
        kernel.launch(grid, threads, self.stream, *arguments)

    def scratch(self, size: int) -> Handle:
        return memory.empty((size,), np.float32)

    def table(self, values: np.ndarray) -> Handle:
        return memory.kept_copy(values)


def append(launches: Launches, kernel: Kernel, grid: int, *groups: tuple[Any, ...]) -> None:
    """Launch a kernel on so many blocks, if any; its arguments are the members of the groups: its arrays, its tables, its sizes.

    Whole numbers become int32, which takes one register where int64 would take two, others float32; the rest are handles.
    """
    if grid > 0:
        launches.launch(kernel, grid, *(_narrow(each) for group in groups for each in group))


def _narrow(value: Any) -> Any:
    return np.int32(value) if isinstance(value, int) else np.float32(value) if isinstance(value, float) else value


def contiguous_strides(shape: Shape) -> Shape:
    """Elements between neighbours of an array whose last axis runs fastest."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def flat(handle: Handle) -> Handle:
    """The same memory as one axis; of a contiguous array."""
    if isinstance(handle, Part):
        return handle._replace(shape=(handle.size,), strides=(1,))
    return handle.reshape(handle.size)


def strided(handle: Handle, shape: Shape, strides: Shape, offset: int = 0) -> Handle:
    """A view: `strides` and `offset` in elements, counted from where the handle begins."""
    if isinstance(handle, Part):
        place = handle.place
        moved = Place(place.buffer, place.offset + offset) if isinstance(place, Place) else place + offset
        return handle._replace(place=moved, shape=tuple(shape), strides=tuple(strides))
    return memory.strided(handle, tuple(shape), tuple(strides), offset)


def as_type(handle: Handle, dtype: Any) -> Handle:
    """The same bytes as numbers of another type of four bytes."""
    if isinstance(handle, Part):
        return handle._replace(dtype=np.dtype(dtype))
    return handle.view(dtype)
