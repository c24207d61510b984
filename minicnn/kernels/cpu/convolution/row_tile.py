"""A register tile for sums of many long rows: the rows stream past once, the sums stay in the first-level cache.

    sums[n, i] += sum over rows of factors[row, n] * x[row, i]

Eight rows are read side by side, because a memory that is asked for eight streams at once answers faster than for one: 33 instead of
21 GB/s on one thread.  A piece of them serves two images at a time, so that they are read from memory for the first pair alone.
"""

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.convolution.operands import placed
from minicnn.kernels.cpu.convolution.tiles import loop
from minicnn.kernels.cpu.lanes.vector import (
    INT64,
    LANES,
    first_lanes,
    load_masked,
    load_value,
    multiply_add_function,
    splat_value,
    store_value,
)
from minicnn.kernels.cpu.program.operands import moved
from minicnn.kernels.machine_code.compile import kernel

ROWS = 8
PIECE = 512  # numbers of a row that pass over all images: eight rows and the sums of two images fill half of the first-level cache


def make_row_tile(rows: int, images: int):
    """Build the tile for so many rows and images."""

    @intrinsic
    def row_tile(typing_context, sums, x, factors, size):
        """sums[image, i] += sum over rows of factors[row, image] * x[row, i], for i < size.

        Of `sums` whole vectors are read and written, of `x` nothing beyond `size`.  Addresses, in elements:

            sums : Strided      sums.base + image*sums.step + i
            x : Strided         x.base + row*x.step + i
            factors : Factors   factors.base + row*factors.row + image*factors.image
        """
        sig = types.void(sums, x, factors, types.int64)

        def generate(context, builder, sig, args):
            sums, x, factors = (placed(context, builder, sig.args[n], args[n]) for n in range(3))

            def places(first, count, step):
                return [builder.gep(first, [builder.mul(step, ir.Constant(INT64, n))]) for n in range(count)]

            targets, sources = places(sums.array, images, sums.step), places(x.array, rows, x.step)
            numbers = [
                [builder.load(own) for own in places(place, images, factors.image)] for place in places(factors.array, rows, factors.row)
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

            size = args[3]
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


class Factors(NamedTuple):
    """A number for each row and image."""

    array: Any
    base: int
    row: int
    image: int


row_tile = make_row_tile(ROWS, 1)
row_tile_two_images = make_row_tile(ROWS, 2)
row_tile_one_row = make_row_tile(1, 1)


@kernel(inline=True)
def at_row(factors, row, image):
    """Factors that begin with a row and an image."""
    return Factors(factors.array, factors.base + row * factors.row + image * factors.image, factors.row, factors.image)


@kernel
def add_rows(sums, images, x, rows, size, factors):
    """sums[n, i] += sum over `rows` rows of factors[row, n] * x[row, i], for i < size and n < images; the groups are the tile's."""
    whole = rows // ROWS * ROWS
    for row in range(0, whole, ROWS):
        for i in range(0, size, PIECE):
            some, source = min(PIECE, size - i), moved(x, row * x.step + i)
            for n in range(0, images // 2 * 2, 2):
                row_tile_two_images(moved(sums, n * sums.step + i), source, at_row(factors, row, n), some)
            if images % 2 == 1:
                n = images - 1
                row_tile(moved(sums, n * sums.step + i), source, at_row(factors, row, n), some)
    for row in range(whole, rows):
        for n in range(images):
            row_tile_one_row(moved(sums, n * sums.step), moved(x, row * x.step), at_row(factors, row, n), size)
