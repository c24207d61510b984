"""Lanes that change places between vectors: in a square of numbers, or in two vectors that are taken apart or joined like the halves of a
zip.

    evens(a, b)       a0 a2 a4 ... b0 b2 b4 ...         zip_low(a, b)     a0 b0 a1 b1 ...     of the first halves
    odds(a, b)        a1 a3 a5 ... b1 b3 b5 ...         zip_high(a, b)    the same of the second halves
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.lanes.vector import (
    FLOAT,
    FLOATS,
    INT64,
    INTS,
    LANES,
    array_pointer,
    load_value,
    multiply_add_function,
    splat_value,
    store_value,
    vector,
)


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


def _rows(builder, source, row):
    """LLVM values: LANES vectors that lie `row` apart."""
    return [load_value(builder, builder.gep(source, [builder.mul(row, ir.Constant(INT64, i))])) for i in range(LANES)]


def _turned(builder, rows):
    """LLVM values: rows[j][i] for rows[i][j]."""
    rows, distance = list(rows), LANES // 2
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
        for j, row in enumerate(_turned(builder, _rows(builder, source, args[5]))):
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
        for j, row in reversed(list(enumerate(_turned(builder, _rows(builder, source, args[5]))))):
            number = ir.Constant(INT64, j)
            own = builder.select(builder.icmp_signed("<", number, last), number, last)
            store_value(builder, row, builder.gep(target, [builder.mul(args[2], own)]))
        return context.get_dummy_value()

    return types.void(y, types.int64, types.int64, x, types.int64, types.int64, types.int64), generate


def _prepared(builder, place, scale, shift):
    """LLVM value: LANES pixels, float32 or uint8, times one vector plus another, rounded as often as in a loop over numbers."""
    if place.type.pointee == FLOAT:
        pixels = load_value(builder, place)
    else:
        kinds = ir.VectorType(place.type.pointee, LANES)
        pixels = builder.uitofp(builder.load(builder.bitcast(place, kinds.as_pointer()), align=1), FLOATS)
    return builder.call(multiply_add_function(builder), [pixels, scale, shift])


@intrinsic
def prepared_pixels(typing_context, images, at, scale, shift):
    """images[at + i] * scale + shift for LANES pixels of an image, float32 or uint8."""

    def generate(context, builder, sig, args):
        place = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return _prepared(builder, place, *(splat_value(builder, each) for each in args[2:]))

    return vector(images, types.int64, types.float32, types.float32), generate


@intrinsic
def turn_images(typing_context, y, y_at, y_row, images, starts, first, pixel, scale, shift):
    """y[j, i] = images[starts[first + i] + pixel + j] * scale + shift for LANES pixels of LANES images, in registers.

    images : float32 or uint8
    """
    sig = types.void(y, types.int64, types.int64, images, starts, types.int64, types.int64, types.float32, types.float32)

    def generate(context, builder, sig, args):
        target = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        source = builder.gep(array_pointer(context, builder, sig.args[3], args[3]), [args[6]])
        begins = builder.gep(array_pointer(context, builder, sig.args[4], args[4]), [args[5]])
        scale, shift = (splat_value(builder, each) for each in args[7:])
        places = [builder.gep(source, [builder.load(builder.gep(begins, [ir.Constant(INT64, i)]))]) for i in range(LANES)]
        rows = [_prepared(builder, place, scale, shift) for place in places]
        for j, row in enumerate(_turned(builder, rows)):
            store_value(builder, row, builder.gep(target, [builder.mul(args[2], ir.Constant(INT64, j))]))
        return context.get_dummy_value()

    return sig, generate
