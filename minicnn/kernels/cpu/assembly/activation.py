"""An activation of a program: where it lies and how."""

from __future__ import annotations

from typing import NamedTuple

from minicnn.kernels.cpu.feature_map import FeatureMap
from minicnn.kernels.cpu.program import Buffer, Place, Program


class Activation(NamedTuple):
    """A value of one shard: its buffer, its geometry, and where in the buffer it begins."""

    buffer: Buffer
    map: FeatureMap
    offset: int = 0

    @property
    def place(self) -> Place:
        """Where it begins, for a step's arguments."""
        return Place(self.buffer, self.offset)

    @property
    def size(self) -> int:
        """Elements, the halo included."""
        return self.map.size

    def channels(self, first: int, count: int) -> Activation:
        """Some of its channels, in place."""
        some = FeatureMap(count, self.map.sizes, self.map.shard, self.map.before, self.map.after)
        return Activation(self.buffer, some, self.offset + first * self.map.plane)

    def flat(self) -> Activation:
        """The same memory as flat features; only without a halo."""
        return Activation(self.buffer, FeatureMap(self.map.channels * self.map.pixels, (), self.map.shard), self.offset)


def new_activation(program: Program, shape: tuple[int, ...], shard: int, before: tuple[int, ...] = (),
                   after: tuple[int, ...] = ()) -> Activation:
    """Memory for a value of shape (C, *space) or (F,)."""
    geometry = FeatureMap(shape[0], tuple(shape[1:]), shard, before, after)
    return Activation(program.buffer(geometry.size, permanent=any(before) or any(after)), geometry)
