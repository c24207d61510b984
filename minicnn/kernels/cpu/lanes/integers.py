"""Whole numbers in the lanes of float32 vectors, as bits: positions beyond 2**24, which a float32 cannot count, pass through `select`."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minicnn.kernels.cpu.lanes.vector import BITS, FLOAT, FLOATS, INT32, INT64, INTS, LANES, array_pointer, mask, splat_value, vector

LONGS = ir.VectorType(INT64, LANES)


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
def gather(typing_context, x, index, place, step):
    """Lane n is x[index + place * step + n], for lanes of `place` that hold whole numbers: each image looks at a place of its own."""

    def generate(context, builder, sig, args):
        def lanes_of(number):
            seed = builder.insert_element(ir.Constant(LONGS, ir.Undefined), number, ir.Constant(INT32, 0))
            return builder.shuffle_vector(seed, ir.Constant(LONGS, ir.Undefined), ir.Constant(INTS, [0] * LANES))

        base = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        places = builder.mul(builder.fptosi(args[2], LONGS), lanes_of(builder.mul(args[3], ir.Constant(INT64, 4))))
        addresses = builder.add(
            builder.add(places, ir.Constant(LONGS, [4 * n for n in range(LANES)])), lanes_of(builder.ptrtoint(base, INT64))
        )
        kinds = ir.VectorType(FLOAT.as_pointer(), LANES)
        pointers = builder.inttoptr(addresses, kinds)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(FLOATS, [kinds, INT32, BITS, FLOATS]), f"llvm.masked.gather.v{LANES}f32.v{LANES}p0"
        )
        return builder.call(function, [pointers, ir.Constant(INT32, 4), ir.Constant(BITS, [1] * LANES), ir.Constant(FLOATS, [0.0] * LANES)])

    return vector(x, types.int64, vector, types.int64), generate


@intrinsic
def same_integer(typing_context, a, b):
    """The mask of lanes whose bits are the same."""

    def generate(context, builder, sig, args):
        return builder.icmp_signed("==", *(builder.bitcast(value, INTS) for value in args))

    return mask(vector, vector), generate
