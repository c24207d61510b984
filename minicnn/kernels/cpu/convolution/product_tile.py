"""A register tile for products of matrices that the kernels have laid out for it.

The gather tile finds its numbers through tables, row by row.  Where sums are short, Winograd's over 16 channels, say, that costs as much as
the sums.  Here the weights of a tile lie side by side, so one pointer serves them all, and nothing is looked up.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.convolution.tiles import (
    FEW_FILTERS,
    I64,
    TILE_FILTERS,
    TILE_VECTORS,
    accumulator_block,
    after,
    loop,
    multiply_add_into,
)
from minicnn.kernels.cpu.lanes.vector import (
    FLOATS,
    INT64,
    LANES,
    array_pointer,
    load_value,
    multiply_add_function,
    splat_value,
    store_value,
)
from minicnn.kernels.machine_code.compile import kernel


def make_product_tile(filters: int, vectors: int):
    """Build the tile for `filters` x `vectors`."""

    @intrinsic
    def product_tile(typing_context, y, y_base, y_filter, x, x_base, x_channel, weight, w_base, channels):
        """y[filter, vector] = sum over channels c of weight[c, filter] * x[c, vector].

        Addresses, in elements:  y       y_base + filter*y_filter + vector*LANES
                                 x       x_base + c*x_channel + vector*LANES
                                 weight  w_base + c*filters + filter
        """
        sig = types.void(y, I64, I64, x, I64, I64, weight, I64, I64)

        def generate(context, builder, sig, args):
            def base(array, offset):
                return builder.gep(array_pointer(context, builder, sig.args[array], args[array]), [args[offset]])

            def constant(value):
                return ir.Constant(INT64, value)

            multiply_add = multiply_add_function(builder)
            block = accumulator_block(builder, filters, vectors)
            for row in block:
                for accumulator in row:
                    builder.store(ir.Constant(FLOATS, [0.0] * LANES), accumulator)
            x_start, w_start = base(3, 4), base(6, 7)
            with loop(builder, constant(0), args[8]) as c:
                x_row = builder.gep(x_start, [builder.mul(c, args[5])])
                inputs = [load_value(builder, builder.gep(x_row, [constant(v * LANES)])) for v in range(vectors)]
                w_at = builder.mul(c, constant(filters))
                for k, row in enumerate(block):
                    scalar = splat_value(builder, builder.load(builder.gep(w_start, [builder.add(w_at, constant(k))])))
                    for accumulator, value in zip(row, inputs, strict=True):
                        multiply_add_into(builder, multiply_add, accumulator, scalar, value)
                    w_at = after(builder, row, w_at)
            y_row = base(0, 1)
            for row in block:
                for v, accumulator in enumerate(row):
                    store_value(builder, builder.load(accumulator), builder.gep(y_row, [constant(v * LANES)]))
                y_row = builder.gep(y_row, [args[2]])
            return context.get_dummy_value()

        return sig, generate

    return product_tile


product_tile = make_product_tile(TILE_FILTERS, TILE_VECTORS)
product_tile_few_filters = make_product_tile(FEW_FILTERS, TILE_VECTORS)


def padded_filters(filters: int) -> int:
    """Filters of whole tiles."""
    whole = filters // TILE_FILTERS * TILE_FILTERS
    left = filters - whole
    return whole + (0 if left == 0 else FEW_FILTERS if left <= FEW_FILTERS else TILE_FILTERS)


@kernel
def product(y, y_at, y_filter, x, x_at, x_channel, vectors, weight, w_at, filters, channels):
    """y[k, vector] = sum over c of weight[k, c] * x[c, vector].

    vectors : a multiple of TILE_VECTORS
    filters : those of whole tiles, `padded_filters`
    weight : the filters of a tile side by side, then the next channel; then the next tile
    """
    for v in range(0, vectors, TILE_VECTORS):
        k = 0
        while k < filters:
            own = y_at + k * y_filter + v * LANES
            if filters - k >= TILE_FILTERS:
                product_tile(y, own, y_filter, x, x_at + v * LANES, x_channel, weight, w_at + k * channels, channels)
                k += TILE_FILTERS
            else:
                product_tile_few_filters(y, own, y_filter, x, x_at + v * LANES, x_channel, weight, w_at + k * channels, channels)
                k += FEW_FILTERS
