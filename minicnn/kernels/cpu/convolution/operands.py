"""What the register tiles take, in groups of numbers that go together; all count elements."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.core import cgutils

from minicnn.kernels.cpu.lanes.vector import array_pointer


class Planes(NamedTuple):
    """Outputs or inputs: filters or channels `step` apart, vectors of lanes `vector` apart."""

    array: Any
    base: int
    step: int
    vector: int


class Filters(NamedTuple):
    """Weights: channels `channel` apart, filters `step` apart; where a tap lies is in a table."""

    array: Any
    base: int
    channel: int
    step: int


class Rows(NamedTuple):
    """Output gradients: filters `step` apart, rows of lanes `row` apart."""

    array: Any
    base: int
    step: int
    row: int


class Taps(NamedTuple):
    """Entries first to stop - 1 of a list of pairs (input offset, weight offset)."""

    table: Any
    first: int
    stop: int


class Groups(NamedTuple):
    """How many groups, and the channels and filters of one."""

    count: int  # type: ignore[assignment]   # a field of this name hides tuple.count
    channels: int
    filters: int


class Left(NamedTuple):
    """How much there is to do: filters, and lanes, of which those of a vector beyond `width` are left alone."""

    filters: int
    lanes: int
    width: int


def placed(context, builder, kind, value):
    """A kernel's group as the same NamedTuple of LLVM values, arrays as pointers to what `base` names."""
    own = kind.instance_class(*cgutils.unpack_tuple(builder, value))
    if "array" in own._fields:
        return own._replace(array=builder.gep(array_pointer(context, builder, kind[0], own.array), [own.base]))
    if "table" in own._fields:
        return own._replace(table=array_pointer(context, builder, kind[0], own.table))
    return own
