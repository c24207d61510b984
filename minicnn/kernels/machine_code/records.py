"""Records: numbers with names, which Python fills in and compiled loops read at offsets that are constants.

A field is an int64 or a float64, or a group of fields: a NamedTuple whose annotations say `float`, another NamedTuple, or anything else
for an int64.  A step declares its own (`compile.step`), what differs from task to task is the `Frame`.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.errors import SettingError


class Frame:
    """What a step knows of the task that it is part of.  Addresses are of arrays that all steps of the batch share."""

    arena: int  # where this task's activations begin in memory
    slot: int  # where this task's gradients begin in memory
    first: int  # first image of the shard, counted in the batch
    count: int  # type: ignore[assignment]  # images of the shard that are real; lanes beyond are filled up and count for nothing
    accumulate: int  # 0 for the first shard of a slot: gradients are written; else they are added
    batch: int  # images of the whole batch
    scale: float  # what the sum of the batch's losses is multiplied by: 1 / images for a mean
    key: int  # random key of this batch
    part: int  # which part of the step's work this task does
    parts: int  # of how many
    order: int  # address of the batch's image numbers (int64)
    statistics: int  # address of the batch's (loss, correct) pairs, one a shard (float64)
    rates: int  # address of the batch's optimizer numbers (float64)
    output: int  # address of the batch's output rows (float32)
    labels: int  # address of the data set's labels (int64)
    input: int  # address of the data set's images (float32 or uint8)
    extra: int  # addresses of further arrays, in and out, from here on: `field_of(frame, number)`


Fields = Mapping[str, Any]  # the kind of each field by its name


def is_group(kind: Any) -> bool:
    """Whether a field is a group of fields."""
    return isinstance(kind, type) and issubclass(kind, tuple)


@functools.cache
def group_fields(group: type) -> Fields:
    """The fields of a NamedTuple."""
    return get_type_hints(group)


def record_type(fields: Fields) -> types.Record:
    """The Numba type: fields one after the other, eight bytes each."""
    return numba.from_dtype(_structured(fields))


def _structured(fields: Fields) -> np.dtype:
    def own(kind: Any) -> Any:
        return _structured(group_fields(kind)) if is_group(kind) else np.float64 if kind is float else np.int64

    return np.dtype([(name, own(kind)) for name, kind in fields.items()], align=True)


def flatten(fields: Fields, values: Fields, owner: str) -> Iterator[Any]:
    """The numbers of a record in the order in which they lie, floats as the integers with the same bits.

    Raises
    ------
    SettingError
        If a field has no value, a value no field, or a group is not the one declared.
    """
    if fields.keys() != values.keys():
        unknown, missing = ", ".join(values.keys() - fields.keys()), ", ".join(fields.keys() - values.keys())
        words = [f"has no field {unknown}"] * bool(unknown) + [f"lacks {missing}"] * bool(missing)
        raise SettingError(f"{owner} {' and '.join(words)}\n  its fields are {', '.join(fields)}")
    for name, kind in fields.items():
        value = values[name]
        if is_group(kind):
            if not isinstance(value, kind):
                raise SettingError(f"{owner}: {name} is a {type(value).__name__}, not a {kind.__name__}")
            yield from flatten(group_fields(kind), value._asdict(), f"{owner}.{name}")
        else:
            yield bits(value) if kind is float else value


def bits(number: float) -> int:
    """A float64 as the int64 with the same bits."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


FRAME = record_type(group_fields(Frame))
FRAME_FIELDS = 24


@intrinsic
def frame_at(typing_context, address):
    """The frame at an address."""

    def generate(context, builder, sig, args):
        return builder.inttoptr(args[0], context.get_value_type(FRAME))

    return FRAME(types.int64), generate


@intrinsic
def field_of(typing_context, frame, number):
    """A field of the frame by its number."""

    def generate(context, builder, sig, args):
        return builder.load(builder.gep(_numbers(builder, args[0]), [args[1]]))

    return types.int64(frame, types.int64), generate


@intrinsic
def set_field(typing_context, frame, number, value):
    """Write a field of the frame by its number."""

    def generate(context, builder, sig, args):
        builder.store(args[2], builder.gep(_numbers(builder, args[0]), [args[1]]))
        return context.get_dummy_value()

    return types.void(frame, types.int64, types.int64), generate


@intrinsic
def values(typing_context, group, record):
    """A group of a step's fields as the NamedTuple that it was declared as: `values(Taps, a.taps)`."""
    kind = group.instance_class
    result = types.BaseTuple.from_types([record.typeof(name) for name in kind._fields], kind)

    def generate(context, builder, sig, args):
        getters = [context.get_getattr(record, name) for name in kind._fields]
        own = [get(context, builder, record, args[1], name) for get, name in zip(getters, kind._fields, strict=True)]
        return context.make_tuple(builder, result, own)

    return result(group, record), generate


def _numbers(builder, record):
    return builder.bitcast(record, ir.IntType(64).as_pointer())
