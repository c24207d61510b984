"""An activation of a program: where it lies and how."""

from __future__ import annotations

from typing import NamedTuple

from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.operands import Operand
from minicnn.kernels.cpu.program.program import Buffer, Place, Program


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

    @property
    def field(self) -> int:
        """The frame's field with the address that the place counts from; 0 is the arena."""
        return 0

    @property
    def operand(self) -> Operand:
        """Where a step finds it."""
        return Operand(self.place, 0, 0, self.map.plane)

    def channels(self, first: int, count: int) -> Activation:
        """Some of its channels, in place."""
        some = FeatureMap(count, self.map.sizes, self.map.shard, self.map.before, self.map.after)
        return Activation(self.buffer, some, self.offset + first * self.map.plane)

    def shaped(self, shape: tuple[int, ...]) -> Activation:
        """The same memory as a value of this shape, (C, *space); only without a halo."""
        return Activation(self.buffer, FeatureMap(shape[0], tuple(shape[1:]), self.map.shard), self.offset)

    def flat(self) -> Activation:
        """The same memory as flat features; only without a halo."""
        return Activation(self.buffer, FeatureMap(self.map.channels * self.map.pixels, (), self.map.shard), self.offset)


class Outside(NamedTuple):
    """A single image of a user's array, which steps read or write where it lies.

    field : the frame's field with its address
    """

    field: int
    map: FeatureMap

    @property
    def place(self) -> int:
        """Its beginning, counted from that address."""
        return 0

    @property
    def operand(self) -> Operand:
        """Where a step finds it."""
        return Operand(0, self.field, self.map.size, self.map.plane)


def new_activation(
    program: Program, shape: tuple[int, ...], shard: int, before: tuple[int, ...] = (), after: tuple[int, ...] = ()
) -> Activation:
    """Memory for a value of shape (C, *space) or (F,)."""
    geometry = FeatureMap(shape[0], tuple(shape[1:]), shard, before, after)
    return Activation(program.buffer(geometry.size, permanent=any(before) or any(after)), geometry)
