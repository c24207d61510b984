"""A user's planes in lanes, a band of each at a time, so that what lies in lanes stays in cache.

A program walks through the bands: load what a band of targets reads, compute, store.  The bands share their memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from minicnn.kernels.cpu.lanes.plane_transfer import load_planes_step, store_planes_step, store_positions_step
from minicnn.kernels.cpu.pooling.reads import Reads, three_axes
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.call import PARTS, Stage
from minicnn.kernels.cpu.program.program import EXTRA
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
    def transfer(self) -> tuple[int, int, int, int, int]:
        """Elements from plane to plane, offset in the plane, rows, elements from row to row, elements of a row."""
        inner = prod(self.sizes[self.axis + 1 :])
        return (
            prod(self.sizes),
            self.first * inner,
            prod(self.sizes[: self.axis]),
            self.sizes[self.axis] * inner,
            (self.stop - self.first) * inner,
        )


@dataclass
class Band:
    """A band of targets, the sources it needs, and the stage that it becomes part of."""

    stage: Stage
    source: Box
    target: Box
    reads: tuple[Reads, ...]  # of the three axes, counted within the boxes

    @property
    def parts(self) -> int:
        """How many parts of a step's work may run at once."""
        return PARTS if self.stage.split else 1

    def new(self, box: Box) -> Activation:
        """Memory for a box in lanes: a single channel, of which a lane is a plane."""
        return self.stage.new((1, *box.shape))

    def load(self, number: int, box: Box) -> Activation:
        """Array `number` of the call, one plane after the other, in lanes."""
        value = self.new(box)
        self._transfer(load_planes_step, value, number, box)
        return value

    def store(self, number: int, value: Activation, box: Box) -> None:
        """Write what lies in lanes to array `number`."""
        self._transfer(store_planes_step, value, number, box)

    def store_positions(self, number: int, value: Activation, box: Box) -> None:
        """Write whole numbers to array `number`, int64."""
        self._transfer(store_positions_step, value, number, box)

    def _transfer(self, kernel: StepKernel, value: Activation, number: int, box: Box) -> None:
        self.stage.program.step(kernel, value.place, self.stage.shard, *box.transfer, EXTRA + number)
        self.stage.cut()


def bands(stage: Stage, reads: Sequence[Reads]) -> Iterator[Band]:
    """Cut the targets into bands along their longest axis."""
    three = three_axes(reads)
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
