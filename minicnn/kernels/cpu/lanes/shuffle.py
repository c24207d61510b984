"""Lanes that change places between vectors: in a square of numbers, or in two vectors that are taken apart or joined like the halves of a
zip.

    evens(a, b)       a0 a2 a4 ... b0 b2 b4 ...         zip_low(a, b)     a0 b0 a1 b1 ...     of the first halves
    odds(a, b)        a1 a3 a5 ... b1 b3 b5 ...         zip_high(a, b)    the same of the second halves
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.lanes.vector import INT64, INTS, LANES, array_pointer, load_value, store_value, vector


def make_shuffle(lanes: list[int], meaning: str):
    """Build a function of two vectors whose lane n is number lanes[n] of both, one behind the other."""

    @intrinsic
    def shuffle(typing_context, a, b):
        def generate(context, builder, sig, args):
            return builder.shuffle_vector(args[0], args[1], ir.Constant(INTS, lanes))

        return vector(vector, vector), generate

    shuffle.__doc__ = meaning
    return shuffle


evens = make_shuffle([2 * n for n in range(LANES)], "The lanes of even number of a, then of b.")
odds = make_shuffle([2 * n + 1 for n in range(LANES)], "The lanes of odd number of a, then of b.")
zip_low = make_shuffle([n // 2 + n % 2 * LANES for n in range(LANES)], "The first lanes of a and b in turn.")
zip_high = make_shuffle([(LANES + n) // 2 + n % 2 * LANES for n in range(LANES)], "The last lanes of a and b in turn.")


def _transposed(builder, source, row):
    """LANES rows of a square, `row` apart, after log2(LANES) rounds in which pairs of rows swap halves."""
    rows = [load_value(builder, builder.gep(source, [builder.mul(row, ir.Constant(INT64, i))])) for i in range(LANES)]
    distance = LANES // 2
    while distance:
        low = [(lane // distance % 2) * (LANES - distance) + lane for lane in range(LANES)]
        # a row keeps the half that is its own and takes its partner's other half
        for i in range(LANES):
            if i // distance % 2 == 0:
                a, b = rows[i], rows[i + distance]
                rows[i] = builder.shuffle_vector(a, b, ir.Constant(INTS, low))
                rows[i + distance] = builder.shuffle_vector(a, b, ir.Constant(INTS, [lane + distance for lane in low]))
        distance //= 2
    return rows


@intrinsic
def transpose_square(typing_context, y, y_at, y_row, x, x_at, x_row):
    """y[j, i] = x[i, j] for LANES x LANES numbers, in registers.

    Rows of x lie `x_row` apart, rows of y `y_row`.
    """

    def generate(context, builder, sig, args):
        source = builder.gep(array_pointer(context, builder, sig.args[3], args[3]), [args[4]])
        target = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        for j, row in enumerate(_transposed(builder, source, args[5])):
            store_value(builder, row, builder.gep(target, [builder.mul(args[2], ir.Constant(INT64, j))]))
        return context.get_dummy_value()

    return types.void(y, types.int64, types.int64, x, types.int64, types.int64), generate


@intrinsic
def transpose_columns(typing_context, y, y_at, y_row, x, x_at, x_row, columns):
    """The same for LANES x columns numbers, 0 < columns <= LANES; what lies behind the columns is read, but has no row in y."""

    def generate(context, builder, sig, args):
        source = builder.gep(array_pointer(context, builder, sig.args[3], args[3]), [args[4]])
        target = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        last = builder.sub(args[6], ir.Constant(INT64, 1))
        # from the last on: surplus rows go where the last one of the columns is written over them
        for j, row in reversed(list(enumerate(_transposed(builder, source, args[5])))):
            number = ir.Constant(INT64, j)
            own = builder.select(builder.icmp_signed("<", number, last), number, last)
            store_value(builder, row, builder.gep(target, [builder.mul(args[2], own)]))
        return context.get_dummy_value()

    return types.void(y, types.int64, types.int64, x, types.int64, types.int64, types.int64), generate
