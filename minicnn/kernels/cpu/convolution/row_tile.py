"""A register tile for sums of many long rows: the rows stream past once, the sums stay in the first-level cache.

    sums[n, i] += sum over rows of factors[row, n] * x[row, i]

Eight rows are read side by side, because a memory that is asked for eight streams at once answers faster than for one: 33 instead of
21 GB/s on one thread.  A piece of them serves two images at a time, so that they are read from memory for the first pair alone.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.convolution.tiles import loop
from minicnn.kernels.cpu.lanes.vector import (
    INT64,
    LANES,
    array_pointer,
    first_lanes,
    load_masked,
    load_value,
    multiply_add_function,
    splat_value,
    store_value,
)
from minicnn.kernels.machine_code.compile import kernel

ROWS = 8
PIECE = 512  # numbers of a row that pass over all images: eight rows and the sums of two images fill half of the first-level cache

I64 = types.int64


def make_row_tile(rows: int, images: int):
    """Build the tile for so many rows and images."""

    @intrinsic
    def row_tile(typing_context, sums, s_base, s_image, x, x_base, x_row, factors, f_base, f_row, f_image, size):
        """sums[image, i] += sum over rows of factors[row, image] * x[row, i], for i < size.

        Of `sums` whole vectors are read and written, of `x` nothing beyond `size`.  Addresses, in elements:

            sums      s_base + image*s_image + i
            x         x_base + row*x_row + i
            factors   f_base + row*f_row + image*f_image
        """
        sig = types.void(sums, I64, I64, x, I64, I64, factors, I64, I64, I64, I64)

        def generate(context, builder, sig, args):
            def places(array, count, step):
                first = builder.gep(array_pointer(context, builder, sig.args[array], args[array]), [args[array + 1]])
                return [builder.gep(first, [builder.mul(args[step], ir.Constant(INT64, n))]) for n in range(count)]

            targets, sources = places(0, images, 2), places(3, rows, 5)
            numbers = [
                [builder.load(builder.gep(place, [builder.mul(args[9], ir.Constant(INT64, n))])) for n in range(images)]
                for place in places(6, rows, 8)
            ]
            scalars = [[splat_value(builder, number) for number in row] for row in numbers]
            multiply_add = multiply_add_function(builder)

            def add(at, read):
                own = [builder.gep(target, [at]) for target in targets]
                totals = [load_value(builder, place) for place in own]
                for source, row in zip(sources, scalars, strict=True):
                    values = read(builder.gep(source, [at]))
                    totals = [builder.call(multiply_add, [scalar, values, total]) for scalar, total in zip(row, totals, strict=True)]
                for place, total in zip(own, totals, strict=True):
                    store_value(builder, total, place)

            size = args[10]
            rest = builder.srem(size, ir.Constant(INT64, LANES))
            whole = builder.sub(size, rest)
            with loop(builder, ir.Constant(INT64, 0), whole, LANES) as i:
                add(i, lambda place: load_value(builder, place))
            with builder.if_then(builder.icmp_signed(">", rest, ir.Constant(INT64, 0))):
                mask = first_lanes(builder, rest)
                add(whole, lambda place: load_masked(builder, place, mask))
            return context.get_dummy_value()

        return sig, generate

    return row_tile


row_tile = make_row_tile(ROWS, 1)
row_tile_two_images = make_row_tile(ROWS, 2)
row_tile_one_row = make_row_tile(1, 1)


@kernel
def add_rows(sums, s_at, s_image, images, x, x_at, x_row, rows, size, factors, f_at, f_row, f_image):
    """sums[n, i] += sum over `rows` rows of factors[row, n] * x[row, i], for i < size and n < images; addresses as the tile has them."""
    whole = rows // ROWS * ROWS
    for row in range(0, whole, ROWS):
        for i in range(0, size, PIECE):
            some, source, factor = min(PIECE, size - i), x_at + row * x_row + i, f_at + row * f_row
            for n in range(0, images // 2 * 2, 2):
                row_tile_two_images(
                    sums, s_at + n * s_image + i, s_image, x, source, x_row, factors, factor + n * f_image, f_row, f_image, some
                )
            if images % 2 == 1:
                n = images - 1
                row_tile(sums, s_at + n * s_image + i, s_image, x, source, x_row, factors, factor + n * f_image, f_row, f_image, some)
    for row in range(whole, rows):
        for n in range(images):
            row_tile_one_row(
                sums,
                s_at + n * s_image,
                s_image,
                x,
                x_at + row * x_row,
                x_row,
                factors,
                f_at + row * f_row + n * f_image,
                f_row,
                f_image,
                size,
            )
