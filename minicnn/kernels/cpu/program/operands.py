"""Groups of numbers that go together: into compiled loops, and into the arguments of steps."""

from __future__ import annotations

from typing import Any, NamedTuple

from minicnn.kernels.cpu.program.atomics import floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program.program import EXTRA
from minicnn.kernels.machine_code.compile import kernel
from minicnn.kernels.machine_code.records import field_of


class Strided(NamedTuple):
    """Rows of an array, `step` apart: array[base + n*step]."""

    array: Any
    base: int
    step: int


class Parameter(NamedTuple):
    """Where numbers of a layer begin: among the parameters or, the bias of a call, in memory."""

    offset: int
    in_memory: bool = False


class Scaling(NamedTuple):
    """Where in memory that all shards share pairs of a factor and a shift begin, one for each filter: what sums get in place of a bias."""

    offset: int


class Operand(NamedTuple):
    """A value of a shard as a step is told of it: channels `step` apart, in the arena, or an image of a user's array.

    place : in the arena, or in the user's array
    field : the frame's field with the address of the user's array; 0 is the arena
    image : elements from one image of the user's array to the next
    """

    place: Any
    field: int
    image: int
    step: int


@kernel(inline=True)
def moved(rows, offset):
    """A Strided that begins so many elements later."""
    return Strided(rows.array, rows.base + offset, rows.step)


@kernel
def array_in(frame, field):
    """The array whose address is in a field of the frame."""
    return whole_array(floats_at(field_of(frame, field)))


@kernel
def array_of(frame, number):
    """Array `number` of a call."""
    return array_in(frame, EXTRA + number)


@kernel
def operand(memory, frame, a):
    """Where an Operand among a step's arguments lies: a Strided."""
    if a.field != 0:
        return Strided(array_in(frame, a.field), frame.first * a.image + a.place, a.step)
    return Strided(memory, frame.arena + a.place, a.step)


@kernel
def integers_of(frame, number):
    """Array `number` of a call, of int64."""
    return whole_array(integers_at(field_of(frame, EXTRA + number)))


@kernel
def share(count, frame):
    """Which of `count` pieces of work are this part's: first and stop."""
    return count * frame.part // frame.parts, count * (frame.part + 1) // frame.parts
