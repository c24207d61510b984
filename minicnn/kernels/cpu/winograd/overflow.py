"""Where Winograd's sums leave the finite numbers: the tiles of a block once more, tap by tap.

The transforms add and subtract the inputs of a tile.  An infinite pixel, NaN, or numbers near the largest that float32 holds would spread
over all pixels of the tile, as NaN.  Whoever computes tiles adds their pixels up, 16 additions beside thousands; if the sum is not finite,
what follows here writes them anew, and each is the sum that the convolution's own loop gives.
"""

from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.ending import NO_FLOOR, at_least
from minicnn.kernels.cpu.convolution.operands import Filters
from minicnn.kernels.cpu.convolution.tiles import FROM_ZERO
from minicnn.kernels.cpu.convolution.walks import FROM_BIAS_IN_MEMORY, SCALED
from minicnn.kernels.cpu.lanes.vector import LANES, load, multiply_add, splat, store, total
from minicnn.kernels.cpu.program.operands import Strided
from minicnn.kernels.machine_code.compile import kernel

ZERO, ONE = np.float32(0), np.float32(1)


@kernel
def is_finite(pixels):
    """Whether no lane is NaN or infinite, nor all together are too much."""
    summed = total(pixels)
    return summed - summed == 0


class Weighed(NamedTuple):
    """Weights (an offset into the parameters, steps, whether they are flipped), bias, and whether relu follows, among a step's arguments.

    bias, begin, added : as of a `walks.Gather`
    """

    weight: int
    w_filter: int
    w_channel: int
    w_group: int
    flip: bool
    bias: Any
    begin: int
    added: Any
    rectify: bool


class Direct(NamedTuple):
    """The same for the loops: `bias` is a Strided that begins with the first filter's, `added` as of an `Ending`."""

    weight: Any
    w_group: int
    flip: bool
    bias: Any
    begin: int
    added: int
    floor: float


class FilterEnding(NamedTuple):
    """What becomes of the sums of one filter: max(floor, sum * factor + shift), and then max(last_floor, that + added[place]).

    scaled : whether the shift comes with a factor; else it is a bias, which sums may as well begin with
    added : as of an `Ending`
    """

    factor: float
    shift: float
    scaled: bool
    floor: float
    added: int
    last_floor: float


@kernel
def direct(memory, parameters, a, added):
    """A Direct from a step's Weighed; `added` as of an `Ending`."""
    in_memory, step = a.begin == FROM_BIAS_IN_MEMORY or a.begin == SCALED, 2 if a.begin == SCALED else 1
    bias = Strided(memory if in_memory else parameters, a.bias, step)
    weight, floor = Filters(parameters, a.weight, a.w_channel, a.w_filter), ZERO if a.rectify != 0 else NO_FLOOR
    return Direct(weight, a.w_group, a.flip != 0, bias, a.begin, added, floor)


@kernel
def filter_ending(own, k):
    """The FilterEnding of filter k, from a Direct."""
    at, floor = own.bias.base + k * own.bias.step, own.floor if own.added == 0 else NO_FLOOR
    if own.begin == SCALED:
        return FilterEnding(own.bias.array[at], own.bias.array[at + 1], True, floor, own.added, own.floor)
    return FilterEnding(ONE, own.bias.array[at] if own.begin != FROM_ZERO else ZERO, False, floor, own.added, own.floor)


@kernel
def ended(value, end):
    """A vector of sums after their FilterEnding, but for what is added; times a factor of 1 they are as they were."""
    return at_least(end.floor, multiply_add(value, end.factor, end.shift))


@kernel
def ended_all(y, y_at, value, end):
    """The same with what is added, of sums that have begun with a bias."""
    if end.scaled:
        value = multiply_add(value, end.factor, end.shift)
    if end.added != 0:
        return at_least(end.last_floor, value + load(y, y_at + end.added))
    return at_least(end.floor, value)


@kernel
def add_tile(y, y_at, rows, columns, shard, corner, edge, end):
    """What is added to a tile of one filter for a vector of images, whose sums are written.

    In the loop that computes them it would cost more, also where there is none: the steps of 16 images of ResNet-20 that write outputs take
    1.7 milliseconds, and would take 2.1.
    """
    p, q = corner
    for i in range(p, min(p + edge, rows.out)):
        for j in range(q, min(q + edge, columns.out)):
            at = y_at + (i * columns.out + j) * shard
            store(y, at, at_least(end.last_floor, load(y, at) + load(y, at + end.added)))


@kernel
def write_pixel(y_at, x, weight, flip, taps, channels, rows, columns, shard, h, w, end):
    """One pixel of one filter for a vector of images; (h, w) is where its first tap reads, and taps outside are left out."""
    value = splat(ZERO if end.scaled else end.shift)
    for c in range(channels):
        for r in range(taps):
            for s in range(taps):
                if 0 <= h + r < rows.size and 0 <= w + s < columns.size:
                    tap = taps * taps - 1 - taps * r - s if flip else taps * r + s
                    at = x.base + c * x.step + ((h + r) * columns.size + w + s) * shard
                    value = multiply_add(load(x.array, at), weight.array[weight.base + c * weight.channel + tap], value)
    store(x.array, y_at, ended_all(x.array, y_at, value, end))


@kernel
def write_tile(y_at, x, weight, flip, channels, rows, columns, shard, corner, side, edge, end):
    """The pixels of one filter and tile that lie inside, for a vector of images; the tile begins at the pixel `corner`.

    x : Strided, by channel; y lies in the same memory
    """
    p, q = corner
    for i in range(p, min(p + edge, rows.out)):
        for j in range(q, min(q + edge, columns.out)):
            at, h, w = y_at + (i * columns.out + j) * shard, i - rows.before, j - columns.before
            write_pixel(at, x, weight, flip, side - edge + 1, channels, rows, columns, shard, h, w, end)


@kernel
def write_rows(y, x, weight, flip, channels, table, offsets, side, edge, end, stretch, s_at):
    """y[i, edge*tile + j] of one filter for a vector of tiles, from sorted pixels; see `few_images.transform_inputs` for the offsets.

    stretch : if above 0, y[i, j*stretch + tile] is written instead

    y, x : Strided, by row and by channel, in the same memory as the scratch at s_at
    """
    taps, m = side - edge + 1, y.array
    for i in range(edge):
        for j in range(edge):
            value = splat(ZERO if end.scaled else end.shift)
            for c in range(channels):
                for r in range(taps):
                    for s in range(taps):
                        tap = taps * taps - 1 - taps * r - s if flip else taps * r + s
                        pixel = load(m, x.base + c * x.step + table[offsets + (i + r) * side + j + s])
                        value = multiply_add(pixel, weight.array[weight.base + c * weight.channel + tap], value)
            store(m, s_at, ended_all(m, s_at, value, end))
            for lane in range(LANES):
                m[y.base + i * y.step + (j * stretch + lane if stretch else lane * edge + j)] = m[s_at + lane]
