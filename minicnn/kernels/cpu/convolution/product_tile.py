"""A register tile for products of matrices that the kernels have laid out for it.

The gather tile finds its numbers through tables, row by row.  Where sums are short, Winograd's over 16 channels, say, that costs as much as
the sums.  Here the weights of a tile lie side by side, so one pointer serves them all, and nothing is looked up.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from minicnn.kernels.cpu.convolution.operands import placed
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
    load_value,
    multiply_add_function,
    splat_value,
    store_value,
)
from minicnn.kernels.cpu.program.operands import Strided
from minicnn.kernels.machine_code.compile import kernel


def make_product_tile(filters: int, vectors: int):
    """Build the tile for `filters` x `vectors`."""

    @intrinsic
    def product_tile(typing_context, y, x, weight, channels):
        """y[filter, vector] = sum over channels c of weight[c, filter] * x[c, vector].

        Addresses, in elements:

            y : Strided         y.base + filter*y.step + vector*LANES
            x : Strided         x.base + c*x.step + vector*LANES
            weight : Strided    weight.base + c*filters + filter
        """
        sig = types.void(y, x, weight, I64)

        def generate(context, builder, sig, args):
            y, x, weight = (placed(context, builder, sig.args[n], args[n]) for n in range(3))

            def constant(value):
                return ir.Constant(INT64, value)

            multiply_add = multiply_add_function(builder)
            block = accumulator_block(builder, filters, vectors)
            for row in block:
                for accumulator in row:
                    builder.store(ir.Constant(FLOATS, [0.0] * LANES), accumulator)
            with loop(builder, constant(0), args[3]) as c:
                x_row = builder.gep(x.array, [builder.mul(c, x.step)])
                inputs = [load_value(builder, builder.gep(x_row, [constant(v * LANES)])) for v in range(vectors)]
                w_at = builder.mul(c, constant(filters))
                for k, row in enumerate(block):
                    scalar = splat_value(builder, builder.load(builder.gep(weight.array, [builder.add(w_at, constant(k))])))
                    for accumulator, value in zip(row, inputs, strict=True):
                        multiply_add_into(builder, multiply_add, accumulator, scalar, value)
                    w_at = after(builder, row, w_at)
            y_row = y.array
            for row in block:
                for v, accumulator in enumerate(row):
                    store_value(builder, builder.load(accumulator), builder.gep(y_row, [constant(v * LANES)]))
                y_row = builder.gep(y_row, [y.step])
            return context.get_dummy_value()

        return sig, generate

    return product_tile


product_tile = make_product_tile(TILE_FILTERS, TILE_VECTORS)
product_tile_few_filters = make_product_tile(FEW_FILTERS, TILE_VECTORS)
product_tile_two_vectors = make_product_tile(TILE_FILTERS, 2)
product_tile_two_of_few = make_product_tile(FEW_FILTERS, 2)
product_tile_one_vector = make_product_tile(TILE_FILTERS, 1)
product_tile_one_of_few = make_product_tile(FEW_FILTERS, 1)


def padded_filters(filters: int) -> int:
    """Filters of whole tiles."""
    whole = filters // TILE_FILTERS * TILE_FILTERS
    left = filters - whole
    return whole + (0 if left == 0 else FEW_FILTERS if left <= FEW_FILTERS else TILE_FILTERS)


@kernel
def product(y, x, vectors, weight, filters, channels):
    """y[k, vector] = sum over c of weight[k, c] * x[c, vector].

    y, x : Strided, by filter and by channel
    vectors : of the last TILE_VECTORS, those beyond one or two are written as well
    weight : Strided, the filters of a tile side by side, then the next channel; then the next tile
    filters : those of whole tiles, `padded_filters`
    """
    for v in range(0, vectors, TILE_VECTORS):
        source = Strided(x.array, x.base + v * LANES, x.step)
        k = 0
        while k < filters:
            own, weights = Strided(y.array, y.base + k * y.step + v * LANES, y.step), Strided(weight.array, weight.base + k * channels, 0)
            if filters - k >= TILE_FILTERS:
                if vectors - v == 1:
                    product_tile_one_vector(own, source, weights, channels)
                elif vectors - v == 2:
                    product_tile_two_vectors(own, source, weights, channels)
                else:
                    product_tile(own, source, weights, channels)
                k += TILE_FILTERS
            else:
                if vectors - v == 1:
                    product_tile_one_of_few(own, source, weights, channels)
                elif vectors - v == 2:
                    product_tile_two_of_few(own, source, weights, channels)
                else:
                    product_tile_few_filters(own, source, weights, channels)
                k += FEW_FILTERS
