"""Where Winograd's sums leave the finite numbers: the tiles of a block once more, tap by tap.

The transforms add and subtract the inputs of a tile.  An infinite pixel, NaN, or numbers near the largest that float32 holds would spread
over all pixels of the tile, as NaN.  Whoever computes tiles adds their pixels up, 16 additions beside thousands; if the sum is not finite,
what follows here writes them anew, and each is the sum that the convolution's own loop gives.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.operands import Filters
from minicnn.kernels.cpu.convolution.tiles import FROM_ZERO
from minicnn.kernels.cpu.convolution.walks import FROM_BIAS_IN_MEMORY, NO_FLOOR
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, select, splat, store, total
from minicnn.kernels.cpu.program.operands import Strided
from minicnn.kernels.machine_code.compile import kernel

ZERO = np.float32(0)


@kernel
def is_finite(pixels):
    """Whether no lane is NaN or infinite, nor all together are too much."""
    summed = total(pixels)
    return summed - summed == 0


class Weighed(NamedTuple):
    """Weights (an offset into the parameters, steps, whether they are flipped), bias, and whether relu follows, among a step's arguments."""

    weight: int
    w_filter: int
    w_channel: int
    w_group: int
    flip: bool
    bias: Any
    begin: int
    rectify: bool


class Direct(NamedTuple):
    """The same for the loops: `bias` is a Strided that begins with the first filter's."""

    weight: Any
    w_group: int
    flip: bool
    bias: Any
    with_bias: bool
    floor: float


@kernel
def direct(memory, parameters, a):
    """A Direct from a step's Weighed."""
    bias = Strided(memory if a.begin == FROM_BIAS_IN_MEMORY else parameters, a.bias, 1)
    weight, floor = Filters(parameters, a.weight, a.w_channel, a.w_filter), ZERO if a.rectify != 0 else NO_FLOOR
    return Direct(weight, a.w_group, a.flip != 0, bias, a.begin != FROM_ZERO, floor)


@kernel
def write_pixel(y_at, x, weight, flip, taps, channels, rows, columns, shard, h, w, start, floor):
    """One pixel of one filter for a vector of images; (h, w) is where its first tap reads, and taps outside are left out."""
    value = splat(start)
    for c in range(channels):
        for r in range(taps):
            for s in range(taps):
                if 0 <= h + r < rows.size and 0 <= w + s < columns.size:
                    tap = taps * taps - 1 - taps * r - s if flip else taps * r + s
                    at = x.base + c * x.step + ((h + r) * columns.size + w + s) * shard
                    value = multiply_add(load(x.array, at), weight.array[weight.base + c * weight.channel + tap], value)
    store(x.array, y_at, select(value < floor, splat(floor), value))


@kernel
def write_tile(y_at, x, weight, flip, channels, rows, columns, shard, corner, side, edge, start, floor):
    """The pixels of one filter and tile that lie inside, for a vector of images; the tile begins at the pixel `corner`.

    x : Strided, by channel; y lies in the same memory
    """
    p, q = corner
    for i in range(p, min(p + edge, rows.out)):
        for j in range(q, min(q + edge, columns.out)):
            at, h, w = y_at + (i * columns.out + j) * shard, i - rows.before, j - columns.before
            write_pixel(at, x, weight, flip, side - edge + 1, channels, rows, columns, shard, h, w, start, floor)


@kernel
def write_rows(y, x, weight, flip, channels, table, offsets, side, edge, start, floor, stretch, s_at):
    """y[i, edge*tile + j] of one filter for a vector of tiles, from sorted pixels; see `few_images.transform_inputs` for the offsets.

    stretch : if above 0, y[i, j*stretch + tile] is written instead

    y, x : Strided, by row and by channel, in the same memory as the scratch at s_at
    """
    taps, m = side - edge + 1, y.array
    for i in range(edge):
        for j in range(edge):
            value = splat(start)
            for c in range(channels):
                for r in range(taps):
                    for s in range(taps):
                        tap = taps * taps - 1 - taps * r - s if flip else taps * r + s
                        pixel = load(m, x.base + c * x.step + table[offsets + (i + r) * side + j + s])
                        value = multiply_add(pixel, weight.array[weight.base + c * weight.channel + tap], value)
            store(m, s_at, select(value < floor, splat(floor), value))
            for lane in range(LANES):
                m[y.base + i * y.step + (j * stretch + lane if stretch else lane * edge + j)] = m[s_at + lane]
