"""Whole numbers in the lanes of float32 vectors, as bits: positions beyond 2**24, which a float32 cannot count, pass through `select`."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.lanes.vector import FLOAT, INT32, INTS, mask, splat_value, vector


@intrinsic
def splat_integer(typing_context, number):
    """Every lane the bits of the same int32; for `select`, `load` and `store`, not for arithmetic."""

    def generate(context, builder, sig, args):
        return splat_value(builder, builder.bitcast(builder.trunc(args[0], INT32), FLOAT))

    return vector(types.int64), generate


@intrinsic
def words_at(typing_context, pointer):
    """Memory of float32 seen as int32."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], ir.IntType(32).as_pointer())

    return types.CPointer(types.int32)(pointer), generate


@intrinsic
def same_integer(typing_context, a, b):
    """The mask of lanes whose bits are the same."""

    def generate(context, builder, sig, args):
        return builder.icmp_signed("==", *(builder.bitcast(value, INTS) for value in args))

    return mask(vector, vector), generate
