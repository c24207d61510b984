"""Operations on single planes as steps, a band of each plane at a time, so that what lies in lanes stays in cache.

A program walks through the bands: load what a band of targets reads, compute, store.  The bands share their memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from minicnn.kernels.cpu.lanes.plane_transfer import Turn, load_planes_step, store_planes_step, store_positions_step
from minicnn.kernels.cpu.pooling.l2 import l2_pool_step
from minicnn.kernels.cpu.pooling.maximum import max_pool_positions_step, max_pool_values_step
from minicnn.kernels.cpu.pooling.reads import ONE_PIXEL, Reads
from minicnn.kernels.cpu.pooling.resampling import resample_step
from minicnn.kernels.cpu.program.call import PARTS, Stage
from minicnn.kernels.cpu.program.program import EXTRA, Buffer, Place
from minicnn.kernels.machine_code.compile import StepKernel

BAND_BYTES = 384 * 1024  # sources and targets of a band in lanes: they share the second-level cache with what is loaded next
MOST_BANDS = 64


@dataclass(frozen=True)
class Box:
    """Part of a plane: all of every axis but one, and of that one pixels first .. stop."""

    sizes: tuple[int, ...]  # of the whole plane
    axis: int
    first: int
    stop: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Pixels per axis."""
        return (*self.sizes[: self.axis], self.stop - self.first, *self.sizes[self.axis + 1 :])

    @property
    def inner(self) -> int:
        """Pixels of the axes behind the one that is cut."""
        return prod(self.sizes[self.axis + 1 :])

    @property
    def turn(self) -> Turn:
        """Its rows, as a step moves them."""
        rows, length = prod(self.sizes[: self.axis]), (self.stop - self.first) * self.inner
        return Turn(rows, length, prod(self.sizes), self.sizes[self.axis] * self.inner)

    def positions(self, axis: int) -> int:
        """Pixels of the whole plane from one to the next along an axis."""
        return prod(self.sizes[axis + 1 :])


@dataclass
class Band:
    """A band of targets, the sources it needs, and the stage that it becomes part of."""

    stage: Stage
    source: Box
    target: Box
    reads: tuple[Reads, ...]  # of the three axes, counted within the boxes

    def new(self, box: Box) -> Buffer:
        """Memory for a box in lanes."""
        return self.stage.program.buffer(max(1, prod(box.shape)) * self.stage.shard)

    def load(self, number: int, box: Box) -> Buffer:
        """Array `number` of the call, one plane after the other, in lanes."""
        buffer = self.new(box)
        self._transfer(load_planes_step, buffer, number, box)
        return buffer

    def store(self, number: int, buffer: Buffer, box: Box) -> None:
        """Write what lies in lanes to array `number`."""
        self._transfer(store_planes_step, buffer, number, box)

    def store_positions(self, number: int, buffer: Buffer, box: Box) -> None:
        """Write whole numbers to array `number`, int64."""
        self._transfer(store_positions_step, buffer, number, box)

    def _transfer(self, kernel: StepKernel, buffer: Buffer, number: int, box: Box) -> None:
        self.stage.program.step(
            kernel, place=Place(buffer), shard=self.stage.shard, offset=box.first * box.inner, field=EXTRA + number, turn=box.turn
        )

    def tables(self, payload: str) -> list[int]:
        """Bounds, offsets, payload (of reads: "weights" or "positions") and targets of the three axes."""
        program, shape, result = self.stage.program, self.source.shape, []
        for n, reads in enumerate(self.reads):
            offsets = reads.sources * (prod(shape[n + 1 :]) * self.stage.shard)
            if payload == "weights":
                values = reads.weights.view(np.int64)
            else:
                first = self.source.first if n == self.source.axis else 0
                values = (reads.sources + first) * self.source.positions(n)
            result += [program.constant(reads.bounds), program.constant(offsets), program.constant(values), reads.targets]
        return result

    @property
    def in_place(self) -> bool:
        """Whether the outer axes have nothing to combine."""
        return all(reads.trivial for reads in self.reads[:2])

    def scratch_row(self) -> tuple[Place, int]:
        """Memory for one row of sources, one for each part of the work, and its elements."""
        size = max(1, self.source.shape[-1]) * self.stage.shard
        return Place(self.stage.program.buffer(size * (PARTS if self.stage.split else 1))), size

    def append_resample(self, y: Buffer, x: Buffer) -> None:
        """Weighted sums."""
        row, size = self.scratch_row()
        self.stage.program.step(
            resample_step, Place(y), Place(x), row, size, self.stage.shard, self.in_place, 0, 0, *self.tables("weights")
        )

    def append_max_values(self, y: Buffer, x: Buffer) -> None:
        """The largest of each window."""
        row, size = self.scratch_row()
        self.stage.program.step(
            max_pool_values_step, Place(y), Place(x), row, size, self.stage.shard, self.in_place, 0, 0, *self.tables("weights")
        )

    def append_max_positions(self, y: Buffer, positions: Buffer, x: Buffer) -> None:
        """The largest of each window and where it lies in its plane."""
        self.stage.program.step(
            max_pool_positions_step, Place(y), Place(positions), Place(x), self.stage.shard, 0, 0, 0, 0, *self.tables("positions")
        )

    def append_l2_pool(self, y: Buffer, x: Buffer) -> None:
        """The length of each window."""
        self.stage.program.step(l2_pool_step, Place(y), Place(x), self.stage.shard, 0, 0, 0, 0, 0, *self.tables("weights"))


def bands(stage: Stage, reads: Sequence[Reads]) -> Iterator[Band]:
    """Cut the targets into bands along their longest axis."""
    three = (*(ONE_PIXEL,) * (3 - len(reads)), *reads)
    sources, targets = tuple(each.size for each in three), tuple(each.targets for each in three)
    axis = max(range(3), key=lambda n: targets[n])
    bytes_together = 4 * stage.shard * (prod(sources) + prod(targets))
    count = max(1, min(MOST_BANDS, targets[axis], -(-bytes_together // BAND_BYTES)))
    for band in range(count):
        first, stop = targets[axis] * band // count, targets[axis] * (band + 1) // count
        own, low = three[axis].band(first, stop)
        yield Band(
            stage, Box(sources, axis, low, low + own.size), Box(targets, axis, first, stop), (*three[:axis], own, *three[axis + 1 :])
        )
