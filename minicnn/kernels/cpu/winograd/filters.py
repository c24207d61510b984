"""Winograd's filters: G g G^T of every filter and channel, once for all tiles; see `winograd.py`.

A network in use gets the same weights call after call.  Where their transforms are kept, so are the weights that they were made from, and
a tile of filters is transformed again where a bit of them is another.  To compare takes the time of reading both: for one image of
ResNet-18, 0.14 instead of 0.56 of 8.8 milliseconds.
"""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.convolution.operands import Filters
from minicnn.kernels.cpu.convolution.tiles import TILE_FILTERS
from minicnn.kernels.cpu.lanes.integers import same_integer
from minicnn.kernels.cpu.lanes.plane_transfer import copy_numbers
from minicnn.kernels.cpu.lanes.shuffle import transpose_square
from minicnn.kernels.cpu.lanes.vector import LANES, load, load_first, select, splat, store, store_first, total
from minicnn.kernels.cpu.program.atomics import whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step

_f = np.float32
ZERO, ONE, MINUS, HALF = _f(0), _f(1), _f(-1), _f(0.5)
QUARTER, SIXTH, TWELFTH, TWENTY_FOURTH = _f(1 / 4), _f(1 / 6), _f(1 / 12), _f(1 / 24)
THIRD, TWO_THIRDS = _f(1 / 3), _f(2 / 3)
MOST_TAPS = 25
TURNED_ROWS = -(-MOST_TAPS // LANES) * LANES  # of squares, of which the first rows are taps
NOT_KEPT = -1  # in place of where the weights lie that were transformed last


@kernel
def filter_to_four(g0, g1, g2):
    """G g for m = 2."""
    outer, inner = (g0 + g2) * HALF, g1 * HALF
    return g0, outer + inner, outer - inner, g2


@kernel
def filter_to_six(g0, g1, g2):
    """G g for m = 4."""
    outer, inner = (g0 + g2) * SIXTH, g1 * SIXTH
    wide, narrow = g0 * TWENTY_FOURTH + g2 * SIXTH, g1 * TWELFTH
    return g0 * QUARTER, (outer + inner) * MINUS, inner - outer, wide + narrow, wide - narrow, g2


@kernel
def five_to_six(g0, g1, g2, g3, g4):
    """G g for m = 2 and filters of 5x5."""
    even, odd = (g0 + g2 + g4) * SIXTH, (g1 + g3) * SIXTH
    wide, narrow = g0 * TWENTY_FOURTH + g2 * SIXTH + g4 * TWO_THIRDS, g1 * TWELFTH + g3 * THIRD
    return g0 * QUARTER, (even + odd) * MINUS, odd - even, wide + narrow, wide - narrow, g4


@kernel
def differ(memory, place, weight, at, count):
    """Whether weight[at:at + count] has a bit that memory[place:place + count] has not."""
    found = splat(ZERO)
    for i in range(0, count, LANES):
        now, then = load_first(weight, at + i, count - i), load_first(memory, place + i, count - i)
        found += select(same_integer(now, then), splat(ZERO), splat(ONE))
    return total(found) > ZERO


class GroupOfFilters(NamedTuple):
    """The filters of a group.

    filters, all_filters : how many there are, and those of whole tiles; the ones too many are zeros
    side, taps : pixels of a tile's inputs, and taps of a filter, along an axis
    """

    channels: int
    filters: int
    all_filters: int
    side: int
    taps: int
    flip: bool


@kernel
def transform_filters(u_at, weight, own, first, stop, scratch, s_at, known):
    """u[i, j, k, c] = (G g[k,c] G^T)[i, j] for the tiles of `product` first <= tile < stop, laid out for it.

    weight : Filters;  own : GroupOfFilters
    scratch, s_at : the memory that u lies in too; a square of LANES x LANES, TURNED_ROWS vectors, taps*side vectors
    known : where in it the weights lie that u was made from, filter after filter, or NOT_KEPT
    """
    channels, filters, all_filters, side, taps, flip = own
    area, plane = taps * taps, all_filters * channels
    size = area * channels
    turned = s_at + LANES * LANES
    half = turned + TURNED_ROWS * LANES
    for tile in range(first, stop):
        k = tile * TILE_FILTERS
        breadth = min(TILE_FILTERS, all_filters - k)
        if known != NOT_KEPT:
            same = True
            for j in range(k, min(k + breadth, filters)):
                same = same and not differ(scratch, known + j * size, weight.array, weight.base + j * weight.step, size)
            if same:
                continue
        numbers = breadth * channels
        for i in range(0, numbers, LANES):
            left = numbers - i
            # filters of a channel as rows; turned, a row is a tap and a lane a filter of a channel
            for tap in range(0, area, LANES):
                for lane in range(LANES):
                    c, j = (i + lane) // breadth, (i + lane) % breadth
                    begin = weight.base + (k + j) * weight.step + c * weight.channel + tap
                    count = min(LANES, area - tap) if lane < left and k + j < filters else 0
                    store(scratch, s_at + lane * LANES, load_first(weight.array, begin, count))
                transpose_square(scratch, turned + tap * LANES, LANES, scratch, s_at, LANES)
            for s in range(taps):
                tap, down = (turned + (area - 1 - s) * LANES, -taps * LANES) if flip else (turned + s * LANES, taps * LANES)
                g0, g1, g2 = load(scratch, tap), load(scratch, tap + down), load(scratch, tap + 2 * down)
                if side == 4:
                    t0, t1, t2, t3 = filter_to_four(g0, g1, g2)
                else:
                    if taps == 3:
                        t0, t1, t2, t3, t4, t5 = filter_to_six(g0, g1, g2)
                    else:
                        t0, t1, t2, t3, t4, t5 = five_to_six(g0, g1, g2, load(scratch, tap + 3 * down), load(scratch, tap + 4 * down))
                    store(scratch, half + (4 * taps + s) * LANES, t4)
                    store(scratch, half + (5 * taps + s) * LANES, t5)
                store(scratch, half + s * LANES, t0)
                store(scratch, half + (taps + s) * LANES, t1)
                store(scratch, half + (2 * taps + s) * LANES, t2)
                store(scratch, half + (3 * taps + s) * LANES, t3)
            for j in range(side):
                at = half + taps * j * LANES
                target = u_at + j * side * plane + k * channels + i
                h0, h1, h2 = load(scratch, at), load(scratch, at + LANES), load(scratch, at + 2 * LANES)
                if side == 4:
                    t0, t1, t2, t3 = filter_to_four(h0, h1, h2)
                else:
                    if taps == 3:
                        t0, t1, t2, t3, t4, t5 = filter_to_six(h0, h1, h2)
                    else:
                        t0, t1, t2, t3, t4, t5 = five_to_six(h0, h1, h2, load(scratch, at + 3 * LANES), load(scratch, at + 4 * LANES))
                    store_first(scratch, target + 4 * plane, t4, left)
                    store_first(scratch, target + 5 * plane, t5, left)
                store_first(scratch, target, t0, left)
                store_first(scratch, target + plane, t1, left)
                store_first(scratch, target + 2 * plane, t2, left)
                store_first(scratch, target + 3 * plane, t3, left)
        for j in range(k, min(k + breadth, filters) if known != NOT_KEPT else k):  # the last to be written, should this be interrupted
            copy_numbers(scratch, known + j * size, weight.array, weight.base + j * weight.step, size)


# A step.


@step("u weight w_filter w_channel w_group groups channels filters all_filters side taps flip scratch scratch_size known", splits=True)
def winograd_filters_step(memory, parameters, table, a, frame):
    """Once for all shards, so that all places are in memory, none in an arena; each part has `scratch_size` elements of its own.

    channels, filters : those of one group;  all_filters : those of whole tiles
    known : the weights of the last call, or NOT_KEPT; kept, a filter's numbers lie side by side
    """
    m, w = whole_array(memory), whole_array(parameters)
    first, stop = share((a.all_filters + TILE_FILTERS - 1) // TILE_FILTERS, frame)
    s_at = a.scratch + frame.part * a.scratch_size
    own = GroupOfFilters(a.channels, a.filters, a.all_filters, a.side, a.taps, a.flip != 0)
    for group in range(a.groups):
        weight = Filters(w, a.weight + group * a.w_group, a.w_channel, a.w_filter)
        u_at = a.u + group * a.side * a.side * a.all_filters * a.channels
        known = a.known + group * a.taps * a.taps * a.channels * a.filters if a.known != NOT_KEPT else NOT_KEPT
        transform_filters(u_at, weight, own, first, stop, m, s_at, known)
