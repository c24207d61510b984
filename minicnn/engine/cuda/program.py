"""Launches of a plan under construction: their arrays are parts of memory that gets a place when all of them are known.

One arena holds the whole batch.  Values lie in it as on the CPU, channel, space, images, the images innermost and padded to whole groups
of four, so that four neighbours are one load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Buffer, Place, place_buffers
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Handle, Part, Shape, contiguous_strides

ARENA, PARAMETERS, GRADIENT, STATE = "arena", "parameters", "gradient", "state"
TOGETHER = 4  # images of one load
ENDLESS_BITS = 60  # a launch takes sizes as numbers of 64 bits, their product too


class OfRun(NamedTuple):
    """An array of a run: "images", "labels", "targets", "scales", "order", "job", "keys", "draws", "rates", "statistics", "output", "input_gradient"."""

    name: str


class Launch(NamedTuple):
    """A kernel with its arguments; handles among them become arrays of the device when the plan has its memory."""

    kernel: Kernel
    grid: int | tuple[int, ...]
    threads: int
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class DeviceProgram:
    """Launches, their tables and buffers.

    images : of the batch, without those that it is padded with
    batch : of a whole batch of the run
    size : of the arena, once placed
    """

    images: int
    batch: int
    size: int = 0
    rows: list[Launch] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    draws: list[int] = field(default_factory=list)  # numbers of the nodes and changes that draw from a batch's key

    @property
    def row(self) -> int:
        """Images of the batch with those that it is padded with."""
        return padded_images(self.images)

    def buffer(self, size: int, permanent: bool = False) -> Buffer:
        """Ask for a stretch of the arena."""
        self.buffers.append(Buffer(size, permanent))
        return self.buffers[-1]

    def launch(self, kernel: Kernel, grid: int | tuple[int, ...], *arguments: Any, threads: int = 0) -> None:
        """Append one launch."""
        for each in arguments:
            if isinstance(each, Part) and isinstance(each.place, Place):
                each.place.buffer.used_at(len(self.rows))
        self.rows.append(Launch(kernel, grid, threads, arguments))

    def scratch(self, size: int) -> Part:
        """Room for so many numbers of float32."""
        return Part(ARENA, Place(self.buffer(size)), (size,), (1,))

    def table(self, values: np.ndarray) -> Part:
        """Numbers that do not change; equal tables are kept once."""
        own = np.ascontiguousarray(values)
        key = f"{own.dtype.str} {own.tobytes().hex()}"
        self.tables.setdefault(key, own.ravel())
        return Part(key, 0, own.shape, contiguous_strides(own.shape), own.dtype)

    def zeros(self, axes: int) -> Part:
        """An array of zeros, as long as anybody asks."""
        sizes = (1 << min(30, ENDLESS_BITS // axes),) * axes
        return self.table(np.zeros(1, np.float32))._replace(shape=sizes, strides=(0,) * axes)

    def images_first(self, value: Activation, axes: int = 0) -> Part:
        """A value as definitions see it: (N, C, *space), or with some of its axes run together: (N, C, L), (N, F), (N,)."""
        own = value.map
        known: dict[int, tuple[Shape, Shape]] = {1: ((self.images,), (1,))} if own.channels * own.pixels == 1 else {}
        known |= {
            2: ((self.images, own.channels * own.pixels), (1, own.shard)),
            3: ((self.images, own.channels, own.pixels), (1, own.plane, own.shard)),
            2 + len(own.sizes): ((self.images, own.channels, *own.sizes), (1, own.plane, *own.strides)),
        }
        axes = axes or 2 + len(own.sizes)
        if axes not in known:
            raise ShapeError(f"a value of {shape_text((own.channels, *own.sizes))} is used with {axes} axes")
        return Part(ARENA, value.place, *known[axes])

    def lanes(self, value: Activation) -> Part:
        """A value as it lies, flat: images innermost, `row` apart."""
        return Part(ARENA, value.place, (value.size,), (1,))

    def array(self, owner: str, offset: int, shape: Shape) -> Part:
        """An array among the parameters, their gradients or the optimizer's state, laid out as users see it."""
        return Part(owner, offset, tuple(shape), contiguous_strides(shape))

    def place(self) -> None:
        """Give every buffer its place."""
        self.size = place_buffers(self.buffers, len(self.rows))

    def bound(self, arrays: Mapping[str, Handle]) -> list[Launch]:
        """The launches with arrays of the device.

        arrays : flat, by owner; those of a run by name, as they are
        """

        def own(argument: Any) -> Any:
            if isinstance(argument, OfRun):
                return arrays[argument.name]
            if isinstance(argument, Part):
                place = argument.place
                offset = place.buffer.offset + place.offset if isinstance(place, Place) else place
                array = arrays[argument.owner]
                if array.dtype != argument.dtype:
                    array = array.view(argument.dtype)
                return memory.strided(array, argument.shape, argument.strides, offset)
            return argument

        return [row._replace(arguments=tuple(map(own, row.arguments))) for row in self.rows]


def padded_images(images: int) -> int:
    """Rounded up to whole groups that are loaded together."""
    return -(-images // TOGETHER) * TOGETHER
